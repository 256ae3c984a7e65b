"""Tasks on runs that have finished: `task=translate`, `task=align`, `task=sync`."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from attnbench.checks import suggestion
from attnbench.config import RunConfig
from attnbench.launch import environment, finalize_abandoned
from attnbench.records import DamagedError, ExitCode, Plan, RunFolder
from attnbench.records.plan import PLANS
from attnbench.sweep.facts import Survey
from attnbench.tracking import Forwarder, Store, StoreError, check_uri, open_store, public
from attnbench.wording import counted


def find_run(runs_dir: Path, name: str) -> RunFolder:
    """The finished run whose signature begins with `name`, or whose folder has that name.

    Raises:
        ValueError: none or several do, or the one that does has not finished.
    """
    folders = [RunFolder(path.parent) for path in sorted(runs_dir.glob(f"*/{RunFolder.facts.name}"))]
    signatures = {folder: folder.facts.required().signature for folder in folders}
    matching = [folder for folder, signed in signatures.items() if signed.startswith(name) or folder.path.name == name]
    if not matching:
        choices = [signed[:10] for signed in signatures.values()]
        near = suggestion(name[:10], choices)
        raise ValueError(f"No run {name!r} among the {len(choices)} in {runs_dir}.{near} Give the signature of one.")
    if len(matching) > 1:
        beginnings = ", ".join(signatures[folder][:10] for folder in matching)
        raise ValueError(f"run={name} is the beginning of {len(matching)} signatures: {beginnings}. Give more of it.")
    if not matching[0].finished():
        raise ValueError(f"The run {matching[0].path.name} has not finished. Repeat the command that started it.")
    return matching[0]


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
    trained = folder.config.required()
    survey = Survey(parallel=1)
    decided = survey.decide(replace(trained, device=config.device, threads=config.threads))
    gpu = survey.first_gpu.uuid if decided.device == "gpu" else None
    arguments = [str(folder.path), config.task, source, config.output or "-"]
    return subprocess.run([*command, *arguments], env={**os.environ, **environment(decided, gpu)}).returncode


def _sync(config: RunConfig, _command: Sequence[str]) -> int:
    """Sends every run folder's unsent events to the store and prints how many runs that were."""
    check_uri(config.tracking.uri)
    runs_dir = Path(config.runs_dir)
    if not runs_dir.is_dir():
        raise ValueError(f"No folder {config.runs_dir!r} with runs to send. Give runs_dir=DIR.")
    store, studies = open_store(config.tracking.uri), _studies(runs_dir)
    folders = [RunFolder(path.parent) for path in sorted(runs_dir.glob(f"*/{RunFolder.events.name}"))]
    try:
        sent = [sum(send(folder, store, study) for study in studies[folder.path.name]) > 0 for folder in folders]
    except StoreError:
        return ExitCode.FAILED
    new = sum(sent)
    print(f"Sent {counted(new, 'run')} to {public(config.tracking.uri)}; {len(sent) - new} were there already.")
    return ExitCode.FINISHED


def _studies(runs_dir: Path) -> dict[str, list[str]]:
    """The studies that a run belongs to, by its folder's name: the one that made it and all that planned it."""
    folders = [RunFolder(path.parent) for path in runs_dir.glob(f"*/{RunFolder.config.name}")]
    studies = {folder.path.name: {folder.config.required().study} for folder in folders}
    for path in sorted((runs_dir / PLANS).glob("*.json")):
        try:
            plan = Plan.read(path)
        except DamagedError as error:  # or written by another version
            print(f"Plan skipped: {error}", file=sys.stderr)
            continue
        for entry in plan.entries:
            studies.setdefault(entry.folder, set()).add(plan.study)
    return {name: sorted(names) for name, names in studies.items()}


def send(folder: RunFolder, store: Store, study: str) -> bool:
    """Sends what the experiment of `study` lacks of a run, finalized first if its process died; whether there was any.

    Raises:
        StoreError: the store does not answer.
    """
    finalize_abandoned(folder)
    forwarder = Forwarder(folder, store, study)
    before = forwarder.sent()
    forwarder.forward(finalize=not folder.locked(), insist=True)
    return forwarder.sent() != before


TASKS: dict[str, Callable[[RunConfig, Sequence[str]], int]] = {"translate": _decode, "align": _decode, "sync": _sync}
"""What is done at once, without a plan, given the configuration and the child's command; returns the exit code."""
