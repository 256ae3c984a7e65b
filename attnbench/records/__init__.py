"""The record of a run and of a sweep: what each file holds, and how it is written so that a kill loses nothing.

folder      the files of a run's folder, one line each, and its lock
facts       what identifies a run besides its configuration, and where it comes from
events      statuses and points of histories, in order, one a line
result      what a finished run reports; the other records that its process writes
sentences   numbers of each sentence of the test set, and of each pair with gold links
sent        what each MLflow store has of a run
plan        the frozen plan of a sweep
tuned       the options that a report chose for each mechanism
status      statuses, reasons, exit codes, and what "out of memory" looks like
files       one atomic writer, one reader that checks what it reads; locks: locked files
"""

from attnbench.records.events import MetricsEvent, StatusEvent
from attnbench.records.facts import Facts, Provenance, RunIdentity
from attnbench.records.files import DamagedError, read_record, write_atomically, write_record
from attnbench.records.folder import Artifact, RunFolder, run_folders
from attnbench.records.locks import Lock, SharedLock, acquire, machine_folder, wait_for
from attnbench.records.plan import Entry, Plan
from attnbench.records.result import AttentionMap, Forecast, Progress, Result, Round, Vocabularies, Window
from attnbench.records.sent import Sent
from attnbench.records.sentences import read_sentences, write_sentences
from attnbench.records.status import ExitCode, Outcome, RunFailure, Status, Stopped
from attnbench.records.tuned import Tuned

__all__ = [
    "Artifact",
    "AttentionMap",
    "DamagedError",
    "Entry",
    "ExitCode",
    "Facts",
    "Forecast",
    "Lock",
    "MetricsEvent",
    "Outcome",
    "Plan",
    "Progress",
    "Provenance",
    "Result",
    "Round",
    "RunFailure",
    "RunFolder",
    "RunIdentity",
    "Sent",
    "SharedLock",
    "Status",
    "StatusEvent",
    "Stopped",
    "Tuned",
    "Vocabularies",
    "Window",
    "acquire",
    "machine_folder",
    "read_record",
    "read_sentences",
    "run_folders",
    "wait_for",
    "write_atomically",
    "write_record",
    "write_sentences",
]
