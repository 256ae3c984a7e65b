"""One command, from its command line to a summary: the only part that knows Hydra.

command     the whole of it, from top to bottom
request     what Hydra makes of the command line: jobs and a launcher; plugins/ is where Hydra hands it over
compose     overrides -> one checked configuration a job
plan        jobs -> signed runs and what is there of them already, frozen in a file
facts       what else identifies a run, with devices and source_digest
work        does the plan's runs, in this process or in those of a launcher
finished    tasks on runs that have finished: translate, align, sync
table       the plan and the comparison on the terminal; display shows a run while it lasts, and holds the words
errors      Hydra's errors, one message each
"""

from attnbench.sweep.command import main

__all__ = ["main"]
