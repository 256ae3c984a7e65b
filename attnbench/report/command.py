"""The command line of the report: which runs, which choice, where to."""

import argparse
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from attnbench.checks import check_choice
from attnbench.report.comparison.pairs import Scope
from attnbench.report.comparison.study import of_version
from attnbench.report.sources.folders import latest_plan, read_all, read_planned
from attnbench.report.sources.runs import Runs
from attnbench.report.sources.saved import read
from attnbench.report.sources.store import read_store
from attnbench.report.write import write
from attnbench.terminal import forgiving_streams

_CHOICES = ("select", "over", "results_version", "against", "margin", "pairs")


@forgiving_streams()
def main(arguments: Sequence[str] | None = None) -> int:
    """Writes the report and says where; returns the exit status, 2 for what the user has to change."""
    options = _parser().parse_args(arguments)
    try:
        study, choices = _split(options.arguments)
        scope = _scope(choices)
        runs = _read(options, study)
        if "results_version" in choices:
            runs = of_version(runs, choices["results_version"])
        runs = replace(runs, remarks=tuple(dict.fromkeys([*runs.remarks, *options.remark])))
        output = options.output or Path("reports") / runs.study
        page = write(runs, output, select=choices.get("select"), over=choices.get("over"), scope=scope)
    except ValueError as error:
        print(f"attnbench.report: {error}", file=sys.stderr)
        return 2
    print(f"Wrote the report of {runs.study}: open {page} in a browser, or read {page.with_name('report.md')}.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m attnbench.report",
        description="Writes a comparison report: one page, tables, figures and the numbers behind them.",
        epilog="select=valid/bleu over=training.learning_rate shows, for each variant, only the runs with the value "
        "that was best on validation, mean over seeds; over=OPTION,OPTION chooses among combinations. "
        "results_version=N shows only the runs that were made under that results version: runs of different versions "
        "are never compared. against=MECHANISM compares all others with one, which takes fewer comparisons; pairs=all "
        "compares settings with each other as well; margin=0.5 asks which variants are equal within 0.5 BLEU.",
    )
    usage = "STUDY | select=METRIC | over=OPTION | results_version=N | against=MECHANISM | margin=BLEU | pairs=all"
    parser.add_argument("arguments", nargs="*", metavar=usage, help="default: the latest sweep")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--runs", type=Path, default=Path("runs"), metavar="DIR", help="run folders (default: runs)")
    source.add_argument("--csv", type=Path, metavar="FILE", help="the runs.csv of an earlier report")
    source.add_argument("--mlflow", metavar="URI", help="an MLflow store, for example sqlite:///mlflow.db")
    parser.add_argument("--output", type=Path, metavar="DIR", help="where to write (default: reports/STUDY)")
    remark = "what a reader must know, shown in the report"
    parser.add_argument("--remark", action="append", default=[], metavar="TEXT", help=remark)
    return parser


def _split(arguments: Sequence[str]) -> tuple[str | None, dict[str, str]]:
    """The study's name, if any, and the choices."""
    studies = [argument for argument in arguments if "=" not in argument]
    if len(studies) > 1:
        raise ValueError(f"A report is of one study, received {len(studies)}: {', '.join(studies)}. Name one.")
    choices = dict(argument.split("=", 1) for argument in arguments if "=" in argument)
    for key in choices:
        check_choice("option", key, _CHOICES)
    return (studies[0] if studies else None), choices


def _scope(choices: Mapping[str, str]) -> Scope:
    """Which pairs are compared.

    Raises:
        ValueError: `margin` is not a positive number, or `pairs` has another value than `all`.
    """
    if "pairs" in choices:
        check_choice("pairs", choices["pairs"], ("all",))
    try:
        margin = float(choices["margin"]) if "margin" in choices else None
    except ValueError:
        margin = math.nan
    if margin is not None and not 0 < margin < math.inf:
        raise ValueError(f"margin must be a positive number of BLEU points, received {choices['margin']}.")
    return Scope(choices.get("against"), across="pairs" in choices, margin=margin)


def _read(options: argparse.Namespace, study: str | None) -> Runs:
    if options.csv is not None:
        if study is not None:
            raise ValueError(
                f"--csv {options.csv} holds one study, received a name as well: {study}. Omit one of them."
            )
        return read(options.csv)
    if options.mlflow is not None:
        return read_store(options.mlflow, study)
    if not options.runs.is_dir():
        raise ValueError(
            f"No folder {options.runs}. Expected run folders: train first (python -m attnbench -m "
            "attention=bahdanau,dot,general), or give --runs DIR, --csv FILE or --mlflow URI."
        )
    plan = latest_plan(options.runs, study)
    return read_all(options.runs, study) if plan is None else read_planned(options.runs, plan)
