"""Pairs of variants and their two tests."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from attnbench.report.comparison.pairs import Pair, pairs_of
from attnbench.report.comparison.variants import factors_of, variants_of
from attnbench.report.sources.runs import Run
from tests.report.synthetic import drawn_sentences, quality

Make = Callable[..., Run]


def pairs(*runs: Run) -> tuple[Pair, ...]:
    return pairs_of(variants_of(runs, factors_of(runs)))


def test_the_difference_over_three_seeds_is_paired(make_run: Make) -> None:
    first = [make_run("dot", seed=seed, bleu=40.0 + 2 * seed) for seed in (1, 2, 3)]
    second = [make_run("none", seed=seed, bleu=39.0 + seed) for seed in (1, 2, 3)]
    (pair,) = pairs(*first, *second)
    # differences 2, 3, 4: mean 3, standard deviation 1
    t = 3 / (1 / np.sqrt(3))
    assert (pair.first.attention, pair.second.attention) == ("dot", "none")
    assert pair.difference.value == pytest.approx(3.0)
    assert pair.b == pytest.approx(2 * stats.t.sf(t, 2))
    assert np.isnan([pair.a, pair.sign_flip]).all()


def test_the_better_variant_comes_first_and_only_shared_seeds_count(make_run: Make) -> None:
    (pair,) = pairs(
        make_run("dot", seed=1, bleu=10.0),
        make_run("dot", seed=2, bleu=90.0),
        make_run("general", seed=1, bleu=12.0),
        make_run("general", seed=3, bleu=5.0),
    )
    assert (pair.first.attention, pair.seeds, pair.difference.value) == ("general", (1,), 2.0)
    assert np.isnan(pair.b)


def test_only_variants_that_differ_in_one_factor_are_paired(make_run: Make) -> None:
    runs = [make_run(name, hidden_size=size, bleu=1.0) for name in ("dot", "none") for size in (64, 128)]
    found = {(pair.first.label, pair.second.label, pair.factor) for pair in pairs(*runs)}
    assert found == {
        ("none · 64 units", "dot · 64 units", "attention"),
        ("none · 128 units", "dot · 128 units", "attention"),
        ("dot · 64 units", "dot · 128 units", "hidden_size"),
        ("none · 64 units", "none · 128 units", "hidden_size"),
    }


def test_different_data_or_different_test_sets_are_never_compared(make_run: Make) -> None:
    runs = [make_run(data=data, bleu=1.0) for data in ("copy", "sort")]
    assert pairs(*runs) == ()
    one, other = (drawn_sentences(0.5, count=count) for count in (5, 7))
    assert pairs(make_run("dot", bleu=1.0, sentences=one), make_run("none", bleu=1.0, sentences=other)) == ()


def test_holm_corrects_each_family_over_all_of_its_pairs(make_run: Make) -> None:
    shares = {"none": 0.2, "dot": 0.8, "general": 0.81}
    runs = []
    for name, share in shares.items():
        for seed in (1, 2, 3):
            rows = drawn_sentences(share, seed=seed)
            runs.append(make_run(name, seed=seed, sentences=rows, metrics=quality(rows, 20)))
    found = sorted(pairs(*runs), key=lambda pair: pair.a)
    assert len(found) == 3
    # the two leads over none are as clear as 10,000 draws can say: 1/10,001, times 3, and for both then
    assert [pair.a for pair in found[:2]] == [pytest.approx(1 / 10_001)] * 2
    assert [pair.a_holm for pair in found[:2]] == [pytest.approx(3 / 10_001)] * 2
    by_b = sorted(found, key=lambda pair: pair.b)
    assert by_b[0].b_holm == pytest.approx(3 * by_b[0].b)
    assert by_b[2].b_holm == pytest.approx(max(by_b[2].b, by_b[1].b_holm))


def test_a_difference_is_established_only_beyond_both_kinds_of_noise(make_run: Make) -> None:
    rows = {name: drawn_sentences(share, seed=1) for name, share in (("dot", 0.9), ("none", 0.2))}
    (pair,) = pairs(*(make_run(name, sentences=found, metrics=quality(found, 20)) for name, found in rows.items()))
    assert pair.beyond_test_set
    assert not pair.beyond_training
    assert not pair.established


def test_six_seeds_bring_the_exact_test(make_run: Make) -> None:
    runs = [make_run(name, seed=s, bleu=float(s + 3 * (name == "dot"))) for name in ("dot", "none") for s in range(6)]
    (pair,) = pairs(*runs)
    # all six differences have one sign: 2 of 64 patterns
    assert pair.sign_flip == 2 / 64
