"""The real corpora, where ATTNBENCH_CORPORA names a folder that holds multi30k/ and hansards/."""

from collections.abc import Callable
from pathlib import Path

import pytest

from attnbench.config import DataConfig
from attnbench.data import check, digests, load, plan_batches
from attnbench.data.sets import multi30k

Configured = Callable[..., DataConfig]


@pytest.fixture(scope="module")
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A cache folder for all tests here."""
    return str(tmp_path_factory.mktemp("cache"))


def test_multi30k_is_complete_and_has_the_digests_that_downloads_are_compared_with(
    corpora: Path, configured: Configured, shared_cache: str
) -> None:
    config = configured("multi30k", root=str(corpora / "multi30k"), cache_dir=shared_cache)
    check(config)
    stems = {"train": "train", "valid": "val", "test": "test_2016_flickr"}
    sides = {"source": "de", "target": "en"}
    named = {f"{split}_{side}": f"{stems[split]}.{sides[side]}" for split in stems for side in sides}
    assert digests(config) == {role: multi30k.DIGESTS[name] for role, name in named.items()}
    dataset = load(config, sequence_length=100)
    assert [len(split) for split in (dataset.train, dataset.valid, dataset.test)] == [29_000, 1_014, 1_000]
    assert (dataset.left_out_pairs, dataset.skipped_pairs) == (0, 0)
    assert (dataset.source_vocabulary.size, dataset.target_vocabulary.size) == (8_000, 8_000)
    for ids, text in zip([dataset.test.target[row] for row in range(99)], dataset.test.text.target[:99], strict=True):
        assert dataset.target_vocabulary.decode(ids) == " ".join(text.split())


def test_at_most_six_percent_of_the_target_positions_of_multi30k_are_padding(
    corpora: Path, configured: Configured, shared_cache: str
) -> None:
    dataset = load(configured("multi30k", root=str(corpora / "multi30k"), cache_dir=shared_cache), sequence_length=50)
    plan = plan_batches(dataset.train, batch_size=64, batch_by="sentences")
    assert plan.padding_fraction <= 0.06
    assert len(plan.shapes) <= 32


def test_hansards_have_their_gold_links_and_at_most_six_percent_padding(
    corpora: Path, configured: Configured, shared_cache: str
) -> None:
    config = configured("hansards", root=str(corpora / "hansards"), cache_dir=shared_cache)
    check(config)
    dataset = load(config, sequence_length=50)
    assert len(dataset.train) + dataset.left_out_pairs == 50_000
    assert [len(split) for split in (dataset.valid, dataset.test)] == [2_000, 3_000]
    assert dataset.alignment is not None
    assert dataset.alignment.text.links is not None
    assert len(dataset.alignment) == 447
    assert sum(len(links.sure) for links in dataset.alignment.text.links) == 4_038
    assert sum(len(links.possible - links.sure) for links in dataset.alignment.text.links) == 13_400
    assert plan_batches(dataset.train, batch_size=64, batch_by="sentences").padding_fraction <= 0.06
