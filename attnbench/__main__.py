"""`python -m attnbench`: one run, a sweep, or a task on a finished run; see conf/config.yaml."""

import sys

from attnbench.sweep import main

if __name__ == "__main__":
    sys.exit(main())
