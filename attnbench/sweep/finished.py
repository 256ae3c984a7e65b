"""Tasks on runs that have finished: `task=translate`, `task=align`, `task=sync`."""

import os
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from attnbench.checks import suggestion
from attnbench.config import RunConfig
from attnbench.launch import environment, finalize_abandoned
from attnbench.records import Plan, RunFolder
from attnbench.records.plan import PLANS
from attnbench.sweep.facts import Survey
from attnbench.sweep.plan import store_uri
from attnbench.sweep.words import counted
from attnbench.tracking import Forwarder, Store, StoreError, check_uri, open_store, public


def do_task(config: RunConfig, command: Sequence[str]) -> int:
    """Does `config.task` and returns the exit code.

    Args:
        config: names the run, the input and the output.
        command: the child's command.

    Raises:
        ValueError: there is no such run, or no such input.
    """
    return TASKS[config.task](config, command)


def find_run(runs_dir: Path, wanted: str) -> RunFolder:
    """The finished run whose signature, or whose folder's name, begins with `wanted`.

    Raises:
        ValueError: none or several do, or the one that does has not finished.
    """
    folders = [RunFolder(path.parent) for path in sorted(runs_dir.glob(f"*/{RunFolder.facts.name}"))]
    signatures = {folder: folder.facts.required().signature for folder in folders}
    found = [folder for folder, signed in signatures.items() if signed.startswith(wanted) or folder.path.name == wanted]
    if not found:
        known = [signed[:10] for signed in signatures.values()]
        near = suggestion(wanted[:10], known)
        raise ValueError(f"No run {wanted!r} among the {len(known)} in {runs_dir}.{near} Give the signature of one.")
    if len(found) > 1:
        names = ", ".join(signatures[folder][:10] for folder in found)
        raise ValueError(f"run={wanted} is the beginning of {len(found)} signatures: {names}. Give more of it.")
    if not found[0].finished():
        raise ValueError(f"The run {found[0].path.name} has not finished. Give the command that began it again.")
    return found[0]


def _decode(config: RunConfig, command: Sequence[str]) -> int:
    """Hands the child the finished run, the text and the place for the result."""
    for key in ("run", "input"):
        if getattr(config, key) is None:
            raise ValueError(f"task={config.task} needs {key}. Give run=SIGNATURE and input=FILE.")
    folder = find_run(Path(config.runs_dir), str(config.run))
    source = str(config.input)
    if source != "-" and not Path(source).is_file():
        raise ValueError(f"No file {source!r} to {config.task}. Give input=FILE.")
    if config.output is not None and not Path(config.output).absolute().parent.is_dir():
        folder_name = str(Path(config.output).parent)
        raise ValueError(f"No folder {folder_name!r} for output={config.output}. Make it first.")
    trained = folder.config.required()
    survey = Survey(parallel=1)
    decided = survey.decide(replace(trained, device=config.device, threads=config.threads))
    gpu = survey.devices.gpus[0] if decided.device == "gpu" else None
    words = [*command, str(folder.path), config.task, source, config.output or "-"]
    return subprocess.run(words, env={**os.environ, **environment(decided, gpu)}).returncode


def _sync(config: RunConfig, _command: Sequence[str]) -> int:
    """Sends every run folder's unsent events to the store and says how many runs that were."""
    check_uri(config.tracking.uri)
    runs_dir = Path(config.runs_dir)
    if not runs_dir.is_dir():
        raise ValueError(f"No folder {config.runs_dir!r} with runs to send. Give runs_dir=DIR.")
    store, studies = open_store(store_uri(config)), _studies(runs_dir)
    folders = [RunFolder(path.parent) for path in sorted(runs_dir.glob(f"*/{RunFolder.events.name}"))]
    try:
        sent = [sum(send(folder, store, study) for study in studies[folder.path.name]) > 0 for folder in folders]
    except StoreError:
        return 1
    new = sum(sent)
    print(f"Sent {counted(new, 'run')} to {public(config.tracking.uri)}; {len(sent) - new} were there already.")
    return 0


def _studies(runs_dir: Path) -> dict[str, list[str]]:
    """The studies that a run belongs to, by its folder's name: the one that made it and all that planned it."""
    folders = [RunFolder(path.parent) for path in runs_dir.glob(f"*/{RunFolder.config.name}")]
    found = {folder.path.name: {folder.config.required().study} for folder in folders}
    for path in (runs_dir / PLANS).glob("*.json"):
        plan = Plan.read(path)
        for entry in plan.entries:
            found.setdefault(entry.folder, set()).add(plan.study)
    return {name: sorted(studies) for name, studies in found.items()}


def send(folder: RunFolder, store: Store, study: str) -> bool:
    """Sends what the experiment of `study` lacks of a run, settled first if its process died; whether there was any.

    Raises:
        StoreError: the store does not answer.
    """
    finalize_abandoned(folder)
    forwarder = Forwarder(folder, store, study)
    before = forwarder.complete(), forwarder.run_id()
    forwarder.forward(finalize=not folder.locked(), insist=True)
    return before != (True, forwarder.run_id())


TASKS: dict[str, Callable[[RunConfig, Sequence[str]], int]] = {"translate": _decode, "align": _decode, "sync": _sync}
"""What is done at once, without a plan; every other task is a run."""
