"""Where the configurations are, and which presets of attention there are."""

import re
from pathlib import Path

from attnbench.mechanisms import FACTORS


def conf_folder() -> Path:
    """The folder of configurations: inside the package where it is installed, beside it in a checkout."""
    package = Path(__file__).parent
    inside = package / "conf"
    return inside if inside.is_dir() else package.parent / "conf"


def preset_names(conf: Path | None = None) -> tuple[str, ...]:
    """The presets of attention/ in the folder of configurations, in the order of every table and legend.

    First by score, then by query time, both in the order of the table of mechanisms; then by name.
    """
    folder = (conf or conf_folder()) / "attention"
    return tuple(path.stem for path in sorted(folder.glob("*.yaml"), key=_order))


def _order(path: Path) -> tuple[int, int, str]:
    # A preset is a flat mapping, one option a line: no parser of YAML is needed where none may be imported.
    options = dict(re.findall(r"^(\w+): *(\S+)", path.read_text(encoding="utf-8"), flags=re.MULTILINE))
    score, query_time = (
        [*FACTORS[factor], options.get(factor)].index(options.get(factor))  # a preset that names none comes last
        for factor in ("score", "query_time")
    )
    return score, query_time, path.stem
