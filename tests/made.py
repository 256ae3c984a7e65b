"""Records with readable defaults, built by the package's own constructors; a test names only what it is about."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from attnbench.config import RESULTS_VERSION, RunConfig
from attnbench.records import (
    Entry,
    Facts,
    Forecast,
    MetricsEvent,
    Outcome,
    Plan,
    Provenance,
    Result,
    Round,
    RunFolder,
    RunIdentity,
    Status,
    StatusEvent,
    Window,
)
from attnbench.records.sentences import SCORED

SIGNATURE = "3f" * 32
VERSIONS = {"attnbench": "0.1.0", "keras": "3.15.1", "tensorflow": "2.21.0"}


def facts(**changes: Any) -> Facts:
    """Facts of a run on a processor, with one thread."""
    known = Facts(data={"train": "0123abcd"}, device="a processor", mechanism=None, threads=1, versions=VERSIONS)
    return replace(known, **changes)


def provenance(**changes: Any) -> Provenance:
    """Of a clean checkout."""
    known = Provenance(
        command="python -m attnbench -m attention=dot,general",
        commit="c0ffee" * 6 + "c0ff",
        dirty=False,
        device="a processor",
        python="3.11.7",
        started="2026-01-02T03:04:05+00:00",
        versions=VERSIONS,
    )
    return replace(known, **changes)


def identity(signature: str = SIGNATURE, **changes: Any) -> RunIdentity:
    """The content of facts.json: `identity("5" * 64, facts=facts(threads=2))`."""
    return replace(RunIdentity(signature, facts(), provenance(), RESULTS_VERSION), **changes)


def result(metrics: Mapping[str, float] | None = None, **changes: Any) -> Result:
    """A finished training run's: `result({"test/bleu": 43.0}, notes=["..."])`."""
    known = Result(
        task="train",
        signature=SIGNATURE,
        metrics=dict(metrics or {}),
        vocabularies={"source": 11, "target": 13},
        duration_seconds=60.0,
        results_version=RESULTS_VERSION,
        bleu_signature="nrefs:1|case:mixed|tok:none",
        chrf_signature="nrefs:1|case:mixed",
    )
    return replace(known, **changes)


def sentences(rows: Sequence[Sequence[int]]) -> dict[str, npt.NDArray[np.int64]]:
    """The columns that every sentences.csv has, of sentences with the numbers in `rows`."""
    return dict(zip(SCORED, np.array(rows, dtype=np.int64).T, strict=True))


def profile_round(**changes: Any) -> Round:
    """A round of a profile with one timed step and one timed decoding."""
    known = Round(
        training=[Window(0.5, 1, 100)],
        decoding=[Window(0.25, 1, 100)],
        compile_seconds=1.0,
        rate=1e9,
        flops=1e6,
        peaks={"memory/train_peak_bytes": 7e6},
        parameters={"model/parameters": 1000.0},
        seconds=2.0,
    )
    return replace(known, **changes)


def forecast(**changes: Any) -> Forecast:
    """What a long profile was forecast to need."""
    known = Forecast(
        measured={"128": [1e6, 0.5, 0.25]},
        peak_bytes=2.0**30,
        total_seconds=60.0,
        needs={},
        seconds=2.0,
    )
    return replace(known, **changes)


def entry(folder: str, config: RunConfig, **changes: Any) -> Entry:
    """A run of a plan that has not started."""
    return replace(Entry(folder, config, identity(), overrides=[], status=Status.SCHEDULED), **changes)


def plan(*entries: Entry, **changes: Any) -> Plan:
    """A sweep over `entries`, one run at a time."""
    known = Plan(
        study="small",
        command="python -m attnbench -m",
        created="2026-01-02T03:00:00+00:00",
        rerun="failed",
        parallel=1,
        entries=list(entries),
    )
    return replace(known, **changes)


def begin(folder: RunFolder, config: RunConfig, run_identity: RunIdentity | None = None) -> RunFolder:
    """Makes `folder` that of a run whose process has just started."""
    folder.config.write(config)
    folder.facts.write(run_identity or identity())
    folder.record(Outcome(Status.RUNNING))
    return folder


def finish(folder: RunFolder, metrics: Mapping[str, float] | None = None, **changes: Any) -> None:
    """Ends the run in `folder` as its process does: result.json, then the status."""
    folder.result.write(result(metrics, **changes))
    folder.record(Outcome(Status.FINISHED))


def statuses(folder: RunFolder) -> list[Status]:
    """The statuses that the events of `folder` hold, in order."""
    return [event.status for event in folder.read_events() if isinstance(event, StatusEvent)]


def points(folder: RunFolder) -> list[MetricsEvent]:
    """The points of histories that the events of `folder` hold, in order."""
    return [event for event in folder.read_events() if isinstance(event, MetricsEvent)]
