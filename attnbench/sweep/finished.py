"""Tasks on runs that have finished: `task=translate`, `task=align`, `task=sync`."""

import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from attnbench.checks import suggestion
from attnbench.config import RunConfig
from attnbench.launch import environment, finalize_abandoned
from attnbench.records import DamagedError, ExitCode, Plan, RunFolder, run_folders
from attnbench.records.plan import PLANS
from attnbench.sweep.errors import message
from attnbench.sweep.facts import Survey
from attnbench.tracking import Forwarder, Store, StoreError, check_uri, open_store, public
from attnbench.wording import counted


def find_run(runs_dir: Path, name: str) -> RunFolder:
    """The finished run whose signature begins with `name`, or whose folder has that name.

    Raises:
        ValueError: none or several do, or the one that does has not finished.
    """
    signatures = {folder: _signature(folder) for folder in run_folders(runs_dir)}
    matching = [folder for folder, signed in signatures.items() if signed.startswith(name) or folder.path.name == name]
    if not matching:
        choices = [signed[:10] for signed in signatures.values()]
        near = suggestion(name[:10], choices)
        raise ValueError(f"No run {name!r} among the {len(choices)} in {runs_dir}.{near} Give the signature of one.")
    if len(matching) > 1:
        beginnings = ", ".join(signatures[folder][:10] for folder in matching)
        raise ValueError(f"run={name} is the beginning of {len(matching)} signatures: {beginnings}. Give more of it.")
    matching[0].require_identity()
    if not matching[0].finished():
        raise ValueError(f"The run {matching[0].path.name} has not finished. Repeat the command that started it.")
    return matching[0]


def _signature(folder: RunFolder) -> str:
    """The run's signature; of a damaged run its beginning, which ends its folder's name."""
    try:
        return folder.facts.required().signature
    except DamagedError:
        return folder.path.name.rpartition("-")[2]


def _decode(config: RunConfig, command: Sequence[str]) -> int:
    """Gives a child process the finished run, the text and the path of the result."""
    for key in ("run", "input"):
        if getattr(config, key) is None:
            raise ValueError(f"task={config.task} needs {key}. Give run=SIGNATURE and input=FILE.")
    folder = find_run(Path(config.runs_dir), str(config.run))
    source = str(config.input)
    if source != "-" and not Path(source).is_file():
        raise ValueError(f"No file {source!r} to {config.task}. Give input=FILE.")
    if config.output is not None and not Path(config.output).absolute().parent.is_dir():
        folder_name = str(Path(config.output).parent)
        raise ValueError(f"No folder {folder_name!r} for output={config.output}. Create it first.")
    if config.output is not None and Path(config.output).is_dir():
        raise ValueError(f"output={config.output} is a folder. Name a file: output={Path(config.output) / 'FILE'}.")
    trained = folder.config.required()
    survey = Survey(parallel=1)
    decided = survey.decide(replace(trained, device=config.device, threads=config.threads))
    gpu = survey.first_gpu.uuid if decided.device == "gpu" else None
    arguments = [str(folder.path), config.task, source, config.output or "-"]
    return subprocess.run([*command, *arguments], env={**os.environ, **environment(decided, gpu)}).returncode


def _sync(config: RunConfig, _command: Sequence[str]) -> int:
    """Sends every run folder's unsent events to the store, prints how many runs that were, and names damaged ones."""
    check_uri(config.tracking.uri)
    runs_dir = Path(config.runs_dir)
    if not runs_dir.is_dir():
        raise ValueError(f"No folder {config.runs_dir!r} with runs to send. Give runs_dir=DIR.")
    store, studies = open_store(config.tracking.uri), _planned_studies(runs_dir)
    sent, damaged = [], False
    for folder in filter(RunFolder.started, run_folders(runs_dir)):
        try:
            names = sorted({folder.config.required().study, *studies[folder.path.name]})
            sent.append(sum(send(folder, store, study) for study in names) > 0)
        except (DamagedError, OSError) as error:
            damaged = True
            print(f"Not sent: {message(error)}", file=sys.stderr)
        except StoreError:
            return ExitCode.FAILED
    new = sum(sent)
    print(f"Sent {counted(new, 'run')} to {public(config.tracking.uri)}; {len(sent) - new} were there already.")
    return ExitCode.FAILED if damaged else ExitCode.FINISHED


def _planned_studies(runs_dir: Path) -> dict[str, set[str]]:
    """The studies that planned a run, by its folder's name."""
    studies: dict[str, set[str]] = defaultdict(set)
    for path in sorted((runs_dir / PLANS).glob("*.json")):
        try:
            plan = Plan.read(path)
        except DamagedError as error:  # or written by another version
            print(f"Plan skipped: {error}", file=sys.stderr)
            continue
        for entry in plan.entries:
            studies[entry.folder].add(plan.study)
    return studies


def send(folder: RunFolder, store: Store, study: str) -> bool:
    """Sends what the experiment of `study` lacks of a run, finalized first if its process died; whether there was any.

    Raises:
        StoreError: the store does not answer.
        DamagedError: a file of the run cannot be used.
    """
    finalize_abandoned(folder)
    forwarder = Forwarder(folder, store, study)
    before = forwarder.sent()
    forwarder.forward(finalize=not folder.locked(), insist=True)
    return forwarder.sent() != before


TASKS: dict[str, Callable[[RunConfig, Sequence[str]], int]] = {"translate": _decode, "align": _decode, "sync": _sync}
"""What is done at once, without a plan, given the configuration and the child's command; returns the exit code."""
