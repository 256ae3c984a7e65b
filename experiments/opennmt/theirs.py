"""OpenNMT-py's side: its training command, which hands the processor over after each of its reports.

    PYTHON -m experiments.opennmt.theirs OPTIONS_OF_ONMT_TRAIN

PYTHON is that of its own environment, which need not have attnbench.
"""

from typing import Any

import onmt.utils
from onmt.bin.train import main
from onmt.utils.report_manager import ReportMgr

from experiments.opennmt.turn import Turn


class _Reports(ReportMgr):
    """Tells the tokens and the seconds that OpenNMT-py itself divides in its log; both start anew after a report."""

    def __init__(self, report_every: int, turn: Turn) -> None:
        super().__init__(report_every)
        self._turn = turn

    def _report_training(self, step: int, num_steps: int, learning_rate: float, patience: Any, stats: Any) -> None:
        self._turn.end(seconds=stats.elapsed_time(), target_tokens=stats.n_words)


if __name__ == "__main__":
    turn = Turn()
    onmt.utils.build_report_manager = lambda options, _: _Reports(options.report_every, turn)
    main()
