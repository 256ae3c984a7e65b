"""Results versions: the code of two versions may compute different numbers, so their runs are never compared."""

from collections import Counter
from dataclasses import replace

from attnbench.report.sources.runs import Run, Runs, natural
from attnbench.wording import counted, listed


def version_of(run: Run) -> str:
    """The results version of a run, `unknown` where it was not recorded."""
    version = run.origin.results_version
    return "unknown" if version is None else str(version)


def of_version(runs: Runs, version: str) -> Runs:
    """The runs of one results version.

    Raises:
        ValueError: there is none.
    """
    kept = tuple(run for run in runs.runs if version_of(run) == version)
    if not kept:
        known = sorted({version_of(run) for run in runs.runs}, key=natural)
        raise ValueError(f"Study {runs.study!r} has no run with results_version={version}. Known: {', '.join(known)}.")
    return replace(runs, runs=kept)


def check_versions(runs: Runs) -> None:
    """Raises ValueError where finished runs are of different results versions."""
    counts = Counter(version_of(run) for run in runs.runs if run.finished)
    versions = sorted(counts, key=natural)
    if len(versions) > 1:
        newest = [version for version in versions if version != "unknown"][-1]
        found = listed([f"{version} ({counted(counts[version], 'run')})" for version in versions])
        raise ValueError(
            f"The finished runs of study {runs.study!r} were made under different results versions: {found}. Their "
            f"numbers cannot be compared. Report one version, for example results_version={newest}, or train all runs "
            "under one version."
        )
