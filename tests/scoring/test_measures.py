"""What sentences allow to measure, and what the parts of a test set give."""

import math

import numpy as np
import pytest

from attnbench.metrics import METRICS
from attnbench.scoring.length import LengthParts, sentence_metrics
from attnbench.scoring.measures import COUNT, measures_of, quotient
from tests import made


def test_a_column_that_is_absent_is_a_metric_that_is_absent() -> None:
    assert measures_of(["agreements", "links"]).keys() == {"align/aer"}
    assert measures_of(["reference_tokens", "exact_match"]).keys() == {"test/exact_match"}
    assert measures_of(["form_right", "source_tokens"]) == {}


def test_a_phenomenon_is_measured_by_the_name_of_its_columns() -> None:
    measure = measures_of(["form_right", "form_total"])["phenomenon/form"]
    assert measure({COUNT: 7, "form_right": 3, "form_total": 5}) == pytest.approx(3 / 5)


def test_every_metric_is_that_of_the_sums_of_its_columns() -> None:
    columns = {
        **made.sentences([[5, 5, 4, 3, 2, 5, 4, 3, 2, 5, 5], [7, 6, 4, 2, 1, 7, 6, 5, 4, 7, 11]]),
        **{
            "repeated_4grams": np.array([0, 3]),
            "unfinished": np.array([0, 1]),
            "exact_match": np.array([1, 0]),
            "correct_tokens": np.array([5, 3]),
            "form_right": np.array([2, 1]),
            "form_total": np.array([2, 5]),
        },
    }
    found = sentence_metrics(columns, sequence_length=20)
    assert found.pop("test/bleu") > 0
    assert found == {
        "test/length_ratio": 12 / 16,
        "test/unfinished_hypotheses": 1,
        "test/exact_match": 1 / 2,
        "test/token_accuracy": 8 / 16,
        "test/repeated_4grams": 3 / 6,
        "phenomenon/form": pytest.approx(3 / 7),
    }
    assert found.keys() - {"phenomenon/form"} <= {metric.key for metric in METRICS}


def test_exact_matches_and_alignment_errors_are_measured_on_either_side_of_the_limit() -> None:
    lengths = np.array([3] * 30 + [23] * 31)
    exact = sentence_metrics(
        {"source_tokens": lengths, "exact_match": np.array([1] * 15 + [0] * 46)}, sequence_length=20
    )
    assert exact["length/exact_match_within"] == 0.5
    assert exact["length/exact_match_beyond"] == 0
    links = {"agreements": np.array([3] * 30 + [1] * 31), "links": np.array([4] * 61)}
    aligned = sentence_metrics({"source_tokens": lengths, **links}, sequence_length=20)
    assert (aligned["align/aer_within"], aligned["align/aer_beyond"]) == (1 / 4, 3 / 4)
    assert aligned.keys() == {"align/aer", "align/aer_within", "align/aer_beyond"}
    few = sentence_metrics(
        {"source_tokens": lengths[1:], **{key: x[1:] for key, x in links.items()}}, sequence_length=20
    )
    assert few.keys() == {"align/aer", "align/aer_beyond"}


def test_a_draw_counts_the_sentences_that_it_takes() -> None:
    parts = LengthParts.of([3, 5, 7], sequence_length=20)
    found = parts.scores({"exact_match": np.array([1, 0, 0])}, np.array([[1, 2, 0], [0, 1, 0], [1, 0, 0]]))
    assert found["test/exact_match"][:2] == pytest.approx([1 / 2, 2 / 3])
    assert math.isnan(found["test/exact_match"][2])


def test_nothing_is_divided_by_zero() -> None:
    assert math.isnan(quotient(0, 0))
    assert quotient(np.array([3, 1]), np.array([0, 2])) == pytest.approx([math.nan, 0.5], nan_ok=True)
