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
from attnbench.records import Entry, Outcome, Plan, Result, RunFolder, Status
from attnbench.sweep.plan import current_outcome
from attnbench.sweep.words import colour_of, count, counted, duration, megabytes, one_decimal, status_words

_SHOWN_RUNS = 40
_FILE_WIDTH = 120


def make_console() -> Console:
    """A console for standard output that colours nothing of itself; wide where no terminal limits it."""
    limited = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console(highlight=False, width=None if limited else _FILE_WIDTH)


def print_plan(plan: Plan, *, every_run: bool) -> None:
    """Prints what the sweep will do: shared options, then a line for each run with what varies and its status."""
    console = make_console()
    first = plan.entries[0].config
    varying = varying_options(plan.entries)
    console.print(Text.assemble((f"{plan.study}: ", "bold"), _counts(plan)), soft_wrap=not console.is_terminal)
    for line in (_shared_options(first, varying), _machine(plan, first)):
        console.print(Text(line, style="dim"), soft_wrap=not console.is_terminal)
    shown = plan.entries if every_run else plan.entries[:_SHOWN_RUNS]
    table = _plain_table("run", *varying, last="status")
    for entry in shown:
        options = options_of(entry)
        table.add_row(entry.signature[:10], *(options.get(key, "") for key in varying), _status(plan, entry))
    console.print(table)
    console.print()
    if len(shown) < len(plan.entries):
        console.print(Text(f"and {len(plan.entries) - len(shown)} more; dry_run=true lists them all", style="dim"))


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


def _counts(plan: Plan) -> str:
    names = {Status.SCHEDULED: "new", Status.FINISHED: "finished"}
    found = Counter(names.get(entry.status, status_words(Outcome(entry.status))) for entry in plan.entries)
    return f"{counted(len(plan.entries), 'run')}: " + ", ".join(f"{number} {name}" for name, number in found.items())


def _shared_options(first: RunConfig, varying: Sequence[str]) -> str:
    values = parameters(first)
    unused = UsedBy.TRAINING if first.task == "profile" else UsedBy.PROFILE
    keys = [key for key in FACTORS if key not in varying and used_by(key) is not unused]
    return "  ".join(f"{key} {values[key]}" for key in keys)


def _machine(plan: Plan, first: RunConfig) -> str:
    identity = plan.entries[0].identity
    origin = identity.provenance
    words = [identity.facts.device, counted(first.threads or 1, "thread")]
    if plan.parallel > 1:
        words.append(f"{plan.parallel} runs at once")
    if origin.commit:
        words.append(f"commit {origin.commit[:7]}{' with changes' if origin.dirty else ''}")
    return ", ".join(words)


def _status(plan: Plan, entry: Entry) -> Text:
    """How a run stands, and what the sweep does about it."""
    if entry.status == Status.SCHEDULED:
        return Text("new")
    if plan.requests(entry):
        action = "restarts" if plan.rerun == "all" else "resumes"
        action = f", {'retried at the end' if entry.status == Status.ELSEWHERE else action}"
    else:
        current_commit = entry.identity.provenance.commit
        action = f" at commit {entry.commit[:7]}" if entry.commit and entry.commit != current_commit else ""
        action += ", skipped"
    status = status_words(Outcome(entry.status, entry.reason))
    return Text.assemble((status, colour_of(entry.status)), (action, "dim"))


def print_summary(plan: Plan, runs_dir: Path) -> None:
    """Prints the comparison of the finished runs and names each failure and its log."""
    console = make_console()
    folders = {entry.signature: RunFolder(runs_dir / entry.folder) for entry in plan.entries}
    results = {signature: folder.result.required() for signature, folder in folders.items() if folder.finished()}
    if results:
        console.print()
        console.print(_comparison(plan, results))
    unfinished = [entry for entry in plan.entries if entry.signature not in results]
    if unfinished:
        console.print()
        _print_unfinished(console, unfinished, folders)


_COLUMNS = (
    ("BLEU", "test/bleu", one_decimal),
    ("within", "length/bleu_within", one_decimal),
    ("beyond", "length/bleu_beyond", one_decimal),
    ("train\ntokens/s", "speed/train_target_tokens_per_second", count),
    ("decode\ntokens/s", "speed/decode_target_tokens_per_second", count),
    ("peak\nMB", "memory/train_peak_bytes", megabytes),
)
"""The columns of the comparison: heading, metric key, how a number is written; one that no run has is left out."""


def _comparison(plan: Plan, results: Mapping[str, Result]) -> Table:
    varying = varying_options(plan.entries) or ["attention"]
    columns = [column for column in _COLUMNS if any(column[1] in result.metrics for result in results.values())]
    table = _plain_table(*varying, numbers=[*(heading for heading, _, _ in columns), "time"])
    for entry in plan.entries:
        if entry.signature in results:
            result = results[entry.signature]
            names = {"attention": entry.config.attention.name} | options_of(entry)
            numbers = [write(result.metrics[key]) if key in result.metrics else "" for _, key, write in columns]
            table.add_row(*(names.get(key, "") for key in varying), *numbers, duration(result.duration_seconds))
    return table


def _print_unfinished(console: Console, entries: Sequence[Entry], folders: Mapping[str, RunFolder]) -> None:
    """A line and a log for each run that failed or was killed; the others are counted."""
    others: Counter[str] = Counter()
    for entry in entries:
        folder = folders[entry.signature]
        outcome = current_outcome(folder)
        if outcome.status not in (Status.FAILED, Status.KILLED):
            scheduled = outcome.status == Status.SCHEDULED
            others["not started" if scheduled else status_words(Outcome(outcome.status))] += 1
            continue
        words = (status_words(outcome), colour_of(outcome.status))
        console.print(Text.assemble((f"{entry.folder}  ", "bold"), words), soft_wrap=not console.is_terminal)
        if folder.log.exists():
            console.print(Text(f"    log {near(folder.log.path)}", style="dim"), soft_wrap=not console.is_terminal)
    for words_of_others, number in others.items():
        console.print(f"{counted(number, 'run')} {words_of_others}")


def near(path: Path) -> Path:
    """`path` from the working folder where it lies below it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


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
