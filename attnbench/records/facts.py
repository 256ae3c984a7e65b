"""facts.json: what identifies a run besides its configuration, and where it comes from."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Facts:
    """What identifies a run besides its configuration; part of the signature.

    Attributes:
        data: sha256 of the texts by role, or of what decides a generated text; empty for a profile.
        device: model of the processor or GPU.
        mechanism: digest of a user mechanism's source.
        threads: CPU threads.
        versions: of backend and framework; values of the environment variables that change what these compute.
    """

    data: dict[str, str]
    device: str
    mechanism: str | None
    threads: int
    versions: dict[str, str]


@dataclass(frozen=True)
class Provenance:
    """Where results come from; no part of the signature.

    Attributes:
        command: as a user types it.
        commit: of the checkout; None outside one.
        dirty: whether code or configurations differed from it.
        device: model of the processor or GPU.
        python: version of Python.
        started: when the sweep was planned, UTC, ISO 8601.
        versions: of every package that matters.
    """

    command: str
    commit: str | None
    dirty: bool | None
    device: str
    python: str
    started: str
    versions: dict[str, str]


@dataclass(frozen=True)
class RunIdentity:
    """The content of facts.json; `results_version` is None for runs that were made before it was recorded."""

    signature: str
    facts: Facts
    provenance: Provenance
    results_version: int | None = None
