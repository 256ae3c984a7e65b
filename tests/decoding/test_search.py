"""Greedy and beam search against probabilities that a reader can follow."""

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from attnbench.decoding import Searcher, beam_search, greedy_search, length_limits
from attnbench.measurement import Stopwatch
from attnbench.special_tokens import BOS, EOS
from tests.decoding.table_model import TableModel, batch, hypotheses

A, B = 3, 4
WORDS = 5


def _table(**rows: list[float]) -> np.ndarray:
    """Probabilities of EOS, A and B after BOS ("bos"), A ("a") and B ("b"), for source token 3."""
    table = np.zeros((WORDS, WORDS, WORDS))
    for name, before in (("bos", BOS), ("a", A), ("b", B)):
        table[3, before, [EOS, A, B]] = rows[name]
    return table


GARDEN_PATH = _table(bos=[0.0, 0.6, 0.4], a=[0.3, 0.35, 0.35], b=[0.9, 0.05, 0.05])


def _decode(model: Any, batch: Any, **options: Any) -> list[list[int]]:
    return hypotheses(Searcher(model, **options), batch)


def test_greedy_search_takes_the_most_probable_token() -> None:
    model: Any = TableModel(_table(bos=[0.1, 0.7, 0.2], a=[0.2, 0.3, 0.5], b=[0.8, 0.1, 0.1]))
    assert _decode(model, batch([3, 2])) == [[A, B]]


def test_a_beam_finds_the_better_sentence_behind_the_worse_first_token() -> None:
    # B EOS has 0.4 · 0.9 = 0.36; A EOS has 0.6 · 0.3 = 0.18, and whatever else follows A has less.
    model: Any = TableModel(GARDEN_PATH)
    assert _decode(model, batch([3, 2]))[0][0] == A
    assert _decode(model, batch([3, 2]), beams=2) == [[B]]


def test_a_length_penalty_prefers_the_longer_sentence() -> None:
    # EOS at once has log 0.5 = -0.69; eleven A and EOS, the limit, have log (0.5 · 0.98¹⁰ · 0.02) = -4.81. Divided by
    # 17/6 that is -1.70, still less, and divided by (17/6)² it is -0.60.
    model: Any = TableModel(_table(bos=[0.5, 0.5, 0.0], a=[0.02, 0.98, 0.0], b=[1.0, 0.0, 0.0]))
    assert _decode(model, batch([3, 2]), beams=3) == [[]]
    assert _decode(model, batch([3, 2]), beams=3, length_penalty=1.0) == [[]]
    assert _decode(model, batch([3, 2]), beams=3, length_penalty=2.0) == [[A] * 11]


def test_decoding_stops_at_twice_the_source_and_ten() -> None:
    model: Any = TableModel(_table(bos=[0.0, 1.0, 0.0], a=[0.0, 1.0, 0.0], b=[1.0, 0.0, 0.0]))
    decoded = Searcher(model).decode([batch([3, 2], [3, 3, 3, 2])], 2)
    assert [len(ids) for ids in decoded.hypotheses] == [2 * 1 + 10, 2 * 3 + 10]
    assert decoded.unfinished.tolist() == [True, True]


def test_tokens_are_counted_with_eos() -> None:
    model: Any = TableModel(_table(bos=[0.0, 1.0, 0.0], a=[0.0, 0.0, 1.0], b=[1.0, 0.0, 0.0]))
    decoded = Searcher(model).decode([batch([3, 2], [3, 2])], 2, timed_seconds=0)
    assert decoded.tokens == 2 * 3
    assert not decoded.unfinished.any()
    assert decoded.seconds > 0


def test_time_is_taken_when_the_whole_set_has_been_decoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    model: Any = TableModel(GARDEN_PATH)
    searcher, shapes = Searcher(model), []
    search = searcher.batch

    def recorded(source: np.ndarray) -> np.ndarray:
        shapes.append(source.shape)
        return search(source)

    monkeypatch.setattr(searcher, "batch", recorded)
    searcher.decode([batch([3, 2]), batch([3, 3, 2]), batch([3, 2])], 1, timed_seconds=0)
    assert shapes == [(1, 2), (1, 3), (1, 2)] * 2


