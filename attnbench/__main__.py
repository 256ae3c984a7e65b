"""`python -m attnbench`: one run, a sweep, or a task on a finished run; see conf/config.yaml."""

import sys

from attnbench.lifetime import end_on_interrupt


def main() -> int:
    """Runs the command line; returns its exit code."""
    end_on_interrupt()  # before the first import that takes a while
    from attnbench import sweep

    return sweep.main()


if __name__ == "__main__":
    sys.exit(main())
