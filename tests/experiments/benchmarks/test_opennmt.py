"""The benchmark that compares with OpenNMT-py, as far as it runs without OpenNMT-py."""

import os
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from attnbench import data
from attnbench.data import Dataset, Pairs, Sentences, Split, Words
from experiments.benchmarks.configured import run_config
from experiments.benchmarks.opennmt import text
from experiments.benchmarks.opennmt.__main__ import VARIANTS, run_overrides
from experiments.benchmarks.opennmt.options import training_arguments
from experiments.benchmarks.opennmt.ours import Warmed
from experiments.benchmarks.opennmt.sides import Side

CHECKOUT = Path(__file__).parents[3]
TRAINER = """
from experiments.benchmarks.opennmt.turn import Turn
turn = Turn()
print("not an answer")
for tokens in (5, 12, 21):
    turn.end(seconds=3.0, target_tokens=tokens)
raise RuntimeError("no more text")
"""


def options(variant: str) -> dict[str, str]:
    config = run_config(*run_overrides(variant, root="DIR", precision="float32", threads=2))
    arguments = training_arguments(config, Path("folder"), pairs=29, steps=7)
    return {name: value for name, value in pairwise(arguments) if name.startswith("--")}


def side(folder: Path, *arguments: str) -> Side:
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    return Side([sys.executable, *arguments], environment=environment, log=folder / "log")


def split(source: list[list[int]], target: list[list[int]]) -> Split:
    nothing = [""] * len(source)
    return Split(Sentences.of(source), Sentences.of(target), Pairs(nothing, nothing))


def test_the_text_is_written_in_the_pieces_of_the_vocabulary_without_special_tokens(
    tmp_path: Path,
) -> None:
    pairs = split([[4, 5], [5]], [[6], [4, 5, 6]])
    dataset = Dataset(pairs, pairs, pairs, None, Words(["ein", "hund"]), Words(["a", "dog", "é"]), 0, 0)
    text.write(dataset, tmp_path)
    assert (tmp_path / "vocabulary.source").read_bytes() == b"ein\nhund\n"
    assert (tmp_path / "train.source").read_bytes() == b"ein hund\nhund\n"
    assert (tmp_path / "vocabulary.target").read_text(encoding="utf-8") == "a\ndog\né\n"
    assert (tmp_path / "train.target").read_text(encoding="utf-8") == "é\na dog é\n"


def test_opennmt_py_gets_the_sizes_and_choices_of_the_run() -> None:
    arguments = options("additive+feeding")
    expected = {
        "--global_attention": "mlp",
        "--input_feed": "1",
        "--word_vec_size": "256",
        "--hidden_size": "512",
        "--dropout": "0.3",
        "--batch_size": "64",
        "--max_grad_norm": "1.0",
        "--label_smoothing": "0.0",
        "--bucket_size": "29",
        "--report_every": "7",
        "--src_vocab": "folder/vocabulary.source",
    }
    assert arguments.items() >= expected.items()
    assert arguments["--data"] == '{"corpus": {"path_src": "folder/train.source", "path_tgt": "folder/train.target"}}'
    assert options("dot").items() >= {"--global_attention": "dot", "--input_feed": "0"}.items()


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_query_of_every_variant_is_the_current_state(variant: str) -> None:
    attention = run_config(*run_overrides(variant, root="DIR", precision="mixed_bfloat16", threads=1)).attention
    assert variant == f"{attention.score}{'+feeding' * attention.input_feeding}"
    assert attention.query_time == "current"


def test_the_first_epoch_has_each_shape_once_and_the_later_ones_are_those_of_the_plan() -> None:
    config = run_config("data=copy", "data.options.train_pairs=211").data
    plan = data.plan_batches(data.load(config, sequence_length=20).train, batch_size=7, batch_by="sentences")
    warmed = Warmed(plan)
    first = warmed.epoch(seed=3, epoch=0)
    shapes = [(batch.source.shape[1], batch.target.shape[1], len(batch.rows)) for batch in first]
    assert sorted(shapes) == sorted(plan.shapes)
    for ours, own in zip(warmed.epoch(seed=3, epoch=1), plan.epoch(seed=3, epoch=1), strict=True):
        np.testing.assert_array_equal(ours.rows, own.rows)


def test_a_side_trains_on_request_and_its_first_turn_is_dropped(tmp_path: Path) -> None:
    with side(tmp_path, "-c", TRAINER) as trainer:
        assert trainer.tokens_per_second() == 4.0
        assert trainer.tokens_per_second() == 7.0


def test_a_side_that_has_ended_is_quoted(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError) as caught:
        side(tmp_path, "-c", "raise SystemExit('no module named onmt')")
    assert str(caught.value) == "A training process has ended. The last lines of its log:\nno module named onmt"


def test_our_side_trains_a_run_in_turns(tmp_path: Path) -> None:
    model = ["attention=dot", "hidden_size=14", "model.embedding_size=11", "device=cpu", "threads=1"]
    lengths = {"shortest": 3, "middle": 5, "longest": 7, "train_pairs": 2048}
    data_options = [
        "data=copy",
        "sequence_length=7",
        *(f"data.options.{name}={value}" for name, value in lengths.items()),
    ]
    with side(tmp_path, "-m", "experiments.benchmarks.opennmt.ours", "20", *model, *data_options) as trainer:
        assert trainer.tokens_per_second() > 0
