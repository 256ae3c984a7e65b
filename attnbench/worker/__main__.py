"""`python -m attnbench.worker FOLDER [translate|align INPUT OUTPUT]`."""

import sys

from attnbench.lifetime import end_on_interrupt

if __name__ == "__main__":
    end_on_interrupt()
    from attnbench.worker.entry import main

    sys.exit(main(sys.argv[1:]))
