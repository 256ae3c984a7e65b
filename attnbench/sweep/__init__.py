"""One command, from a composed configuration to a summary: the only part that knows Hydra.

command     the entry: Hydra runs in the middle, the summary and the exit code come after it
compose     Hydra's overrides -> one mapping of options a run
hooks       where Hydra calls this package before its jobs start
plan        mappings -> checked configurations, signatures, what is there already; frozen in a file
facts       what identifies a run beside its configuration, with devices and mechanism
work        Hydra's task function: does the plan's runs and never raises
finished    tasks on runs that have finished: translate, align, sync
table       the plan and the comparison on the terminal, with words; display shows a run while it lasts
errors      Hydra's errors in one sentence each
"""

from attnbench.sweep.command import main

__all__ = ["main"]
