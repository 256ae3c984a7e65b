"""`python -m attnbench` with the stand-in of `standin.py` for its child process.

Its report is one line that says which plan it is of, or with REPORT=1 the whole one.
"""

import os
import sys
from pathlib import Path

from attnbench.report.process import write_report
from attnbench.sweep import main


def one_line(runs_dir: Path, plan: Path, output: Path) -> Path:
    """A report that says which plan it is of."""
    output.mkdir(parents=True, exist_ok=True)
    page = output / "index.html"
    page.write_text(f"{runs_dir.name} {plan.name}\n")
    return page


if __name__ == "__main__":
    standin = Path(__file__).with_name("standin.py")
    sys.exit(main((sys.executable, str(standin)), write_report if os.environ.get("REPORT") else one_line))
