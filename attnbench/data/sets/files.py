"""Any pair of languages in UTF-8 text files, plain or .gz, one sentence a line."""

from dataclasses import dataclass, fields
from pathlib import Path

from attnbench.config import DataConfig
from attnbench.data.parallel import Paths, local
from attnbench.mapping import build

_GOLD = ("gold_source", "gold_target", "gold_links")


@dataclass(frozen=True)
class FilesOptions:
    """File names, relative to data.root or else to the working folder; the three gold files are optional, together."""

    train_source: str | None
    train_target: str | None
    valid_source: str | None
    valid_target: str | None
    test_source: str | None
    test_target: str | None
    gold_source: str | None
    gold_target: str | None
    gold_links: str | None


def paths(config: DataConfig) -> Paths:
    """Where the files are.

    Raises:
        ValueError: an option is not given, or a file is missing.
    """
    options = build(FilesOptions, config.options, "data.options.")
    named = {field.name: getattr(options, field.name) for field in fields(options)}
    with_gold = any(named[role] is not None for role in _GOLD)
    for role, name in named.items():
        if name is None and (with_gold or role not in _GOLD):
            raise ValueError(
                f"data.options.{role} is not given. Name a UTF-8 text file, one sentence a line"
                f"{'; the three gold files come together' if role in _GOLD else ''}."
            )
    folder = Path(config.root or ".")
    return {role: local(folder, name) for role, name in named.items() if name is not None}
