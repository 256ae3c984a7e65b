"""`python -m attnbench`, whose runs time their own optimiser steps."""

import sys

from attnbench.sweep import main

if __name__ == "__main__":
    sys.exit(main(worker=(sys.executable, "-m", "experiments.overhead.worker")))
