"""The frozen plan of a sweep: every run, checked and signed before the first one starts."""

import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from attnbench.config import RunConfig
from attnbench.records.facts import RunIdentity
from attnbench.records.files import DamagedError, OpenRecord, read_record, write_record
from attnbench.records.status import Status

PLANS = "plans"
"""The folder of plans, in the folder of runs."""


@dataclass(frozen=True)
class Entry:
    """One run of a plan.

    Attributes:
        folder: its folder's name in runs_dir.
        config: its options, by which it is run whatever becomes of the files of conf/.
        identity: the content of its facts.json.
        overrides: by which the command line names it, but for locations, whose addresses can hold passwords.
        status: when the plan was made.
        reason: why it failed or was killed.
        commit: at which a finished run was made.
    """

    folder: str
    config: RunConfig
    identity: RunIdentity
    overrides: list[str]
    status: Status
    reason: str = ""
    commit: str | None = None

    @property
    def signature(self) -> str:
        """What identifies the run's results."""
        return self.identity.signature


@dataclass(frozen=True)
class Plan(OpenRecord):
    """A sweep's runs, each once.

    Attributes:
        study: MLflow experiment and report folder.
        command: as a user types it.
        created: UTC, ISO 8601.
        rerun: which runs are done again: none, failed or all.
        parallel: how many runs share this machine at once.
        entries: the runs.
    """

    study: str
    command: str
    created: str
    rerun: str
    parallel: int
    entries: list[Entry]

    def requests(self, entry: Entry) -> bool:
        """Whether this sweep does `entry`, going by what it was when the plan was made."""
        if entry.status == Status.FINISHED:
            return self.rerun == "all"
        return entry.status == Status.SCHEDULED or self.rerun != "none"

    def write(self, runs_dir: Path) -> Path:
        """Writes the plan into the folder of plans and returns its path."""
        stamp = re.sub(r"[^0-9]", "", self.created)[:14]
        path = runs_dir / PLANS / f"{self.study}-{stamp}-{secrets.token_hex(3)}.json"
        write_record(path, self)
        return path

    @classmethod
    def read(cls, path: Path) -> "Plan":
        """The plan that `path` holds.

        Raises:
            DamagedError: there is none in it.
        """
        plan = read_record(path, cls)
        if plan is None:
            raise DamagedError(f"No plan at {path}. Name one of the files in {path.parent}.")
        return plan


def planned_studies(runs_dir: Path) -> list[tuple[str, Path]]:
    """The study and the file of each plan in `runs_dir`, in the order in which they were made."""
    names = [(path.stem.rsplit("-", 2), path) for path in (runs_dir / PLANS).glob("*-*-*.json")]
    return [(study, path) for (study, *_), path in sorted(names, key=lambda name: name[0][1:])]
