"""Results versions: runs of different versions may differ by what the code computes, and are never compared."""

from collections import Counter
from dataclasses import replace

from attnbench.report.sources.runs import Run, Runs
from attnbench.wording import counted, listed

UNKNOWN = "unknown"


def version_of(run: Run) -> str:
    """The results version of a run, `unknown` where it was not recorded."""
    version = run.origin.results_version
    return UNKNOWN if version is None else str(version)


def of_version(runs: Runs, version: str) -> Runs:
    """The runs of one results version.

    Raises:
        ValueError: there is none.
    """
    kept = tuple(run for run in runs.runs if version_of(run) == version)
    if not kept:
        known = sorted({version_of(run) for run in runs.runs})
        raise ValueError(f"Study {runs.study!r} has no run with results_version={version}. Known: {', '.join(known)}.")
    return replace(runs, runs=kept)


def check_versions(runs: Runs) -> None:
    """Raises ValueError where finished runs are of different results versions."""
    counts = Counter(version_of(run) for run in runs.runs if run.finished)
    if len(counts) > 1:
        versions = listed([f"{version} ({counted(count, 'run')})" for version, count in sorted(counts.items())])
        raise ValueError(
            f"The finished runs of study {runs.study!r} were made under different results versions: {versions}. Their "
            "numbers cannot be compared. Report one version, for example "
            f"results_version={max(counts, key=_newest_last)}, or train all runs under one version."
        )


def _newest_last(version: str) -> int:
    return -1 if version == UNKNOWN else int(version)
