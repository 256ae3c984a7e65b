"""A run as the report sees it, wherever it was read from, and the order in which runs and columns are written."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from attnbench.config import Role, role
from attnbench.presets import preset_names
from attnbench.records import AttentionMap, Facts, Status
from attnbench.scoring.bleu import Columns

TEXTS = "data.texts"
"""The param that tells different texts apart that one data set stood for, as `data=files` with two folders does."""

MECHANISMS = preset_names()
"""The order of the presets in every table and legend; others follow by name."""


@dataclass(frozen=True)
class Origin:
    """How a run came about, as far as it is known: what `records.Provenance`, `Facts` and `Result` say of it.

    Attributes:
        reason: why it did not finish.
        results_version: of the code that computed its numbers; None for runs made before it was recorded.
    """

    reason: str = ""
    results_version: int | None = None
    command: str = ""
    commit: str | None = None
    dirty: bool | None = None
    started: str = ""
    device: str = ""
    python: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    threads: int | None = None
    facts: Facts | None = None
    bleu_signature: str = ""
    chrf_signature: str = ""
    test_digest: str = ""
    notes: list[str] = field(default_factory=list)
    duration_seconds: float | None = None


@dataclass(frozen=True, eq=False)
class Run:
    """One run.

    Attributes:
        run_id: the name of its folder.
        status: of its last event; FINISHED where there is a result.
        params: every option by its dotted key, as text; options that only say where files lie are absent.
        metrics: the last value of each key.
        histories: `(step, value)` pairs of the keys in `metrics.HISTORIES`.
        sentences: numbers of each test sentence, see `records.sentences`; None where they are not at hand.
        alignments: of each pair with gold links, likewise.
        maps: attention maps of chosen test sentences.
    """

    run_id: str
    status: Status
    signature: str
    params: Mapping[str, str]
    metrics: Mapping[str, float] = field(default_factory=dict)
    histories: Mapping[str, tuple[tuple[int, float], ...]] = field(default_factory=dict)
    sentences: Columns | None = None
    alignments: Columns | None = None
    maps: Sequence[AttentionMap] = ()
    origin: Origin = Origin()

    @property
    def seed(self) -> int:
        """The seed of initial weights, batch order and dropout."""
        return int(self.params["seed"])

    @property
    def finished(self) -> bool:
        """Whether all of its results are there."""
        return self.status == Status.FINISHED

    @property
    def text_digest(self) -> str:
        """The first digits of a sha256 over the digests of the data set's texts; empty where these are unknown."""
        digests = self.origin.facts.data if self.origin.facts else {}
        return hashlib.sha256(json.dumps(digests, sort_keys=True).encode()).hexdigest()[:8] if digests else ""


@dataclass(frozen=True, eq=False)
class Runs:
    """The runs of one study, in canonical order; `remarks` say what a reader of their numbers must know."""

    study: str
    runs: tuple[Run, ...]
    remarks: tuple[str, ...] = ()

    @classmethod
    def of(cls, study: str, runs: Iterable[Run], remarks: Iterable[str] = ()) -> "Runs":
        """Marks different texts of one data set, and puts `runs` into the order that every source gives."""
        return cls(study, tuple(sorted(_with_texts(list(runs)), key=_order)), tuple(remarks))


def study_name(runs: Iterable[Run], folder: Path) -> str:
    """The study that the runs name; the folder's name where they name none, or several."""
    names = {run.params.get("study", "") for run in runs} - {""}
    return names.pop() if len(names) == 1 else folder.resolve().name


def texts(params: Mapping[str, Any]) -> dict[str, str]:
    """Params as the texts that MLflow stores, without empty ones and those that only say where files lie."""
    return {
        key: str(value)
        for key, value in sorted(params.items())
        if role(key) not in (Role.LOCATION, Role.INPUT) and str(value)
    }


def natural(text: str) -> tuple[Any, ...]:
    """Sorts numbers by size and before texts, texts by their letters."""
    try:
        return 0, float(text), text
    except ValueError:
        return 1, 0.0, text


def mechanism_order(name: str) -> tuple[int, str]:
    """Sorts attention names: the presets in their own order, others after them by name."""
    return (MECHANISMS.index(name) if name in MECHANISMS else len(MECHANISMS)), name


def _with_texts(runs: Sequence[Run]) -> Iterator[Run]:
    """The runs, with the param `TEXTS` where the texts of their data set are not the same in all of them."""
    digests: dict[str, set[str]] = defaultdict(set)
    for run in runs:
        digests[run.params["data"]] |= {run.text_digest} - {""}
    for run in runs:
        differ = run.text_digest and len(digests[run.params["data"]]) > 1
        yield replace(run, params={**run.params, TEXTS: run.text_digest}) if differ else run


def _order(run: Run) -> tuple[Any, ...]:
    params = run.params
    return (
        params.get("task", ""),
        params["data"],
        mechanism_order(params["attention"]),
        *(natural(params[key]) for key in ("hidden_size", "sequence_length", "backend", "precision", "seed")),
        run.run_id,
    )
