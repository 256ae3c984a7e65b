"""Writes the tables of reports/speed/README.md from the CSV files in the same folder.

    python -m experiments.benchmarks.tables

A table is between the lines `<!-- table NAME -->` and `<!-- end -->`, where NAME is one of `TABLES`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas

SPEED = Path(__file__).parents[2] / "reports" / "speed"
_MARKED = re.compile(r"(<!-- table (\w+) -->\n).*?(<!-- end -->\n)", flags=re.DOTALL)
_KIB, _MIB = 2**10, 2**20

_WORK = {
    "test_greedy": "test set, greedy",
    "test_beam": "test set, beam 5",
    "greedy": "16 positions, greedy",
    "beam": "16 positions, beam 5",
}


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        header: its header.
        cell: what it shows of a row, a mapping from the names of the CSV file.
        text: whether its cells are text and stand on the left.
    """

    header: str
    cell: Callable[["pandas.Series[str]"], str]
    text: bool = False


def text(name: str) -> Column:
    """The column `name` as it is."""
    return Column(name, lambda row: str(row[name]), text=True)


def number(header: str, name: str, form: str) -> Column:
    """The numbers of the column `name` in a format; empty where there is none."""
    return Column(header, lambda row: "" if pandas.isna(row[name]) else format(row[name], form))


def speed_up(peer: str) -> Column:
    """The median over the turns, with the lowest and the highest turn."""
    form = "**{speed_up:.2f}** ({speed_up_low:.2f} to {speed_up_high:.2f})"
    return Column(f"speed-up over {peer}", lambda row: form.format(**row))


def training_compared_with_pytorch() -> str:
    """Training, compared with the same model in PyTorch."""
    return table(
        _read("training_compared_with_PyTorch.csv"),
        text("variant"),
        text("precision"),
        number("threads", "threads", "d"),
        speed_up("PyTorch"),
        number("ms a step", "ours_ms", ".0f"),
        number("target tokens/s", "target_tokens_per_second", ",.0f"),
        number("utilisation", "utilisation", ".2f"),
    )


def decoding_compared_with_pytorch() -> str:
    """Decoding, compared with the same model in PyTorch."""
    return table(
        _read("decoding_compared_with_PyTorch.csv"),
        Column("work", lambda row: _WORK[row["work"]], text=True),
        text("variant"),
        speed_up("PyTorch"),
        number("ms a batch of 64", "ours_ms", ".0f"),
        number("target tokens/s", "target_tokens_per_second", ",.0f"),
        number("same hypotheses", "same_hypotheses", ".1%"),
    )


def training_compared_with_opennmt() -> str:
    """Training, compared with OpenNMT-py."""
    return table(
        _read("training_compared_with_OpenNMT-py.csv"),
        text("variant"),
        Column("precision of attnbench", lambda row: row["precision"], text=True),
        number("threads", "threads", "d"),
        speed_up("OpenNMT-py"),
        number("attnbench, target tokens/s", "ours_tokens_per_second", ",.0f"),
        number("OpenNMT-py (float32), target tokens/s", "theirs_tokens_per_second", ",.0f"),
    )


def memory_peaks() -> str:
    """Peaks of a training step in MiB: a row for each variant, a column for each quantity."""
    rows = _read("memory.csv").query("part == 'peak'").assign(bytes=lambda row: row["bytes"] / _MIB)
    wide = rows.pivot_table(index="variant", columns="quantity", values="bytes", sort=False)
    columns = [number(f"{name} (MiB)", name, ",.0f") for name in sorted(wide.columns)]
    return table(wide.reset_index(), text("variant"), *columns)


def memory_growth() -> str:
    """Growth in KiB for each further target position: a column for each pair of neighbouring lengths."""
    rows = _read("memory.csv").query("part == 'growth'").assign(bytes=lambda row: row["bytes"] / _KIB)
    rows["quantity"] = rows["quantity"].str.partition(",")[0]
    keys = ["variant", "quantity"]
    wide = rows.pivot_table(index=keys, columns="target", values="bytes", sort=False)
    columns = [number(f"{longer // 2} to {longer} positions (KiB)", longer, ".0f") for longer in wide.columns]
    return table(wide.reset_index(), *map(text, keys), *columns)


def long_sequences() -> str:
    """Cost of 4096 tokens, with what shorter lengths forecast."""
    rows = _read("long/runs.csv").merge(_read("forecast.csv"), on="attention").sort_values("attention")
    rows["resident"] = rows["memory/process_peak_bytes"] / _MIB
    rows["forecast"] = (rows["resident_gb"] * 1e9 / _MIB).round(-1)  # it was recorded with three digits
    return table(
        rows,
        text("attention"),
        Column("ms a step (forecast)", lambda row: f"{row['speed/train_step_ms_p50']:,.0f} ({row['step_ms']:,})"),
        number("training, tokens/s", "speed/train_target_tokens_per_second", ",.0f"),
        number("decoding, tokens/s", "speed/decode_target_tokens_per_second", ",.0f"),
        Column("allocator's peak (MiB)", lambda row: f"{row['memory/train_peak_bytes'] / _MIB:,.0f}"),
        Column(
            "resident peak of the process (MiB; forecast)",
            lambda row: f"{row['resident']:,.0f} ({row['forecast']:,.0f})",
        ),
    )


def overhead() -> str:
    """What the harness itself costs."""
    rows = _read("overhead.csv").fillna({"unit": ""})
    return table(rows, text("what"), Column("measured", lambda row: f"{row['value']:g} {row['unit']}".strip()))


TABLES = {
    function.__name__: function
    for function in (
        training_compared_with_pytorch,
        decoding_compared_with_pytorch,
        training_compared_with_opennmt,
        memory_peaks,
        memory_growth,
        long_sequences,
        overhead,
    )
}


def table(rows: pandas.DataFrame, *columns: Column) -> str:
    """A table in Markdown, one line for each row."""
    header = [column.header for column in columns]
    body = [[column.cell(row) for column in columns] for _, row in rows.iterrows()]
    first, *others = [f"| {' | '.join(cells)} |" for cells in (header, *body)]
    rule = "|".join("---" if column.text else "---:" for column in columns)
    return "\n".join([first, f"|{rule}|", *others])


def with_tables(page: str) -> str:
    """`page` with each marked table replaced by the one that its CSV file gives."""
    return _MARKED.sub(lambda match: f"{match[1]}\n{TABLES[match[2]]()}\n\n{match[3]}", page)


def _read(name: str) -> pandas.DataFrame:
    return pandas.read_csv(SPEED / name, keep_default_na=False, na_values=[""])


if __name__ == "__main__":
    readme = SPEED / "README.md"
    readme.write_text(with_tables(readme.read_text(encoding="utf-8")), encoding="utf-8")
