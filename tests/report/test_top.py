"""What stands above the sections."""

import pytest

from attnbench.config import RESULTS_VERSION
from attnbench.report.comparison.study import study_of
from attnbench.report.render.elements import Notice
from attnbench.report.sections.top import age, question, summary
from attnbench.report.sources.runs import Runs
from tests.report.reading import Make


def test_one_line_says_what_was_compared(make_run: Make) -> None:
    runs = [make_run(name, seed=seed, bleu=1.0) for name in ("none", "dot") for seed in (1, 2, 3)]
    failed = make_run("general", status="FAILED")
    assert summary(study_of(Runs.of("small", [*runs, failed]))) == (
        "none, dot, general · grammar · 3 variants · 3 seeds · 6 of 7 runs finished"
    )


def test_the_question_of_the_study_stands_at_the_top(make_run: Make) -> None:
    runs = [make_run(name, bleu=1.0, question="Which is best?") for name in ("none", "dot")]
    assert question(study_of(Runs.of("small", runs))) == "Which is best?"
    assert question(study_of(Runs.of("small", [make_run(bleu=1.0)]))) == ""


def test_runs_of_this_version_need_no_notice(make_run: Make) -> None:
    assert age(study_of(Runs.of("small", [make_run(bleu=1.0)]))) is None


@pytest.mark.parametrize(
    ("version", "made"),
    [
        (RESULTS_VERSION - 1, f"These runs were made under results version {RESULTS_VERSION - 1}"),
        (RESULTS_VERSION + 1, f"These runs were made under results version {RESULTS_VERSION + 1}"),
        (None, "These runs do not record under which results version they were made"),
    ],
)
def test_runs_of_another_version_are_announced(make_run: Make, version: int | None, made: str) -> None:
    run = make_run(bleu=1.0, origin={"results_version": version, "command": "python -m attnbench seed=1"})
    assert age(study_of(Runs.of("small", [run]))) == Notice(
        "Made under another results version",
        (
            f"{made}; this code is at version {RESULTS_VERSION}, and the same configuration may give other numbers.",
            "Train again with this code: `python -m attnbench seed=1`.",
        ),
    )
