"""The life of one run's process: started with its share of the machine, watched, ended, its outcome kept."""

from attnbench.launch.outcome import AGAIN, ELSEWHERE, Outcome
from attnbench.launch.run import WORKER, launch, settle_abandoned
from attnbench.launch.share import environment
from attnbench.launch.stop import Stop, stop_listening

__all__ = [
    "AGAIN",
    "ELSEWHERE",
    "Outcome",
    "Stop",
    "WORKER",
    "environment",
    "launch",
    "settle_abandoned",
    "stop_listening",
]
