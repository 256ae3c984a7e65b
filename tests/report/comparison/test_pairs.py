"""Comparisons of variants, in families."""

import math
import re
from collections.abc import Callable

import numpy as np
import pytest

from attnbench.report.comparison.estimates import Bounds
from attnbench.report.comparison.pairs import Family, Pair, Scope, families_of
from attnbench.report.comparison.variants import factors_of, variants_of
from attnbench.report.sources.runs import Run
from attnbench.scoring.inference import holm
from tests.report.synthetic import drawn_sentences, quality

Make = Callable[..., Run]


def families(*runs: Run, scope: Scope | None = None) -> dict[str, Family]:
    found = families_of(variants_of(runs, factors_of(runs)), scope or Scope())
    return {family.name: family for family in found}


def bleu_pairs(*runs: Run, scope: Scope | None = None) -> tuple[Pair, ...]:
    return families(*runs, scope=scope)["BLEU"].pairs


def scored(make_run: Make, name: str, share: float, seeds: tuple[int, ...] = (1, 2, 3), **options: object) -> list[Run]:
    """Runs with sentences of which about `share` of all n-grams is right."""
    runs = []
    for seed in seeds:
        rows = drawn_sentences(share, count=160, seed=seed)
        metrics = quality(rows, int(str(options.get("sequence_length", 20))))
        runs.append(make_run(name, seed=seed, sentences=rows, metrics=metrics, **options))
    return runs


def test_the_difference_over_three_seeds_is_paired(make_run: Make) -> None:
    first = [make_run("dot", seed=seed, bleu=40.0 + 2 * seed) for seed in (1, 2, 3)]
    second = [make_run("none", seed=seed, bleu=39.0 + seed) for seed in (1, 2, 3)]
    (pair,) = bleu_pairs(*first, *second)
    # differences 2, 3, 4: mean 3, standard deviation 1, and of 2 degrees of freedom p = 1 - t / sqrt(2 + t²)
    t = 3 / (1 / math.sqrt(3))
    assert (pair.first.attention, pair.second.attention) == ("dot", "none")
    assert pair.difference.value == pytest.approx(3.0)
    assert pair.p == pytest.approx(1 - t / math.sqrt(2 + t * t))


def test_the_better_variant_comes_first_and_only_shared_seeds_count(make_run: Make) -> None:
    (pair,) = bleu_pairs(
        make_run("dot", seed=1, bleu=10.0),
        make_run("dot", seed=2, bleu=90.0),
        make_run("general", seed=1, bleu=12.0),
        make_run("general", seed=3, bleu=5.0),
    )
    assert (pair.first.attention, pair.seeds, pair.difference.value) == ("general", (1,), 2.0)


@pytest.mark.parametrize("seeds", [(1,), (1, 2)])
def test_fewer_than_three_seeds_have_no_p_value(make_run: Make, seeds: tuple[int, ...]) -> None:
    runs = [*scored(make_run, "dot", 0.9, seeds), *scored(make_run, "none", 0.2, seeds)]
    for family in families(*runs).values():
        for pair in family.pairs:
            assert np.isnan([pair.p, pair.p_holm, family.detectable(pair)]).all()
            assert not pair.distinguished


def test_mechanisms_are_compared_in_one_setting_and_settings_when_asked_for(make_run: Make) -> None:
    runs = [make_run(name, hidden_size=size, bleu=1.0) for name in ("dot", "none") for size in (64, 128)]
    mechanisms = {("none · 64 units", "dot · 64 units"), ("none · 128 units", "dot · 128 units")}
    settings = {("dot · 64 units", "dot · 128 units"), ("none · 64 units", "none · 128 units")}
    assert {(pair.first.label, pair.second.label) for pair in bleu_pairs(*runs)} == mechanisms
    across = bleu_pairs(*runs, scope=Scope(across=True))
    assert {(pair.first.label, pair.second.label) for pair in across} == mechanisms | settings


def test_settings_are_compared_where_there_is_one_mechanism(make_run: Make) -> None:
    (pair,) = bleu_pairs(*(make_run("dot", hidden_size=size, bleu=float(size)) for size in (64, 128)))
    assert (pair.first.label, pair.second.label) == ("dot · 128 units", "dot · 64 units")


def test_all_others_are_compared_with_one(make_run: Make) -> None:
    runs = [make_run(name, bleu=bleu) for name, bleu in (("none", 1.0), ("dot", 2.0), ("general", 3.0))]
    pairs = bleu_pairs(*runs, scope=Scope(against="dot"))
    assert {(pair.first.attention, pair.second.attention) for pair in pairs} == {("dot", "none"), ("general", "dot")}


def test_an_unknown_mechanism_to_compare_with_is_refused(make_run: Make) -> None:
    message = "Unknown against=dott. Known: dot, none. Did you mean 'dot'?"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        families(make_run("dot", bleu=1.0), make_run("none", bleu=1.0), scope=Scope(against="dott"))


def test_the_options_that_differ_are_listed(make_run: Make) -> None:
    runs = [
        make_run("dot", bleu=2.0, attention__score="dot", attention__query_time="current"),
        make_run("bahdanau", bleu=1.0, attention__score="additive", attention__query_time="previous"),
    ]
    (pair,) = bleu_pairs(*runs)
    assert pair.options == ("attention.query_time", "attention.score")


