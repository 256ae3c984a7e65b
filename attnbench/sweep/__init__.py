"""One command, from a composed configuration to a summary: the only part that knows Hydra.

compose    Hydra's overrides -> one mapping of options a run
plan       mappings -> checked configurations, signatures, what is there already; frozen in a file
hooks      where Hydra calls this package: before a sweep, and for each of its jobs
work       a job: skip, launch, or take turns; never raises
table      the plan and the summary on the terminal
"""

from attnbench.sweep.command import main

__all__ = ["main"]
