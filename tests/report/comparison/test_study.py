"""Runs of different results versions."""

from collections.abc import Callable

import pytest

from attnbench.report.comparison.study import of_version, study_of
from attnbench.report.sources.runs import Run, Runs

Make = Callable[..., Run]


def runs_of(make_run: Make, *versions: int | None) -> Runs:
    made = [
        make_run("dot", seed=seed, bleu=43.0, origin={"results_version": version})
        for seed, version in enumerate(versions, start=1)
    ]
    return Runs.of("small", made)


def test_runs_of_different_versions_are_refused(make_run: Make) -> None:
    with pytest.raises(ValueError, match="different results versions") as caught:
        study_of(runs_of(make_run, 3, 13, None, 3))
    assert str(caught.value) == (
        "The finished runs of study 'small' were made under different results versions: 3 (2 runs), 13 (1 run) and "
        "unknown (1 run). Their numbers cannot be compared. Report one version, for example results_version=13, or "
        "train all runs under one version."
    )


def test_a_run_that_did_not_finish_is_compared_with_nothing(make_run: Make) -> None:
    runs = Runs.of("small", [*runs_of(make_run, 3, 3).runs, make_run("none", status="FAILED")])
    assert study_of(runs).results_version == 3


def test_runs_that_record_no_version_are_a_study_of_unknown_version(make_run: Make) -> None:
    assert study_of(runs_of(make_run, None, None)).results_version is None


@pytest.mark.parametrize(("version", "seeds"), [("3", [1, 4]), ("13", [2]), ("unknown", [3])])
def test_one_version_can_be_chosen(make_run: Make, version: str, seeds: list[int]) -> None:
    assert [run.seed for run in of_version(runs_of(make_run, 3, 13, None, 3), version).runs] == seeds


def test_a_version_that_no_run_has_is_refused_with_those_that_are_there(make_run: Make) -> None:
    with pytest.raises(ValueError, match="no run") as caught:
        of_version(runs_of(make_run, 3, 13, None), "5")
    assert str(caught.value) == "Study 'small' has no run with results_version=5. Known: 3, 13, unknown."