def test_different_data_or_different_test_sets_are_never_compared(make_run: Make) -> None:
    assert families(*(make_run(data=data, bleu=1.0) for data in ("copy", "sort"))) == {}
    one, other = (drawn_sentences(0.5, count=count) for count in (5, 7))
    assert families(make_run("dot", bleu=1.0, sentences=one), make_run("none", bleu=1.0, sentences=other)) == {}


def test_test_sets_that_are_scored_in_different_ways_are_never_compared(make_run: Make) -> None:
    runs = [
        make_run(name, bleu=1.0, origin={"bleu_signature": f"case:{case}"})
        for name, case in (("dot", "lc"), ("none", "mixed"))
    ]
    assert families(*runs) == {}


def test_test_sets_are_compared_by_the_digest_of_what_is_scored(make_run: Make) -> None:
    # data.lowercase changes the references and leaves their numbers of words, and sacreBLEU's signature, as they are
    rows = drawn_sentences(0.5, count=7)

    def run(name: str, digest: str) -> Run:
        return make_run(name, bleu=1.0, sentences=rows, origin={"test_digest": digest})

    assert families(run("dot", "a"), run("none", "b")) == {}
    assert families(run("dot", "a"), run("none", "a")).keys() == families(run("dot", "a"), run("none", "")).keys() != {}


def test_exact_matches_and_alignment_errors_are_compared_over_seeds_and_sentences(make_run: Make) -> None:
    runs = []
    for name, share in (("dot", 0.9), ("none", 0.2)):
        for seed in (1, 2, 3):
            generator = np.random.default_rng([seed, round(10 * share)])
            rows = drawn_sentences(share, count=160, seed=seed)
            columns = {**rows, "exact_match": generator.binomial(1, share, 160)}
            aligned = {
                "source_tokens": rows["source_tokens"],
                "agreements": generator.binomial(10, share, 160),
                "links": np.full(160, 10),
            }
            runs.append(make_run(name, seed=seed, sentences=columns, alignments=aligned, metrics=quality(columns, 20)))
    pairs = {pair.key: pair for pair in families(*runs)["further metrics"].pairs}
    for key in ("test/exact_match", "align/aer_within", "align/aer_beyond"):
        assert pairs[key].first.attention == "dot"
        assert pairs[key].difference.bounds is Bounds.OVER_BOTH
        assert pairs[key].distinguished


def test_bleu_within_and_beyond_the_limit_are_families_of_their_own(make_run: Make) -> None:
    runs = [*scored(make_run, "dot", 0.9), *scored(make_run, "none", 0.2), *scored(make_run, "general", 0.5)]
    found = families(*runs)
    assert list(found) == ["BLEU within the limit", "BLEU beyond the limit", "further metrics"]
    for family in found.values():
        assert [pair.p_holm for pair in family.pairs] == pytest.approx(holm([pair.p for pair in family.pairs]))
    assert {pair.key for pair in found["further metrics"].pairs} == {
        "length/slope",
        "length/retention",
        "length/extrapolation",
    }


def test_without_longer_sentences_the_whole_test_set_is_compared(make_run: Make) -> None:
    runs = [*scored(make_run, "dot", 0.9, sequence_length=50), *scored(make_run, "none", 0.2, sequence_length=50)]
    assert "BLEU" in families(*runs)


def test_sentences_widen_the_interval_of_a_difference_of_equal_seeds(make_run: Make) -> None:
    # The same statistics under every seed: seeds do not vary, the draw of sentences does.
    rows = {name: drawn_sentences(share, count=160) for name, share in (("dot", 0.6), ("none", 0.5))}
    runs = [
        make_run(name, seed=seed, sentences=found, metrics=quality(found, 50), sequence_length=50)
        for name, found in rows.items()
        for seed in (1, 2, 3)
    ]
    (pair,) = bleu_pairs(*runs)
    assert pair.difference.crossed is not None
    assert pair.difference.crossed.seed_variance == 0
    assert pair.difference.crossed.sentence_variance > 0
    assert pair.difference.low < pair.difference.value < pair.difference.high


def test_on_a_ratio_scale_a_difference_is_a_quotient(make_run: Make) -> None:
    def perplexity(seed: int, value: float) -> dict[str, float]:
        return {"test/bleu": float(seed), "test/perplexity": value}

    runs = [
        make_run(name, seed=seed, metrics=perplexity(seed, value))
        for name, values in (("dot", (2.0, 4.0, 8.0)), ("none", (4.0, 8.0, 16.0)))
        for seed, value in enumerate(values, start=1)
    ]
    (pair,) = families(*runs)["further metrics"].pairs
    assert (pair.first.attention, pair.difference.value) == ("dot", pytest.approx(0.5))


def test_a_margin_asks_which_variants_are_equal(make_run: Make) -> None:
    runs = [
        make_run(name, seed=seed, bleu=40.0 + offset + 0.01 * seed * (name == "dot"))
        for name, offset in (("dot", 0.0), ("none", 0.02), ("general", 5.0))
        for seed in (1, 2, 3)
    ]
    pairs = bleu_pairs(*runs, scope=Scope(margin=0.5))
    equal = {frozenset((pair.first.attention, pair.second.attention)) for pair in pairs if pair.equivalent}
    assert equal == {frozenset(("dot", "none"))}
    assert not any(pair.equivalent for pair in bleu_pairs(*runs))
