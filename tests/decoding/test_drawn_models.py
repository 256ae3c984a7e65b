"""A sentence's hypothesis, alone and in a batch, from small models whose weights are drawn at random."""

from typing import Any

import pytest

from attnbench.decoding import Searcher
from tests.decoding.drawn_model import COVERAGE, drawn, drawn_sentences
from tests.decoding.table_model import batch, hypotheses
from tests.model.conftest import precision

CASES: list[tuple[str, dict[str, Any]]] = [
    ("bahdanau", {}),
    ("bahdanau", {"cell": "lstm", "encoder_layers": 3, "decoder_layers": 3}),
    ("dot with input feeding", {"cell": "lstm"}),
    ("dot with input feeding", {"encoder_layers": 3, "decoder_layers": 3}),
    ("none", {}),
    ("none_input", {"cell": "lstm"}),
    ("uniform", {}),
    ("bahdanau", {"target": COVERAGE, "cell": "lstm"}),
    ("dot with input feeding", {"target": COVERAGE}),
]
# A beam rearranges states of every kind: both cells, layers, the readout, an attention's own, and each kind of memory.
CASES_OF_A_BEAM = [CASES[number] for number in (1, 2, 4, 5, 8)]


def _together_and_alone(searcher: Searcher, sentences: list[list[int]]) -> tuple[list[list[int]], list[list[int]]]:
    """The hypotheses of one batch, and those of a batch for each sentence."""
    return hypotheses(searcher, batch(*sentences)), [hypotheses(searcher, batch(each))[0] for each in sentences]


@pytest.mark.parametrize(("preset", "changes"), CASES)
def test_a_sentences_greedy_hypothesis_does_not_depend_on_its_batch(preset: str, changes: dict[str, Any]) -> None:
    searcher = Searcher(drawn(preset, eos=2.0, **changes))
    together, alone = _together_and_alone(searcher, drawn_sentences(17))
    assert together == alone
    # Batches of 17, 8, 4 and 2 sentences: each has positions of its own before the next is made.
    lengths = sorted(map(len, together))
    assert lengths[8] < lengths[12] < lengths[14] < lengths[16]


@pytest.mark.parametrize(("preset", "changes"), CASES_OF_A_BEAM)
def test_a_sentences_hypothesis_of_a_beam_does_not_depend_on_its_batch(preset: str, changes: dict[str, Any]) -> None:
    searcher = Searcher(drawn(preset, **changes), beams=3, length_penalty=1.0)
    together, alone = _together_and_alone(searcher, drawn_sentences(17))
    assert together == alone
    assert len(set(map(len, together))) > 5


@pytest.mark.parametrize("beams", [1, 3])
def test_bfloat16_finds_what_float32_finds_alone_and_in_a_batch(beams: int) -> None:
    """With weights of which no choice of a word is nearly even."""
    with precision("mixed_bfloat16"):
        model = drawn("bahdanau", eos=2.0, seed=17)
    exact = Searcher(drawn("bahdanau", eos=2.0, seed=17), beams=beams, length_penalty=1.0)
    together, alone = _together_and_alone(Searcher(model, beams=beams, length_penalty=1.0), drawn_sentences(9))
    assert together == alone == hypotheses(exact, batch(*drawn_sentences(9)))
    assert len(set(map(len, together))) > 5
