"""BLEU is sacreBLEU's, whole or summed from sentences; and which corpora random redraws of sentences can give."""

import math
import re

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics import BLEU, CHRF

from attnbench.records.sentences import STATISTICS
from attnbench.scoring.bleu import Score, brevity_penalty, corpus_bleu, digest, length_ratio, score

words = st.lists(st.sampled_from(["a", "A", "b", "B", "c,", "d."]), max_size=11).map(" ".join)
pairs = st.lists(st.tuples(words, words), min_size=1, max_size=7)


def plain(hypotheses: list[str], references: list[str]) -> Score:
    return score(hypotheses, references, tokenizer="none", lowercase=False)


def statistics(result: Score) -> npt.NDArray[np.int64]:
    """What BLEU is computed from, `(sentences, 10)`."""
    return np.column_stack([result.columns[name] for name in STATISTICS])


def test_a_perfect_translation_scores_100() -> None:
    assert plain(["a b c d e"], ["a b c d e"]).bleu == pytest.approx(100)
    assert plain(["a b c d e"], ["a b c d e"]).chrf == pytest.approx(100)


def test_a_perfect_first_half_pays_only_the_brevity_penalty() -> None:
    assert plain(["a b c d e"], ["a b c d e f g h i j"]).bleu == pytest.approx(100 * math.exp(1 - 10 / 5))


def test_orders_without_a_match_count_a_half_then_a_quarter() -> None:
    # precisions 3/4, 1/3, (1/2)/2, (1/4)/1: their product is 1/64
    assert plain(["a b c d"], ["a b x d"]).bleu == pytest.approx(100 * (1 / 64) ** (1 / 4))


def test_statistics_name_what_was_counted() -> None:
    columns = plain(["a b c d"], ["a b x d y"]).columns
    assert {name: column.tolist()[0] for name, column in columns.items()} == {
        "correct_1": 3, "correct_2": 1, "correct_3": 0, "correct_4": 0,
        "total_1": 4, "total_2": 3, "total_3": 2, "total_4": 1,
        "hypothesis_tokens": 4, "reference_tokens": 5, "repeated_4grams": 0,
    }  # fmt: skip


def test_the_length_ratio_is_hypothesis_tokens_over_reference_tokens() -> None:
    assert length_ratio(statistics(plain(["a b", "a"], ["a b c d", "a b"])).sum(axis=0)) == 3 / 6


def test_the_length_ratio_of_references_without_tokens_is_zero() -> None:
    assert length_ratio(statistics(plain(["a"], [""]))[0]) == 0


def test_a_test_set_of_empty_hypotheses_scores_zero() -> None:
    result = plain(["", ""], ["a b c d e", "a"])
    assert (result.bleu, result.chrf, length_ratio(statistics(result).sum(axis=0))) == (0, 0, 0)


def test_a_4gram_is_repeated_where_it_stands_earlier_in_the_same_hypothesis() -> None:
    # a b c d, b c d a, c d a b, d a b c, and a b c d again; of five a, a a a a and its repetition
    found = plain(["a b c d a b c d", "a a a a a", "a b c d", ""], ["x"] * 4).columns
    assert found["repeated_4grams"].tolist() == [1, 1, 0, 0]
    assert found["total_4"].tolist() == [5, 2, 1, 0]


@pytest.mark.parametrize("tokenizer", ["13a", "none", "intl", "char"])
@given(pairs=pairs)
def test_fewer_4grams_are_repeated_than_bleu_counts(tokenizer: str, pairs: list[tuple[str, str]]) -> None:
    found = score(*map(list, zip(*pairs, strict=True)), tokenizer=tokenizer, lowercase=True).columns
    assert (found["repeated_4grams"] <= np.maximum(found["total_4"] - 1, 0)).all()


def test_what_is_scored_has_one_digest() -> None:
    plain = digest(["Ja", "Nein"], [3, 5], lowercase=False)
    assert plain == digest(["Ja", "Nein"], np.array([3, 5]), lowercase=False)
    others = [
        digest(["ja", "nein"], [3, 5], lowercase=False),
        digest(["Nein", "Ja"], [3, 5], lowercase=False),
        digest(["Ja", "Nein"], [3, 7], lowercase=False),
    ]
    assert plain not in others
    assert digest(["Ja", "Nein"], [3, 5], lowercase=True) == others[0]


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
    rows = statistics(plain(*map(list, zip(*pairs, strict=True))))
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


def test_a_perfect_half_has_half_the_length_and_its_brevity_penalty() -> None:
    sums = np.array([[5, 4, 3, 2, 5, 4, 3, 2, 5, 10], [5, 4, 3, 2, 5, 4, 3, 2, 10, 5]])
    assert brevity_penalty(sums) == pytest.approx([math.exp(1 - 10 / 5), 1])
    assert length_ratio(sums) == pytest.approx([0.5, 2])
