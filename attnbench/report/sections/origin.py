"""Where the numbers come from: commands, code, machine, versions, and how to compute the tables again."""

from collections.abc import Iterator

import pandas as pd

from attnbench.mapping import flatten
from attnbench.report.comparison.study import Study
from attnbench.report.render.elements import Cell, Column, Section, Table, Text
from attnbench.report.sources.runs import Run
from attnbench.wording import counted, number

_FACTS = (
    ("command", "command"),
    ("commit", "commit"),
    ("dirty", "uncommitted changes"),
    ("started", "started"),
    ("device", "device"),
    ("threads", "threads"),
    ("python", "Python"),
    ("bleu_signature", "BLEU signature"),
    ("chrf_signature", "chrF signature"),
    ("notes", "notes"),
)


def section(study: Study) -> Section:
    """One row a fact; where runs differ, every value with its number of runs."""
    facts = [fact for fact in _facts(study) if fact[1]]
    if not facts:
        reason = "the source holds no commit, versions, device or command of the runs."
        return Section("origin", "Where the numbers come from", left_out=reason)
    chosen = f" select={study.selection.metric} over={study.selection.over}" if study.selection else ""
    command = f"python -m attnbench.report --csv reports/{study.name}/runs.csv{chosen}"
    again = (
        "`runs.csv` holds every run, `sentences.csv.gz` the BLEU statistics and length of every test sentence, so all "
        f"tests and intervals can be computed again: `{command}` writes this report."
    )
    return Section("origin", "Where the numbers come from", [Text(_spent(study)), Text(again), _table(facts)])


def _spent(study: Study) -> str:
    seconds = [float(run.provenance.get("duration_seconds", "nan")) for run in study.compared]
    known = [value for value in seconds if value == value]
    text = f"{counted(len(study.runs), 'run')}, {sum(run.finished for run in study.runs)} of them finished"
    return f"{text}; {_duration(sum(known))} of computing in the compared runs." if known else f"{text}."


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{number(seconds, 0)} s"
    minutes = seconds / 60
    return f"{number(minutes, 0)} min" if minutes < 120 else f"{number(minutes / 60, 1)} h"


def _facts(study: Study) -> Iterator[tuple[str, str]]:
    for key, name in _FACTS:
        if key == "started":
            times = sorted(str(run.provenance[key]) for run in study.runs if key in run.provenance)
            yield name, f"{times[0]} to {times[-1]}" if len(set(times)) > 1 else "".join(times[:1])
        else:
            yield name, _values(study.runs, [_text(run.provenance.get(key)) for run in study.runs])
    packages = sorted({name for run in study.runs for name in run.provenance.get("versions", {})})
    for package in packages:
        found = [_text(run.provenance.get("versions", {}).get(package)) for run in study.runs]
        yield package, _values(study.runs, found)
    digests = [flatten(run.provenance.get("facts", {})) for run in study.runs]
    for key in sorted({key for known in digests for key in known if key.startswith(("data", "digests"))}):
        yield f"sha256 {key}", _values(study.runs, [_text(known.get(key)) for known in digests])


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "; ".join(map(str, value))
    return "" if value is None else str(value)


def _values(runs: tuple[Run, ...], found: list[str]) -> str:
    """The value that all runs share, or each with the number of runs that have it."""
    counts: dict[str, int] = {}
    for value in found:
        if value:
            counts[value] = counts.get(value, 0) + 1
    if len(counts) <= 1:
        return next(iter(counts), "")
    return "; ".join(f"{value} ({counted(count, 'run')})" for value, count in counts.items())


def _table(facts: list[tuple[str, str]]) -> Table:
    return Table(
        slug="origin",
        caption="Code, machine and versions",
        columns=(Column("what", numeric=False), Column("value", numeric=False, prose=True)),
        rows=tuple((Cell(name), Cell(value)) for name, value in facts),
        data=pd.DataFrame(facts, columns=["what", "value"]),
    )
