"""Where the numbers come from: commands, code, machine, versions, and how to compute the tables again."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from attnbench.report.comparison.study import Study
from attnbench.report.render.elements import Content, Table, Text
from attnbench.report.render.fields import text_field
from attnbench.report.sources.runs import Run
from attnbench.wording import counted, number

_FACTS = {
    "command": "command",
    "commit": "commit",
    "results_version": "results version",
    "dirty": "uncommitted changes",
    "device": "device",
    "threads": "threads",
    "python": "Python",
    "bleu_signature": "BLEU signature",
    "chrf_signature": "chrF signature",
    "notes": "notes",
}
"""Fields of a run's origin, and what they are called."""


def content(study: Study) -> Content:
    """One row a fact; where runs differ, every value with its number of runs."""
    facts = [fact for fact in _facts(study.runs) if fact[1]]
    if not facts:
        return "the source holds no commit, versions, device or command of the runs."
    chosen = f" select={study.selection.metric} over={','.join(study.selection.over)}" if study.selection else ""
    again = (
        "`runs.csv` holds every run, `sentences.csv.gz` (and `alignments.csv.gz`) the counts of every sentence, so all "
        "tests and intervals can be computed again: `python -m attnbench.report --csv FOLDER/runs.csv --output "
        f"FOLDER{chosen}` writes this report, with FOLDER the folder that holds it."
    )
    table = Table(
        slug="origin",
        caption="Code, machine and versions",
        fields=(
            text_field("what", lambda fact: fact[0]),
            text_field("value", lambda fact: fact[1], prose=True),
        ),
        rows=facts,
    )
    seconds = [run.origin.duration_seconds for run in study.compared if run.origin.duration_seconds is not None]
    spent = f"{counted(len(study.runs), 'run')}, {sum(run.finished for run in study.runs)} of them finished"
    if seconds:
        spent += f"; {_duration(sum(seconds))} of computing in the compared runs"
    return [Text(f"{spent}."), Text(again), table]


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{number(seconds, 0)} s"
    minutes = seconds / 60
    return f"{number(minutes, 0)} min" if minutes < 120 else f"{number(minutes / 60, 1)} h"


def _facts(runs: Sequence[Run]) -> Iterator[tuple[str, str]]:
    """Each fact with its value; the value is empty where no run has one."""
    for key, name in _FACTS.items():
        yield name, _shared(_text(getattr(run.origin, key)) for run in runs)
    times = sorted({run.origin.started for run in runs} - {""})
    yield "started", " to ".join(dict.fromkeys([*times[:1], *times[-1:]]))
    for package in sorted({name for run in runs for name in run.origin.versions}):
        yield package, _shared(run.origin.versions.get(package, "") for run in runs)
    digests = [run.origin.facts.data for run in runs if run.origin.facts]
    for role in sorted({role for one in digests for role in one}):
        yield f"sha256 data.{role}", _shared(one.get(role, "") for one in digests)
    yield "sha256 mechanism", _shared(run.origin.facts.mechanism or "" for run in runs if run.origin.facts)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "; ".join(map(str, value))
    return "" if value is None else str(value)


def _shared(values: Iterable[str]) -> str:
    """The value that all runs share, or each with the number of runs that have it."""
    counts = Counter(value for value in values if value)
    if len(counts) <= 1:
        return "".join(counts)
    return "; ".join(f"{value} ({counted(count, 'run')})" for value, count in counts.items())
