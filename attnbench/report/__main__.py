"""`python -m attnbench.report`: the report of the latest sweep, of a named study, of a runs.csv or of a store."""

import sys

from attnbench.lifetime import end_on_interrupt

if __name__ == "__main__":
    end_on_interrupt()  # before the imports, which take seconds
    from attnbench.report.command import main

    sys.exit(main())