def test_decoding_is_repeated_until_enough_seconds_are_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    model: Any = TableModel(GARDEN_PATH)
    # A pass that is not timed, then by this clock passes of 2 and 2.5 seconds: the first of them alone is not enough.
    clock = itertools.accumulate([0.0, 2.0, 0.0, 2.5])
    monkeypatch.setattr("attnbench.decoding.search.Stopwatch", lambda: Stopwatch(now=lambda: next(clock)))
    done: list[int] = []
    decoded = Searcher(model).decode([batch([3, 2])], 1, timed_seconds=4.0, watch=done.append)
    assert decoded.seconds == pytest.approx((2 + 2.5) / 2)
    assert decoded.tokens == 2 * 1 + 10
    assert done == [0, 0, 1]


def test_an_empty_row_is_passed_over() -> None:
    model: Any = TableModel(_table(bos=[0.0, 1.0, 0.0], a=[1.0, 0.0, 0.0], b=[1.0, 0.0, 0.0]))
    source = batch([0, 0], [3, 2])
    source.rows = np.array([-1, 0])
    for beams in (1, 2):
        decoded = Searcher(model, beams=beams).decode([source], 1)
        assert [ids.tolist() for ids in decoded.hypotheses] == [[A]]


def _random_table(seed: int) -> np.ndarray:
    table = np.zeros((WORDS, WORDS, WORDS))
    table[:, :, 2:] = np.random.default_rng(seed).dirichlet([0.5] * 3, size=(WORDS, WORDS))
    return table


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_one_beam_without_penalty_is_greedy_search(seed: int) -> None:
    model: Any = TableModel(_random_table(seed))
    source = ops.convert_to_tensor(np.array([[3, 2, 0], [4, 4, 2]], np.int32))
    limits, longest = length_limits(source)
    greedy = np.asarray(greedy_search(model, source, limits, longest))
    beam = np.asarray(beam_search(model, source, limits, longest, beams=1, length_penalty=0.0))
    np.testing.assert_array_equal(greedy, beam)


def _best_of_all(table: np.ndarray, *, first: int, longest: int, power: float) -> list[int]:
    """The best finished sentence of at most `longest` tokens, by trying every one."""
    found: list[tuple[float, list[int]]] = []
    for length in range(longest):
        for words in itertools.product((A, B), repeat=length):
            path = [BOS, *words, EOS]
            total = sum(np.log(table[first, x, y]) for x, y in itertools.pairwise(path))
            found.append((total / ((5 + length + 1) / 6) ** power, list(words)))
    return max(found)[1]


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10_000), power=st.sampled_from([0.0, 0.6, 1.0]))
def test_a_beam_wide_enough_finds_the_best_of_all_sentences(seed: int, power: float) -> None:
    table = _random_table(seed)
    model: Any = TableModel(table)
    source = ops.convert_to_tensor(np.array([[3, 2], [4, 2]], np.int32))
    limits = ops.convert_to_tensor(np.array([4, 4], np.int32))
    # 24 beams hold every extension, by A, B or EOS, of the 2³ prefixes of three words.
    written = np.asarray(beam_search(model, source, limits, 4, beams=24, length_penalty=power))
    for row, first in enumerate((3, 4)):
        words = [int(x) for x in written[row] if x not in (0, 2)]
        assert words == _best_of_all(table, first=first, longest=4, power=power)


def test_a_sentences_hypothesis_does_not_depend_on_its_batch() -> None:
    # Seventeen sentences, so that the batch is halved as often as it can be.
    model: Any = TableModel(_random_table(7))
    rows = [[3 + number % 2] * (1 + number % 3) + [2] for number in range(17)]
    for beams in (1, 3):
        searcher = Searcher(model, beams=beams, length_penalty=0.6)
        assert hypotheses(searcher, batch(*rows)) == [hypotheses(searcher, batch(row))[0] for row in rows]
