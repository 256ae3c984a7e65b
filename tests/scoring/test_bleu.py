"""BLEU is sacreBLEU's, whole or summed from sentences; and which corpora random redraws of sentences can give."""

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics import BLEU, CHRF

from attnbench.records.sentences import STATISTICS
from attnbench.scoring import bleu
from attnbench.scoring.bleu import Score, bootstrap_bleu, corpus_bleu, score, swapped_differences

words = st.lists(st.sampled_from(["a", "A", "b", "B", "c,", "d."]), max_size=11).map(" ".join)
pairs = st.lists(st.tuples(words, words), min_size=1, max_size=7)

# Equal totals make a corpus' BLEU the mean of its sentences': 10 and 70, then 20 and 40.
PAIR = np.array([[[10] * 4 + [100] * 6, [70] * 4 + [100] * 6], [[20] * 4 + [100] * 6, [40] * 4 + [100] * 6]])


def plain(hypotheses: list[str], references: list[str]) -> Score:
    return score(hypotheses, references, tokenizer="none", lowercase=False)


def test_a_perfect_translation_scores_100() -> None:
    assert plain(["a b c d e"], ["a b c d e"]).bleu == pytest.approx(100)
    assert plain(["a b c d e"], ["a b c d e"]).chrf == pytest.approx(100)


def test_a_perfect_first_half_pays_only_the_brevity_penalty() -> None:
    assert plain(["a b c d e"], ["a b c d e f g h i j"]).bleu == pytest.approx(100 * math.exp(1 - 10 / 5))


def test_orders_without_a_match_count_a_half_then_a_quarter() -> None:
    # precisions 3/4, 1/3, (1/2)/2, (1/4)/1: their product is 1/64
    assert plain(["a b c d"], ["a b x d"]).bleu == pytest.approx(100 * (1 / 64) ** (1 / 4))


def test_statistics_name_what_was_counted() -> None:
    counted = dict(zip(STATISTICS, plain(["a b c d"], ["a b x d y"]).statistics[0].tolist(), strict=True))
    assert counted == {
        "correct_1": 3, "correct_2": 1, "correct_3": 0, "correct_4": 0,
        "total_1": 4, "total_2": 3, "total_3": 2, "total_4": 1,
        "hypothesis_tokens": 4, "reference_tokens": 5,
    }  # fmt: skip


def test_the_length_ratio_is_hypothesis_tokens_over_reference_tokens() -> None:
    assert plain(["a b", "a"], ["a b c d", "a b"]).length_ratio == 3 / 6


def test_the_length_ratio_of_references_without_tokens_is_zero() -> None:
    assert plain(["a"], [""]).length_ratio == 0


def test_a_test_set_of_empty_hypotheses_scores_zero() -> None:
    result = plain(["", ""], ["a b c d e", "a"])
    assert (result.bleu, result.chrf, result.length_ratio) == (0, 0, 0)


def test_signatures_say_how_the_scores_were_made() -> None:
    result = score(["a"], ["a"], tokenizer="13a", lowercase=True)
    assert re.fullmatch(r"nrefs:1\|case:lc\|eff:no\|tok:13a\|smooth:exp\|version:[\d.]+", result.bleu_signature)
    assert re.fullmatch(r"nrefs:1\|case:lc\|eff:yes\|nc:6\|nw:0\|space:no\|version:[\d.]+", result.chrf_signature)


@pytest.mark.parametrize("tokenizer", ["13a", "none", "intl", "char"])
@pytest.mark.parametrize("lowercase", [False, True])
@given(pairs=pairs)
def test_scores_equal_sacrebleu(tokenizer: str, lowercase: bool, pairs: list[tuple[str, str]]) -> None:
    hypotheses, references = map(list, zip(*pairs, strict=True))
    result = score(hypotheses, references, tokenizer=tokenizer, lowercase=lowercase)
    metric, chrf = BLEU(tokenize=tokenizer, lowercase=lowercase), CHRF(lowercase=lowercase)
    assert result.bleu == pytest.approx(metric.corpus_score(hypotheses, [references]).score, abs=1e-9)
    assert result.chrf == pytest.approx(chrf.corpus_score(hypotheses, [references]).score, abs=1e-9)
    assert result.bleu_signature == str(metric.get_signature())
    assert result.chrf_signature == str(chrf.get_signature())


@given(pairs=pairs)
def test_corpora_scored_together_equal_corpora_scored_one_by_one(pairs: list[tuple[str, str]]) -> None:
    rows = plain(*map(list, zip(*pairs, strict=True))).statistics
    sums = np.cumsum(rows, axis=0)
    together = corpus_bleu(np.stack([sums, rows]))
    assert together.shape == (2, len(rows))
    for at in range(len(rows)):
        assert together[0, at] == corpus_bleu(sums[at])
        assert together[1, at] == corpus_bleu(rows[at])


def test_sums_of_no_sentences_score_zero() -> None:
    assert corpus_bleu(np.zeros(10)) == 0


def test_unequal_counts_are_refused() -> None:
    message = (
        "Scoring needs one hypothesis for each reference: received 2 hypotheses and 1 references. "
        "Give both in the same order and number."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        plain(["a", "b"], ["a"])


def test_an_empty_test_set_is_refused() -> None:
    message = "Scoring needs at least one sentence, received none. Give a test set that is not empty."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        plain([], [])


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
    monkeypatch.setattr(bleu, "_CHUNK_ELEMENTS", 23)
    generator = np.random.default_rng(5)
    assert bootstrap_bleu(PAIR, generator=generator, draws=97).shape == (2, 97)
    assert swapped_differences(PAIR, PAIR[::-1], generator=generator, draws=97).shape == (97,)


def test_a_test_set_longer_than_a_chunk_is_drawn_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bleu, "_CHUNK_ELEMENTS", 1)
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
