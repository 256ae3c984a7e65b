"""The plan before a sweep and the comparison after it, on the terminal."""

import os
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from attnbench.config import FACTORS, RunConfig, UsedBy, parameters, used_by
from attnbench.metrics import metric_of
from attnbench.records import Entry, Outcome, Plan, Result, RunFolder, Status
from attnbench.sweep.display import colour_of, duration, status_words
from attnbench.sweep.plan import current_outcome
from attnbench.wording import counted

SHOWN_RUNS = 40
"""How many runs of a plan a sweep lists before it starts."""

_FILE_WIDTH = 120
_COLUMNS = (
    "test/bleu",
    "length/bleu_within",
    "length/bleu_beyond",
    "speed/train_target_tokens_per_second",
    "speed/decode_target_tokens_per_second",
    "memory/train_peak_bytes",
)
"""The metrics of the comparison; one that no run has is omitted."""


def print_plan(plan: Plan, *, most_runs: int) -> None:
    """Prints what the sweep will do: shared options, then what varies and the status of each of `most_runs` runs."""
    console = _console()
    varying = varying_options(plan.entries)
    counts = Counter(status_words(Outcome(entry.status)) for entry in plan.entries)
    listed = ", ".join(f"{number} {words}" for words, number in counts.items())
    _print_line(console, (f"{plan.study}: ", "bold"), f"{counted(len(plan.entries), 'run')}: {listed}")
    _print_line(console, (_shared_options(plan.entries[0].config, varying), "dim"))
    _print_line(console, (_machine(plan), "dim"))
    table = _plain_table("run", *varying, last="status")
    for entry in plan.entries[:most_runs]:
        options = options_of(entry)
        table.add_row(entry.signature[:10], *(options.get(key, "") for key in varying), _status(plan, entry))
    console.print(table)
    console.print()
    if len(plan.entries) > most_runs:
        _print_line(console, (f"and {len(plan.entries) - most_runs} more; dry_run=true lists them all", "dim"))


def print_summary(plan: Plan, runs_dir: Path) -> None:
    """Prints the comparison of the finished runs and names each failure and its log."""
    console = _console()
    folders = {entry.signature: RunFolder(runs_dir / entry.folder) for entry in plan.entries}
    outcomes = {signature: current_outcome(folder) for signature, folder in folders.items()}
    unfinished = {folders[key]: outcome for key, outcome in outcomes.items() if outcome.status != Status.FINISHED}
    results = {key: folder.result.required() for key, folder in folders.items() if folder not in unfinished}
    if results:
        console.print()
        console.print(_comparison(plan, results))
    if unfinished:
        console.print()
        _print_unfinished(console, unfinished)


def varying_options(entries: Sequence[Entry]) -> list[str]:
    """The keys of the overrides in which runs differ, in the order of the command line."""
    values: dict[str, set[str]] = {}
    for entry in entries:
        for key, value in options_of(entry).items():
            values.setdefault(key, set()).add(value)
    return [key for key, different in values.items() if len(different) > 1]


def options_of(entry: Entry) -> dict[str, str]:
    """The overrides of a run by key: `{"attention": "dot"}`."""
    return dict(override.lstrip("+").split("=", 1) for override in entry.overrides if "=" in override)


def near(path: Path) -> Path:
    """`path` from the working folder where it lies below it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _shared_options(first: RunConfig, varying: Sequence[str]) -> str:
    values = parameters(first)
    unused = UsedBy.TRAINING if first.task == "profile" else UsedBy.PROFILE
    keys = [key for key in FACTORS if key not in varying and used_by(key) is not unused]
    return "  ".join(f"{key} {values[key]}" for key in keys)


def _machine(plan: Plan) -> str:
    identity = plan.entries[0].identity
    origin = identity.provenance
    words = [identity.facts.device, counted(identity.facts.threads, "thread")]
    if plan.parallel > 1:
        words.append(f"{plan.parallel} runs at once")
    if origin.commit:
        words.append(f"commit {origin.commit[:7]}{' with changes' if origin.dirty else ''}")
    return ", ".join(words)


def _status(plan: Plan, entry: Entry) -> Text:
    """How a run stands, and what the sweep does about it."""
    action = ""
    if entry.status != Status.SCHEDULED and not plan.requests(entry):
        current_commit = entry.identity.provenance.commit
        commit = f" at commit {entry.commit[:7]}" if entry.commit and entry.commit != current_commit else ""
        action = f"{commit}, skipped"
    elif entry.status == Status.ELSEWHERE:
        action = ", retried at the end"
    elif entry.status != Status.SCHEDULED:
        action = ", restarts" if plan.rerun == "all" else ", resumes"
    status = status_words(Outcome(entry.status, entry.reason))
    return Text.assemble((status, colour_of(entry.status)), (action, "dim"))


def _comparison(plan: Plan, results: Mapping[str, Result]) -> Table:
    varying = varying_options(plan.entries) or ["attention"]
    metrics = [metric_of(key) for key in _COLUMNS if any(key in result.metrics for result in results.values())]
    headings = [f"{metric.header or metric.name}\n{metric.shown_unit}".strip() for metric in metrics]
    table = _plain_table(*varying, numbers=[*headings, "time"])
    for entry in plan.entries:
        if entry.signature in results:
            result = results[entry.signature]
            options = {"attention": entry.config.attention.name} | options_of(entry)
            values = {key: metric_of(key).format(value) for key, value in result.metrics.items()}
            cells = [options.get(key, "") for key in varying] + [values.get(metric.key, "") for metric in metrics]
            table.add_row(*cells, duration(result.duration_seconds))
    return table


def _print_unfinished(console: Console, outcomes: Mapping[RunFolder, Outcome]) -> None:
    """A line and a log for each run that failed or was killed; the others are counted."""
    others: Counter[str] = Counter()
    for folder, outcome in outcomes.items():
        if outcome.status not in (Status.FAILED, Status.KILLED):
            others["not started" if outcome.status == Status.SCHEDULED else status_words(outcome)] += 1
            continue
        _print_line(console, (f"{folder.path.name}  ", "bold"), (status_words(outcome), colour_of(outcome.status)))
        if folder.log.exists():
            _print_line(console, (f"    log {near(folder.log.path)}", "dim"))
    for words, number in others.items():
        _print_line(console, f"{counted(number, 'run')} {words}")


def _console() -> Console:
    """A console for standard output that colours nothing of itself; wide where no terminal limits it."""
    limited = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console(highlight=False, width=None if limited else _FILE_WIDTH)


def _print_line(console: Console, *parts: str | tuple[str, str]) -> None:
    """Prints a line, which only a terminal folds; a part may come with its style."""
    console.print(Text.assemble(*parts), soft_wrap=not console.is_terminal)


def _plain_table(*texts: str, numbers: Sequence[str] = (), last: str | None = None) -> Table:
    """A table without walls; only its last column of text may be folded."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="dim", show_edge=False)
    for heading in texts:
        table.add_column(heading, no_wrap=True)
    for heading in numbers:
        table.add_column(heading, justify="right", no_wrap=True)
    if last is not None:
        table.add_column(last, overflow="fold")
    return table
