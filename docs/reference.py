"""Writes docs/reference.md from the comments of conf/, the table of mechanisms and the descriptions of metrics.

python docs/reference.py
"""

import re
from collections.abc import Iterable
from pathlib import Path

from attnbench import mechanisms
from attnbench.config import FACTORS
from attnbench.metrics import METRICS
from attnbench.presets import conf_folder, preset_names

PAGE = Path(__file__).with_name("reference.md")
_OPTION = re.compile(r"^(?P<indent> *)(?P<key>\w+): *(?P<value>[^#]*?) *(?:# (?P<comment>.*))?$")
_HYDRAS_OWN = ("defaults", "hydra")
_GROUPS = ("model", "training", "evaluation", "profile", "tracking")


def reference() -> str:
    """The text of the page."""
    conf = conf_folder()
    parts = [
        "# Reference\n\nWritten by `python docs/reference.py` from `conf/`, `attnbench/mechanisms.py` and "
        "`attnbench/metrics.py`; the comments and descriptions there are the ones to edit.\n",
        "## Options\n",
        _options_table("config", (conf / "config.yaml").read_text(encoding="utf-8")),
        *(_options_table(group, (conf / group / "default.yaml").read_text(encoding="utf-8")) for group in _GROUPS),
        "## Attention\n",
        *(_factor_table(factor, choices) for factor, choices in mechanisms.FACTORS.items()),
        "### Presets\n",
        _table(("preset", "what it is"), ((f"`{name}`", _purpose(conf, "attention", name)) for name in preset_names())),
        "## Data sets\n",
        _table(
            ("data set", "what it is"), ((f"`{name}`", _purpose(conf, "data", name)) for name in _names(conf / "data"))
        ),
        "## Metrics\n\nThe keys in MLflow and in a report's `runs.csv`. Source tokens are the pieces that the encoder "
        "reads, without EOS. Intervals are 95 %; a report's tables have them as `KEY_low` and `KEY_high`.\n",
        _table(
            ("key", "unit", "better", "meaning"),
            ((f"`{metric.key}`", metric.unit, metric.direction.value, metric.meaning) for metric in METRICS),
        ),
    ]
    return "\n".join(parts)


def _table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    header = list(header)
    lines = [header, ["---"] * len(header), *rows]
    return "".join("| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |\n" for line in lines)


def _factor_table(factor: str, choices: dict[str, mechanisms.Choice]) -> str:
    rows = (
        (f"`{name}`", choice.meaning, ", ".join(f"`{option}`" for option in choice.options))
        for name, choice in choices.items()
    )
    return f"### `attention.{factor}`\n\n{_table(('value', 'meaning', 'options of its own'), rows)}"


def _options_table(group: str, text: str) -> str:
    """The options of a file: key, default, and the comment behind it with its further lines."""
    rows: list[list[str]] = []
    path: list[str] = []
    for line in text.splitlines():
        option, further = _OPTION.match(line), re.match(r"^ {10,}# *(.*)", line)
        if further and rows:
            rows[-1][2] = f"{rows[-1][2]} {further[1]}"
        elif option and not line.startswith("#"):
            path = [*path[: len(option["indent"]) // 2], option["key"]]
            if option["value"] and path[0] not in _HYDRAS_OWN:
                key = ".".join(path if group == "config" else [group, *path])
                rows.append([f"`{key}`", f"`{option['value']}`", option["comment"] or ""])
    title = "the whole run" if group == "config" else f"`{group}`"
    groups = "; ".join(f"`{factor}`" for factor in FACTORS)
    note = f"The factors of a comparison: {groups}.\n\n" if group == "config" else ""
    return f"### Of {title}\n\n{note}{_table(('option', 'default', 'meaning'), rows)}"


def _names(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.glob("*.yaml"))


def _purpose(conf: Path, group: str, name: str) -> str:
    """The comment with which a preset or a data set opens, but for its commands."""
    lines = (conf / group / f"{name}.yaml").read_text(encoding="utf-8").splitlines()
    opening = lines[: next(index for index, line in enumerate(lines) if not line.startswith("#"))]
    return " ".join(line.removeprefix("# ") for line in opening if not line.startswith(("#  ", "#\t")))


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8")
