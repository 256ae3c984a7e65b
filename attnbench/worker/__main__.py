"""`python -m attnbench.worker FOLDER [translate|align INPUT OUTPUT]`."""

import sys

from attnbench.worker.entry import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
