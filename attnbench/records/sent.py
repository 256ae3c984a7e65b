"""tracking.json: what each MLflow store has of a run, by study and store."""

from dataclasses import dataclass, field

from attnbench.records.status import Status


@dataclass
class Sent:
    """What one store's experiment has of a run.

    Attributes:
        run_id: MLflow's.
        event_bytes: of events.jsonl.
        steps: the last step of each metric.
        status: the last status event among those bytes; FINISHED where a result is complete.
        reason: of that status.
        milliseconds: when the last of those events was written, since 1970.
        finalized: the status with which the MLflow run was ended, with artifacts and final metrics; None before.
    """

    run_id: str
    event_bytes: int = 0
    steps: dict[str, int] = field(default_factory=dict)
    status: Status | None = None
    reason: str = ""
    milliseconds: int = 0
    finalized: Status | None = None
