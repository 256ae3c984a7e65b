"""The study that a report is about: its runs, variants, pairs, and what was selected."""

from collections import Counter
from dataclasses import dataclass

from attnbench.report.comparison.pairs import Pair, pairs_of
from attnbench.report.comparison.selection import Selection, check, select
from attnbench.report.comparison.variants import Variant, factors_of, is_profile, variants_of
from attnbench.report.comparison.versions import check_versions
from attnbench.report.sources.runs import Run, Runs, mechanism_order
from attnbench.wording import listed


@dataclass(frozen=True, eq=False)
class Study:
    """Everything that the sections show.

    Attributes:
        name: the study's name.
        runs: all runs, in canonical order.
        variants: of the training runs that are compared.
        profiles: of the profiling runs.
        pairs: of `variants`.
        selection: what was selected on validation, if anything.
        remarks: what a reader of the numbers must know.
    """

    name: str
    runs: tuple[Run, ...]
    variants: tuple[Variant, ...]
    profiles: tuple[Variant, ...]
    pairs: tuple[Pair, ...]
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


def study_of(runs: Runs, *, metric: str | None = None, over: str | None = None) -> Study:
    """Prepares a study.

    Args:
        runs: what was read.
        metric: a validation metric to select on.
        over: the option to select over.

    Raises:
        ValueError: there is no finished run, runs are of different results versions, or the selection is not possible.
    """
    if metric is not None:
        check(metric, over)
    elif over is not None:
        raise ValueError(f"over={over} needs a validation metric to choose on. Add select=valid/bleu.")
    if not any(run.finished for run in runs.runs):
        raise ValueError(_nothing_finished(runs))
    check_versions(runs)
    kept, selection = select(runs.runs, metric, over) if metric and over else (runs.runs, None)
    training = [run for run in kept if not is_profile(run)]
    profiling = [run for run in kept if is_profile(run)]
    variants = variants_of(training, factors_of(training, [over] if over else []))
    return Study(
        name=runs.study,
        runs=runs.runs,
        variants=variants,
        profiles=variants_of(profiling, factors_of(profiling)),
        pairs=pairs_of([variant for variant in variants if variant.runs]),
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
