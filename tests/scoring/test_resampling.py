"""Random redraws of sentences: which corpora can come out, and how often."""

import numpy as np
import pytest

from attnbench.scoring import resampling
from attnbench.scoring.bleu import corpus_bleu
from attnbench.scoring.resampling import bootstrap_bleu, swapped_differences

# Equal totals make a corpus' BLEU the mean of its sentences': 10 and 70, then 20 and 40.
PAIR = np.array([[[10] * 4 + [100] * 6, [70] * 4 + [100] * 6], [[20] * 4 + [100] * 6, [40] * 4 + [100] * 6]])


def test_two_sentences_are_drawn_both_once_half_of_the_time() -> None:
    scores = bootstrap_bleu(PAIR[0], generator=np.random.default_rng(5), draws=4000).round(9)
    values, counts = np.unique(scores, return_counts=True)
    assert values.tolist() == [10, 40, 70]
    # four standard deviations of a binomial count are at most 4 * sqrt(4000 / 4)
    assert counts == pytest.approx([1000, 2000, 1000], abs=130)


def test_every_seed_is_scored_on_the_same_drawn_sentences() -> None:
    first, second = bootstrap_bleu(PAIR, generator=np.random.default_rng(5), draws=97)
    # 10, 40, 70 of the first belong to 20, 30, 40 of the second
    assert first == pytest.approx(3 * second - 50)


def test_draws_beyond_one_chunk_are_all_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resampling, "_CHUNK_ELEMENTS", 23)
    generator = np.random.default_rng(5)
    assert bootstrap_bleu(PAIR, generator=generator, draws=97).shape == (2, 97)
    assert swapped_differences(PAIR, PAIR[::-1], generator=generator, draws=97).shape == (97,)


def test_a_test_set_longer_than_a_chunk_is_drawn_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resampling, "_CHUNK_ELEMENTS", 1)
    assert bootstrap_bleu(PAIR[0], generator=np.random.default_rng(5), draws=7).shape == (7,)


def test_two_sentences_swap_in_four_ways() -> None:
    drawn = swapped_differences(PAIR[:1], PAIR[1:], generator=np.random.default_rng(5), draws=4000).round(9)
    values, counts = np.unique(drawn, return_counts=True)
    # sentence differences -10 and 30 with every pair of signs, halved
    assert values.tolist() == [-20, -10, 10, 20]
    assert counts == pytest.approx([1000] * 4, abs=4 * np.sqrt(4000 * 3 / 16))


def test_seeds_swap_independently_of_each_other() -> None:
    drawn = swapped_differences(PAIR[[0, 0], :1], PAIR[[1, 1], :1], generator=np.random.default_rng(5), draws=4000)
    values, counts = np.unique(drawn.round(9), return_counts=True)
    assert values.tolist() == [-10, 0, 10]
    assert counts == pytest.approx([1000, 2000, 1000], abs=130)


def test_the_same_generator_gives_the_same_draws() -> None:
    once, again = (bootstrap_bleu(PAIR, generator=np.random.default_rng(5), draws=97) for _ in range(2))
    assert np.array_equal(once, again)


def test_a_system_does_not_differ_from_itself() -> None:
    drawn = swapped_differences(PAIR, PAIR, generator=np.random.default_rng(5), draws=97)
    assert not drawn.any()
    assert corpus_bleu(PAIR.sum(axis=1)) == pytest.approx([40, 30])
