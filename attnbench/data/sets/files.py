"""Any pair of languages in UTF-8 text files, plain or .gz, one sentence a line."""

from dataclasses import asdict, dataclass
from pathlib import Path

from attnbench.config import DataConfig
from attnbench.data.parallel import ParallelText, Paths, local


@dataclass(frozen=True)
class FilesOptions:
    """File names, relative to data.root or else to the working folder; all three gold files are given, or none."""

    train_source: str | None
    train_target: str | None
    valid_source: str | None
    valid_target: str | None
    test_source: str | None
    test_target: str | None
    gold_source: str | None
    gold_target: str | None
    gold_links: str | None


def find(config: DataConfig, options: FilesOptions) -> Paths:
    """The named files."""
    names: dict[str, str | None] = asdict(options)
    gold = {role for role in names if role.startswith("gold_")}
    if all(names[role] is None for role in gold):
        names = {role: name for role, name in names.items() if role not in gold}
    for role, name in names.items():
        if name is None:
            raise ValueError(
                f"data.options.{role} is not given. Name a UTF-8 text file, one sentence a line"
                f"{'; the three gold files are given together' if role in gold else ''}."
            )
    return {role: local(Path(config.root or "."), name) for role, name in names.items() if name is not None}


LOADER = ParallelText(FilesOptions, find)
