"""One description of each metric, and what follows from it."""

import pytest

from attnbench.metrics import HISTORIES, METRICS, Direction, definitions, in_order, key_of, metric_of


def test_every_metric_has_a_key_and_a_name_of_its_own_and_a_meaning() -> None:
    assert len({metric.key for metric in METRICS}) == len({metric.name for metric in METRICS}) == len(METRICS)
    assert all(metric.name and metric.meaning for metric in METRICS)


def test_columns_of_one_group_stand_together() -> None:
    groups = [metric.group for metric in METRICS if metric.group]
    assert groups == sorted(groups, key=groups.index)


def test_histories_are_the_metrics_that_say_so() -> None:
    assert set(HISTORIES) == {"train/loss", "valid/loss", "valid/bleu"}


def test_the_placeholders_of_a_key_and_its_name_are_filled() -> None:
    key = key_of("length/bleu_LLL_HHH", LLL=1, HHH=10)
    assert (key, metric_of(key).key, metric_of(key).name) == (
        "length/bleu_001_010",
        "length/bleu_001_010",
        "BLEU of 1 to 10 tokens",
    )
    assert metric_of("test/bleu_beam_5").name == "BLEU, beam 5"


def test_a_key_that_is_not_described_is_named_by_itself() -> None:
    metric = metric_of("zebra/stripes")
    assert (metric.name, metric.unit, metric.direction, metric.meaning) == (
        "zebra/stripes",
        "",
        Direction.NEITHER,
        "",
    )


def test_bytes_are_shown_in_mebibytes_everywhere() -> None:
    memory = [metric for metric in METRICS if metric.unit == "bytes"]
    assert len(memory) == 4
    assert {metric.shown_unit for metric in memory} == {"MiB"}
    assert {metric.format(3 * 2**20) for metric in memory} == {"3.000"}
    assert metric_of("memory/train_peak_bytes").label == "training memory peak (MiB)"


def test_an_interval_has_the_decimals_of_its_value() -> None:
    speed = metric_of("speed/train_target_tokens_per_second")
    assert speed.format(5412.3) == "5,412"
    assert speed.format(2.718, reference=5412.3) == "3"
    peak = metric_of("memory/train_peak_bytes")
    assert peak.format(2.0**18, reference=2.0**28) == "0.2"


def test_a_loss_improves_downward_and_bleu_upward() -> None:
    assert [metric_of(key).direction.sign for key in ("valid/loss", "valid/bleu", "data/train_pairs")] == [-1, 1, 0]
    assert [metric_of(key).direction.superlative for key in ("valid/loss", "valid/bleu")] == ["lowest", "highest"]


def test_keys_follow_the_order_of_their_descriptions() -> None:
    keys = ["zebra/stripes", "length/bleu_011_020", "length/bleu_001_010", "test/chrf", "test/bleu_beam_5", "test/bleu"]
    assert in_order(keys) == [
        "test/bleu",
        "test/bleu_beam_5",
        "test/chrf",
        "length/bleu_001_010",
        "length/bleu_011_020",
        "zebra/stripes",
    ]


@pytest.mark.parametrize("key", ["test/bleu_beam_K", "length/bleu_LLL_HHH"])
def test_keys_with_numbers_share_one_definition(key: str) -> None:
    keys = {"test/bleu_beam_K": ["test/bleu_beam_1", "test/bleu_beam_5"]}.get(key, ["length/bleu_001_010"])
    assert [metric.key for metric in definitions([*keys, "zebra/stripes"])] == [key]
