"""What the README says is true: its tables, commands, targets and links."""

import csv
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from omegaconf import OmegaConf

from attnbench.attention import build
from attnbench.config import from_mapping
from attnbench.metrics import METRICS

CHECKOUT = Path(__file__).parent.parent
README = (CHECKOUT / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^    python -m attnbench (.+)$", README.replace("\\\n", ""), flags=re.MULTILINE)


def rows(heading: str) -> dict[str, list[str]]:
    """The cells of the README's table under the given header, by the name in the first cell of each row."""
    (table,) = re.findall(rf"^\| {re.escape(heading)} \|\n\|[-:|]+\|\n((?:\|.*\n)+)", README, flags=re.MULTILINE)
    cells = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in table.splitlines()]
    return {row[0]: row[1:] for row in cells}


def names(cells: dict[str, list[str]]) -> set[str]:
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def test_every_metric_that_the_code_names_is_defined() -> None:
    groups = "|".join(sorted({metric.key.partition("/")[0] for metric in METRICS}))
    named = {
        match
        for path in (CHECKOUT / "attnbench").rglob("*.py")
        for match in re.findall(rf'"((?:{groups})/[a-z0-9_]+)', path.read_text(encoding="utf-8"))
    }
    assert named
    assert [key for key in sorted(named) if not any(metric.key.startswith(key) for metric in METRICS)] == []


def test_every_place_that_is_named_exists() -> None:
    places = re.findall(r"`((?:attnbench|conf|tests|experiments)/[\w/.]*)`", README)
    assert places
    assert [place for place in places if not (CHECKOUT / place).exists()] == []


def test_the_results_on_real_text_are_those_of_the_published_report() -> None:
    with (CHECKOUT / "reports" / "multi30k" / "tables" / "comparison.csv").open(encoding="utf-8") as file:
        runs = list(csv.DictReader(file))
    published = {
        f"`{run['attention']}`": [
            "{:.1f} [{:.1f}, {:.1f}]".format(*(float(run[f"test/bleu{end}"]) for end in ("", "_low", "_high"))),
            f"{float(run['test/bleu_beam_5']):.1f}",
        ]
        for run in runs
    }
    assert {run["seeds"] for run in runs} == {"1"}
    assert rows("attention | BLEU, greedy search | BLEU, beam 5") == published


def test_every_extra_is_listed() -> None:
    project = (CHECKOUT / "pyproject.toml").read_text(encoding="utf-8")
    section = project.partition("[project.optional-dependencies]")[2].partition("\n[")[0]
    assert names(rows("extra | brings | for")) >= set(re.findall(r"^(\w+) = \[", section, flags=re.MULTILINE))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_composes(command: str, compose: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    write_own_attention(tmp_path)
    words = shlex.split(command)
    folder = tmp_path / words[words.index("--config-dir") + 1] if "--config-dir" in words else None
    overrides = [word.partition(",")[0] for word in words if "=" in word and not word.startswith("hydra")]
    from_mapping(compose(*overrides, config_dir=folder))


def write_own_attention(folder: Path) -> None:
    """Writes the README's listings into the files that their first lines name."""
    for name, listing in re.findall(r"```\w+\n# (\S+)\n(.+?)```", README, flags=re.DOTALL):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(listing, encoding="utf-8")


def test_the_attention_of_the_listing_keeps_padding_at_zero(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_own_attention(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    preset = OmegaConf.load(tmp_path / "my_conf" / "attention" / "bilinear.yaml")
    layer = build(target=preset.target, options=dict(preset.options))
    assert layer is not None
    generator = np.random.default_rng(0)
    query, values = generator.normal(size=(2, 5)), generator.normal(size=(2, 3, 11))
    mask = np.array([[True, True, True], [True, True, False]])
    context, weights = (np.asarray(tensor) for tensor in layer(query, values, mask))
    assert (context.shape, weights.shape) == ((2, 11), (2, 3))
    assert weights.sum(axis=-1) == pytest.approx(1)
    assert weights[1, 2] == 0
    assert layer.flops(source_tokens=3, target_tokens=2) is None


def test_every_make_target_exists() -> None:
    makefile = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, flags=re.MULTILINE))
    assert set(re.findall(r"(?:`|^    )make ([a-z-]+)", README, flags=re.MULTILINE)) == targets


def test_every_link_leads_somewhere() -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", README)
    assert links
    assert [link for link in links if not (CHECKOUT / link).exists()] == []
