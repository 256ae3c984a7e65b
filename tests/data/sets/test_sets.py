"""What every data set of conf/data/ and every loader has to do."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from attnbench.config import DataConfig
from attnbench.data.generated import Generated
from attnbench.data.parallel import ParallelText
from attnbench.data.sets import LOADERS, find_loader
from attnbench.mapping import build

FOLDER = Path(__file__).parents[3] / "conf" / "data"
NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml"))


@pytest.mark.parametrize("name", NAMES)
def test_a_data_set_is_named_after_its_yaml_and_names_a_loader(
    name: str, configured: Callable[..., DataConfig]
) -> None:
    config = configured(name)
    assert config.name == name
    assert config.loader in LOADERS


def test_every_loader_has_a_data_set(configured: Callable[..., DataConfig]) -> None:
    assert {configured(name).loader for name in NAMES} == set(LOADERS)


@pytest.mark.parametrize("name", LOADERS)
def test_every_loader_generates_or_reads_text(name: str) -> None:
    assert isinstance(find_loader(name), Generated | ParallelText)


def test_a_new_data_set_needs_its_name_its_loader_and_its_languages(
    compose: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    """The other values are those of conf/config.yaml."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "mine.yaml").write_text(
        "name: mine\nloader: hansards\nsource_language: de\ntarget_language: nl\n"
    )
    config = build(DataConfig, compose("data=mine", config_dir=tmp_path)["data"], "data.")
    assert (config.name, config.loader, config.source_language, config.target_language) == (
        "mine",
        "hansards",
        "de",
        "nl",
    )
    assert (config.root, config.cache_dir, config.match_pairs, config.options) == (None, None, None, {})
    assert (config.lowercase, config.bleu_tokenizer, config.seed) == (False, "13a", 1)
    assert vars(config.subwords) == {"kind": "sentencepiece", "model": "bpe", "size": 8000, "joint": False}
