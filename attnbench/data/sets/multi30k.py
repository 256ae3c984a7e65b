"""Multi30k (Elliott et al. 2016): image descriptions, raw text, from data.root or downloaded into the cache folder."""

from dataclasses import dataclass
from typing import Literal

from attnbench.config import DataConfig
from attnbench.data.parallel import ParallelText, Paths, file_names, local_or_downloaded

_FOLDER = "https://raw.githubusercontent.com/multi30k/dataset/a3d2e0d26b56f3846f66a952536ffed4e401d05a/data/task1/raw"

DIGESTS = {
    "train.de": "2c2b73fd2b548fbcde3a875e0a78d6ee94d498bfdee6bd3eae3945779e9ddf72",
    "train.en": "460a15fbd157e34a7a9957ee388c1ca247fe47af3ef25fb50442af6c274e0fc6",
    "val.de": "660e09eb7e1da2f856ea13ee5ad3cf6d36b3d5b0b733c857e94c5747a3dfc660",
    "val.en": "1f2a23d992769b5b3d209b0a10dd0b77c08cceb1f20dfb97ed0aafa49d107227",
    "test_2016_flickr.de": "4be6b5b3236b79c25475c6bb829800a7ce559e9ba7a1f6c2394fe4d40be46d16",
    "test_2016_flickr.en": "399a4382932c1aadd3ceb9bef1008d388a64c76d4ae4e9d4728c6f4301cac182",
}
"""sha256 of the uncompressed text. The other files are pinned by the commit in the address alone: nobody has checked
their digests yet."""


@dataclass(frozen=True)
class Multi30kOptions:
    """`test` names the test set."""

    test: Literal["test_2016_flickr", "test_2017_flickr", "test_2017_mscoco", "test_2018_flickr"]


def find(config: DataConfig, options: Multi30kOptions, *, folder: str = _FOLDER) -> Paths:
    """The files of the training, the validation and the chosen test set; `folder` is their address."""
    names = file_names(config, {"train": "train", "valid": "val", "test": options.test})
    return {
        role: local_or_downloaded(f"{folder}/{name}.gz", config, sha256=DIGESTS.get(name))
        for role, name in names.items()
    }


LOADER = ParallelText(Multi30kOptions, find, languages=("cs", "de", "en", "fr"))
