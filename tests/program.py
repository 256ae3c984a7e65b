"""`python -m attnbench` with the stand-in of `standin.py` for its child process."""

import sys
from pathlib import Path

from attnbench.sweep import main

if __name__ == "__main__":
    sys.exit(main(worker=(sys.executable, str(Path(__file__).with_name("standin.py")))))
