"""The life of one run's process: started with its share of the machine, watched, ended, its outcome kept."""

from attnbench.launch.outcome import finalize_abandoned
from attnbench.launch.run import WORKER, launch
from attnbench.launch.share import environment
from attnbench.launch.stop import Stop, stop_listening

__all__ = ["WORKER", "Stop", "environment", "finalize_abandoned", "launch", "stop_listening"]
