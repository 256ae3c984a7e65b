"""Factors, variants and their order."""

from collections.abc import Callable
from pathlib import Path

import pytest

from attnbench.records import Status
from attnbench.report.comparison.pairs import Scope, families_of
from attnbench.report.comparison.variants import by_setting, factors_of, variants_of
from attnbench.report.sources.runs import Run, Runs
from attnbench.report.sources.saved import files_of, read
from tests import made

Make = Callable[..., Run]


def test_what_a_preset_sets_is_no_factor(make_run: Make) -> None:
    runs = [
        make_run("dot", attention__score="dot", attention__query_time="current"),
        make_run("bahdanau", attention__score="additive", attention__query_time="previous"),
    ]
    assert factors_of(runs) == ("attention",)


def test_an_option_varied_on_its_own_is_a_factor(make_run: Make) -> None:
    runs = [make_run(name, training__learning_rate=rate) for name in ("dot", "none") for rate in (0.001, 0.003)]
    assert factors_of(runs) == ("attention", "training.learning_rate")
    assert factors_of(runs, ignored=["training.learning_rate"]) == ("attention",)


def test_one_of_the_seven_is_a_factor_even_where_it_follows(make_run: Make) -> None:
    runs = [make_run("dot", hidden_size=128), make_run("bahdanau", hidden_size=256)]
    assert factors_of(runs) == ("attention", "hidden_size")


@pytest.mark.parametrize("option", ["seed", "study", "rerun", "time_limit_minutes", "profile__steps"])
def test_what_identifies_no_training_result_is_no_factor(make_run: Make, option: str) -> None:
    runs = [make_run("dot", **{option: 3}), make_run("dot", **{option: 5})]
    assert factors_of(runs) == ("attention",)


def test_profiles_know_no_data_and_no_training(make_run: Make) -> None:
    runs = [
        make_run("dot", task="profile", data="copy", training__epochs=3, profile__batch_size=16),
        make_run("dot", task="profile", data="sort", training__epochs=5, profile__batch_size=64),
    ]
    assert factors_of(runs) == ("attention", "profile.batch_size")


def test_runs_that_differ_only_in_the_seed_are_one_variant(make_run: Make) -> None:
    runs = [make_run("dot", seed=seed, bleu=10.0 * seed) for seed in (11, 2, 3)]
    (variant,) = variants_of(runs, ("attention",))
    assert (variant.seeds, variant.metric("test/bleu")) == ((2, 3, 11), [20.0, 30.0, 110.0])


def test_variants_stand_by_setting_in_numbers_then_by_mechanism(make_run: Make) -> None:
    names = ("zeta", "general", "bahdanau", "none")
    runs = [make_run(name, hidden_size=size) for name in names for size in ("1024", "64", "256")]
    variants = variants_of(runs, ("attention", "hidden_size"))
    assert [variant.label for variant in variants[:4]] == [
        f"{name} · 64 units" for name in ("none", "bahdanau", "general", "zeta")
    ]
    assert list(by_setting(variants)) == ["64 units", "256 units", "1024 units"]


def test_a_failed_seed_is_unfinished_unless_it_finished_elsewhere(make_run: Make) -> None:
    runs = [
        make_run("dot", seed=1),
        make_run("dot", seed=1, status=Status.FAILED, run_id="first try"),
        make_run("dot", seed=2, status=Status.KILLED),
    ]
    (variant,) = variants_of(runs, ("attention",))
    assert (variant.seeds, [run.seed for run in variant.unfinished]) == ((1,), [2])


def test_different_texts_under_one_name_are_variants_of_their_own(make_run: Make, tmp_path: Path) -> None:
    def of(folder: str, seed: int) -> Run:
        return make_run(
            "dot",
            seed=seed,
            data="files",
            bleu=10.0,
            run_id=f"{folder}-s{seed}",
            origin={"facts": made.facts(data={"train_source": folder})},
        )

    runs = Runs.of("small", [of(folder, seed) for folder in ("a", "b") for seed in (1, 2)])
    (tmp_path / "runs.csv").write_bytes(files_of(runs, {})["runs.csv"])
    for source in (runs, read(tmp_path / "runs.csv")):
        factors = factors_of(source.runs)
        variants = variants_of(source.runs, factors)
        assert factors == ("attention", "data.texts")
        assert {variant.label: [run.run_id for run in variant.runs] for variant in variants} == {
            f"dot · texts {runs.runs[index].text_digest}": names
            for index, names in ((0, ["a-s1", "a-s2"]), (1, ["b-s1", "b-s2"]))
        }
        assert {variant.data for variant in variants} == {f"files {run.text_digest}" for run in runs.runs}
        assert families_of(variants, Scope()) == ()


def test_equal_texts_are_one_variant_wherever_they_lie(make_run: Make) -> None:
    runs = [make_run("dot", seed=seed, origin={"facts": made.facts(data={"train": "a"})}) for seed in (1, 2)]
    assert "data.texts" not in Runs.of("small", runs).runs[0].params


def test_of_two_runs_of_a_seed_the_later_counts(make_run: Make) -> None:
    late = make_run("dot", run_id="a", bleu=2.0, origin={"started": "2026-02-01"})
    early = make_run("dot", run_id="b", bleu=1.0, origin={"started": "2026-01-01"})
    (variant,) = variants_of([late, early], ("attention",))
    assert (variant.metric("test/bleu"), variant.repeated) == ([2.0], (early,))
