"""Beam search against the same search in plain Python, one hypothesis at a time."""

from typing import Any

import numpy as np
import pytest
from keras import ops
from scipy.special import log_softmax

from attnbench import backend
from attnbench.decoding import Searcher
from attnbench.model import Seq2Seq
from attnbench.special_tokens import BOS, EOS
from tests.decoding.drawn_model import COVERAGE, drawn, drawn_sentences
from tests.decoding.table_model import batch, hypotheses

BEAMS, LENGTH_PENALTY = 3, 1.0


def _searched_by_hand(model: Seq2Seq, source: np.ndarray) -> list[int]:
    """Beam search as `beam_search` defines it for one sentence, ids (source,), one hypothesis at a time."""
    encoded = model.encode(ops.convert_to_tensor(source[None]))
    limit = 2 * (int(np.count_nonzero(source)) - 1) + 10

    def penalised(score: float, length: int) -> float:
        return float(score / ((5 + length) / 6) ** LENGTH_PENALTY)

    alive: list[tuple[float, list[int], Any]] = [(0.0, [], encoded.state)]
    finished: list[tuple[float, list[int]]] = [(-np.inf, [])]
    for length in range(1, limit + 1):
        extended = []
        for score, words, state in alive:
            newest = ops.convert_to_tensor([words[-1] if words else BOS])
            logits, _, after = model.step(newest, state, encoded.memory)
            logarithms = log_softmax(backend.read(logits)[0].astype(np.float64))
            extended += [(score + step, [*words, word], after) for word, step in enumerate(logarithms.tolist())]
        extended.sort(key=lambda each: -each[0])
        finished += [(penalised(score, length), words) for score, words, _ in extended[:BEAMS] if words[-1] == EOS]
        alive = [each for each in extended if each[1][-1] != EOS][:BEAMS]
        if max(finished)[0] >= penalised(alive[0][0], limit):
            break
    best = max(finished)[1]
    return best[:-1] if best else alive[0][1]


@pytest.mark.parametrize(
    ("preset", "changes"),
    [
        ("bahdanau", {}),
        ("dot with input feeding", {"cell": "lstm", "encoder_layers": 2, "decoder_layers": 2}),
        ("none", {}),
        ("bahdanau", {"target": COVERAGE}),
    ],
)
def test_beam_search_finds_what_a_search_of_one_hypothesis_at_a_time_finds(
    preset: str, changes: dict[str, Any]
) -> None:
    model, sentences = drawn(preset, eos=-1.0, **changes), batch(*drawn_sentences(7))
    found = hypotheses(Searcher(model, beams=BEAMS, length_penalty=LENGTH_PENALTY), sentences)
    assert found == [_searched_by_hand(model, source) for source in sentences.source]
    assert len(set(map(len, found))) > 3
