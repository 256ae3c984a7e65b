"""Draws the speed-ups that benchmarks wrote: median and range of the turns, one line for each row of each file.

    python -m experiments.benchmarks.ratios FILE.csv... --output NAME

writes NAME.svg. The title of a group is its file's name with spaces for underscores.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
import pandas
from matplotlib.figure import Figure

from attnbench.report.render.style import FRONT, RC, from_zero, styles

_INCHES_A_ROW, _INCHES_A_GROUP, _WIDTH = 0.24, 0.45, 7.0
_NAMES = ("work", "variant", "precision", "threads")


def main(argv: Sequence[str]) -> None:
    """Draws all files below each other on one scale."""
    parser = argparse.ArgumentParser(prog="python -m experiments.benchmarks.ratios", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE.csv")
    parser.add_argument("--output", required=True, type=Path, metavar="NAME")
    arguments = parser.parse_args(argv)
    tables = {path.stem.replace("_", " "): pandas.read_csv(path, keep_default_na=False) for path in arguments.files}
    parameters: Any = RC | {"svg.hashsalt": arguments.output.stem}
    with matplotlib.rc_context(parameters):
        figure = _figure(tables)
        figure.savefig(arguments.output.with_suffix(".svg"), metadata={"Date": None})


def _figure(tables: dict[str, pandas.DataFrame]) -> Figure:
    heights = [_INCHES_A_GROUP + _INCHES_A_ROW * len(table) for table in tables.values()]
    figure = Figure(figsize=(_WIDTH, sum(heights) + 0.3), layout="constrained")
    grid = figure.subplots(len(tables), 1, sharex=True, squeeze=False, gridspec_kw={"height_ratios": heights})
    for axes, (title, table) in zip(grid[:, 0], tables.items(), strict=True):
        presets = [str(variant).partition("+")[0] for variant in table["variant"]]
        preset_styles = styles(presets)
        for position, (preset, (_, row)) in enumerate(zip(presets, table.iterrows(), strict=True)):
            style = {"color": preset_styles[preset].light, "marker": preset_styles[preset].marker}
            spread = [[row["speed_up"] - row["speed_up_low"]], [row["speed_up_high"] - row["speed_up"]]]
            axes.errorbar([row["speed_up"]], [position], xerr=spread, linestyle="none", **style)
        axes.set_yticks(range(len(table)), [_label(row) for _, row in table.iterrows()])
        axes.set_ylim(len(table) - 0.4, -0.6)
        axes.set_title(title)
        axes.axvline(1, color=FRONT, linewidth=1)
    grid[0, 0].set_xlim(*from_zero(float(table["speed_up_high"].max()) for table in tables.values()))
    grid[-1, 0].set_xlabel("speed-up, above 1 where attnbench is faster")
    return figure


def _label(row: "pandas.Series[str]") -> str:
    threads = int(row["threads"])
    parts = [str(row[name]).replace("_", " ") for name in _NAMES[:-1] if name in row]
    return ", ".join([*parts, f"{threads} thread{'s' * (threads > 1)}"])


if __name__ == "__main__":
    main(sys.argv[1:])
