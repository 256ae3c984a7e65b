"""The comparison report: run folders, a runs.csv or an MLflow store in; tables, figures and one page out.

`build` needs pandas, matplotlib and seaborn, and no part of TensorFlow.
"""

from attnbench.report.write import build

__all__ = ["build"]
