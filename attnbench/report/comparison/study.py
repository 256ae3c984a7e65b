"""The study that a report is about: its runs, variants, comparisons, and what was selected.

The code of two results versions may compute different numbers, so their runs are never compared.
"""

from collections import Counter
from dataclasses import dataclass, replace

from attnbench.report.comparison.pairs import Family, Scope, families_of
from attnbench.report.comparison.selection import Selection, check, select
from attnbench.report.comparison.variants import Variant, factors_of, is_profile, variants_of
from attnbench.report.sources.runs import Run, Runs, mechanism_order, natural
from attnbench.wording import counted, listed


@dataclass(frozen=True, eq=False)
class Study:
    """Everything that the sections show; `runs` are all, `variants` of the training runs that are compared."""

    name: str
    runs: tuple[Run, ...]
    variants: tuple[Variant, ...]
    profiles: tuple[Variant, ...]
    families: tuple[Family, ...]
    scope: Scope
    selection: Selection | None
    remarks: tuple[str, ...]

    @property
    def mechanisms(self) -> list[str]:
        """The attentions of all runs, in the order in which they are shown."""
        return sorted({run.params["attention"] for run in self.runs}, key=mechanism_order)

    @property
    def results_version(self) -> int | None:
        """Of the finished runs, which is one for all; None where it was not recorded."""
        return next(run.origin.results_version for run in self.runs if run.finished)

    @property
    def finished(self) -> tuple[Variant, ...]:
        """The training variants with a finished run."""
        return tuple(variant for variant in self.variants if variant.runs)

    @property
    def compared(self) -> tuple[Run, ...]:
        """The finished runs that count in the tables."""
        return tuple(run for variant in (*self.variants, *self.profiles) for run in variant.runs)

    @property
    def failed(self) -> tuple[Run, ...]:
        """The runs without a complete result."""
        return tuple(run for run in self.runs if not run.finished)


def study_of(runs: Runs, *, metric: str | None = None, over: str | None = None, scope: Scope | None = None) -> Study:
    """Prepares a study, with the runs that are best in the validation metric `metric` over the option `over`.

    `scope` says which pairs are compared: by default all of mechanisms in one setting.

    Raises:
        ValueError: there is no finished run, runs are of different results versions, or the selection or the scope is
            not possible.
    """
    if metric is not None:
        check(metric, over)
    elif over is not None:
        raise ValueError(f"over={over} needs a validation metric to choose on. Add select=valid/bleu.")
    if not any(run.finished for run in runs.runs):
        raise ValueError(_nothing_finished(runs))
    _check_versions(runs)
    kept, selection = select(runs.runs, metric, over) if metric and over else (runs.runs, None)
    training = [run for run in kept if not is_profile(run)]
    profiling = [run for run in kept if is_profile(run)]
    variants = variants_of(training, factors_of(training, over.split(",") if over else []))
    scope = scope or Scope()
    return Study(
        name=runs.study,
        runs=runs.runs,
        variants=variants,
        profiles=variants_of(profiling, factors_of(profiling)),
        families=families_of([variant for variant in variants if variant.runs], scope),
        scope=scope,
        selection=selection,
        remarks=runs.remarks,
    )


def _nothing_finished(runs: Runs) -> str:
    if not runs.runs:
        return f"Study {runs.study!r} has no runs. Expected at least one that finished: train, python -m attnbench."
    counts = sorted(Counter(run.status for run in runs.runs).items())
    return (
        f"Study {runs.study!r} has no finished run. Expected at least one, received "
        f"{listed([f'{count} {status}' for status, count in counts])}. "
        "See the run.log of a failed run; the command that started the study resumes it."
    )


def _version(run: Run) -> str:
    return "unknown" if run.origin.results_version is None else str(run.origin.results_version)


def of_version(runs: Runs, version: str) -> Runs:
    """The runs of one results version.

    Raises:
        ValueError: there is none.
    """
    kept = tuple(run for run in runs.runs if _version(run) == version)
    if not kept:
        known = sorted({_version(run) for run in runs.runs}, key=natural)
        raise ValueError(f"Study {runs.study!r} has no run with results_version={version}. Known: {', '.join(known)}.")
    return replace(runs, runs=kept)


def _check_versions(runs: Runs) -> None:
    """Raises ValueError where finished runs are of different results versions."""
    counts = Counter(_version(run) for run in runs.runs if run.finished)
    versions = sorted(counts, key=natural)
    if len(versions) > 1:
        newest = [version for version in versions if version != "unknown"][-1]
        found = listed([f"{version} ({counted(counts[version], 'run')})" for version in versions])
        raise ValueError(
            f"The finished runs of study {runs.study!r} were made under different results versions: {found}. Their "
            f"numbers cannot be compared. Report one version, for example results_version={newest}, or train all runs "
            "under one version."
        )
