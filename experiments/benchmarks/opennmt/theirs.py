"""The side of OpenNMT-py: its training command, which waits after each of its reports.

    PYTHON -m experiments.benchmarks.opennmt.theirs ARGUMENTS_OF_ONMT_TRAIN

PYTHON is the interpreter of its own environment, which does not need attnbench.
"""

from typing import Any

import onmt.utils
from onmt.bin.train import main
from onmt.utils.report_manager import ReportMgr

from experiments.benchmarks.opennmt.turn import Turn


class _Reports(ReportMgr):
    """Sends the tokens and the seconds whose quotient OpenNMT-py logs; both are reset after a report."""

    def __init__(self, report_every: int, turn: Turn) -> None:
        super().__init__(report_every)
        self._turn = turn

    def _report_training(self, step: int, num_steps: int, learning_rate: float, patience: Any, stats: Any) -> None:
        self._turn.end(seconds=stats.elapsed_time(), target_tokens=stats.n_words)


if __name__ == "__main__":
    turn = Turn()
    onmt.utils.build_report_manager = lambda options, _: _Reports(options.report_every, turn)
    main()
