"""Whatever damages a file of a run or a plan, every command names it in one sentence and does the rest."""

import json
import shutil
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import mlflow.exceptions  # noqa: F401  its first import starts a process
import pytest

from attnbench.config import RunConfig
from attnbench.identity import signature
from attnbench.records import Progress, RunFolder, Sent, Status, Vocabularies, write_sentences
from attnbench.records.sentences import ALIGNED
from attnbench.report import command as report
from attnbench.report.sources.runs import Runs
from attnbench.sweep import finished
from attnbench.sweep.compose import Job
from attnbench.sweep.errors import REFUSALS, message
from attnbench.sweep.facts import Survey
from attnbench.sweep.plan import folder_name, make_plan
from attnbench.sweep.table import print_plan, print_summary
from attnbench.tracking import Store
from tests import made
from tests.report.synthetic import attention_map, drawn_sentences, quality

PLAN = "plan"
FILES = [file.name for file in RunFolder.files()]
RECORDS = [file.name for file in RunFolder.files() if file.holds] + [
    "events.jsonl",
    "sentences.csv",
    "alignments.csv",
    PLAN,
]

CONTENTS = {
    "nothing": b"",
    "a list": b"[]\n",
    "a number": b"5\n",
    "null": b"null\n",
    "NaN": b"NaN\n",
    "another mapping": b'{"a":1}\n',
    "lists of lists": b"[[[]], [5]]\n",
    "bytes that are not UTF-8": b'{"\xff": 1}\n',
    "deep nesting": b"[" * 100_000 + b"\n",
}
LEAVES = {"nulls": None, "NaNs": float("nan"), "large numbers": 10**400}
OF_ANY_FILE = ["absence", "a folder", "a dangling link"]
CASES = [(name, kind) for name in [*FILES, PLAN] for kind in OF_ANY_FILE] + [
    (name, kind) for name in RECORDS for kind in ["a cut", "a key twice", *CONTENTS, *LEAVES]
]


def damage(path: Path, kind: str) -> None:
    """Puts what `kind` says in the place of the file."""
    content = path.read_bytes()
    path.unlink()
    if kind == "a folder":
        path.mkdir()
    elif kind == "a dangling link":
        path.symlink_to("nowhere")
    elif kind != "absence":
        path.write_bytes(changed(content, kind))


def changed(content: bytes, kind: str) -> bytes:
    """Other content; of what is no JSON, the values in it cannot be replaced."""
    if kind in CONTENTS:
        return CONTENTS[kind]
    if kind == "a key twice":
        return content.replace(b"{", b'{"a": 1, "a": 2, ', 1)
    try:
        texts = content.splitlines() if content.startswith(b'{"reason"') else [content]
        values = [with_leaves(json.loads(text), LEAVES[kind]) for text in texts]
        return b"".join(json.dumps(value).encode() + b"\n" for value in values)
    except (KeyError, ValueError):
        return content[:-3]


def with_leaves(value: Any, leaf: Any) -> Any:
    """`value` with another leaf everywhere."""
    if isinstance(value, dict):
        return {key: with_leaves(entry, leaf) for key, entry in value.items()}
    return [with_leaves(entry, leaf) for entry in value] if isinstance(value, list) else leaf


@dataclass(frozen=True)
class Damaged:
    """Two finished runs in `runs_dir`, of which the second has a damaged file, or else their plan is damaged."""

    path: Path
    runs_dir: Path
    configs: list[RunConfig]

    @property
    def is_plan(self) -> bool:
        return self.path.parent.name == "plans"

    def explains(self, reason: str) -> bool:
        """Whether `reason` names the damage, in one line."""
        return "\n" not in reason and (self.path.name in reason or reason == "result lost")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, default_config: RunConfig) -> tuple[Path, list[RunConfig]]:
    """Two finished runs with every file that a run may have, and their plan; the options of each."""
    runs_dir = tmp_path_factory.mktemp("study") / "runs"
    configs = [replace(default_config, seed=seed, device="cpu", threads=1) for seed in (1, 2)]
    entries = []
    for config in configs:
        facts = Survey(parallel=1).facts(config)
        identity = made.identity(signature(config, asdict(facts)), facts=facts)
        folder = RunFolder(runs_dir / folder_name(config, identity.signature))
        made.begin(folder, config, identity)
        for name in FILES:
            path = folder.path / name
            if not path.exists():
                path.parent.mkdir(exist_ok=True)
                path.write_text("text\n")
        rows = drawn_sentences(0.9, count=7)
        write_sentences(folder.sentences.path, {name: values.tolist() for name, values in rows.items()})
        write_sentences(folder.alignments.path, dict.fromkeys(ALIGNED, [3] * 7))
        folder.maps.write([attention_map(5, ["a", "b"], ["a", "b", "c"])])
        folder.vocabularies.write(Vocabularies({"kind": "words", "words": []}, {"kind": "words", "words": []}))
        folder.rounds.write([made.profile_round()])
        folder.forecast.write(made.forecast())
        folder.progress.write(Progress("training", seconds_left=5.0))
        folder.tracking.write({"main at sqlite:///elsewhere.db": Sent("5")})
        made.finish(folder, quality(rows, 20))
        entries.append(made.entry(folder.path.name, config, identity=identity))
    made.plan(*entries, study="main").write(runs_dir)
    return runs_dir, configs


@pytest.fixture
def damaged(request: pytest.FixtureRequest, study: tuple[Path, list[RunConfig]], tmp_path: Path) -> Damaged:
    name, kind = request.param
    runs_dir = shutil.copytree(study[0], tmp_path / "runs")
    (path,) = runs_dir.glob("plans/*.json" if name == PLAN else f"*-s2-*/{name}")
    damage(path, kind)
    return Damaged(path, runs_dir, [replace(config, runs_dir=str(runs_dir)) for config in study[1]])


@pytest.mark.parametrize("damaged", CASES, indirect=True, ids="-".join)
def test_every_command_names_the_damage_and_does_the_rest(
    damaged: Damaged, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    translates_with_the_other_run(damaged, monkeypatch)
    reports_the_other_run(damaged, monkeypatch, capsys)
    plans_the_other_run(damaged, capsys)
    sends_the_other_run(damaged, monkeypatch, capsys)


def translates_with_the_other_run(damaged: Damaged, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finished, "subprocess", SimpleNamespace(run=lambda *_, **__: SimpleNamespace(returncode=0)))
    one, two = (path.name.rpartition("-")[2] for path in sorted(damaged.runs_dir.glob("*-s?-*")))
    assert translate(damaged, one) == ""
    refusal = translate(damaged, two)
    assert refusal == "" or "has not finished" in refusal or damaged.explains(refusal)


def translate(damaged: Damaged, run: str) -> str:
    """Why the command is refused; empty where it is not."""
    config = replace(damaged.configs[0], task="translate", run=run, input=__file__)
    try:
        finished.TASKS["translate"](config, ())
    except REFUSALS as error:
        return message(error)
    return ""


def reports_the_other_run(
    damaged: Damaged, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reported: list[Runs] = []

    def write(runs: Runs, output: Path, **_: Any) -> Path:
        reported.append(runs)
        return output

    monkeypatch.setattr(report, "write", write)
    code, errors = report.main(["--runs", str(damaged.runs_dir)]), capsys.readouterr().err
    if damaged.is_plan and not reported:
        assert (code, errors.count("\n"), str(damaged.path) in errors) == (2, 1, True)
        return
    one, two = reported[0].runs
    assert (code, errors, one.finished) == (0, "", True)
    assert two.finished or damaged.explains(two.origin.reason)


def plans_the_other_run(damaged: Damaged, capsys: pytest.CaptureFixture[str]) -> None:
    plan = make_plan([Job((f"seed={config.seed}",), config) for config in damaged.configs], parallel=1)
    print_plan(plan, most_runs=2)
    print_summary(plan, damaged.runs_dir)
    one, two = plan.entries
    assert (one.status, capsys.readouterr().err) == (Status.FINISHED, "")
    assert two.status == Status.FINISHED or damaged.explains(two.reason)


def sends_the_other_run(damaged: Damaged, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    client = MagicMock()
    client.search_runs.return_value = []
    client.create_run.return_value = SimpleNamespace(info=SimpleNamespace(run_id="7"), data=SimpleNamespace(params={}))
    monkeypatch.setattr(Store, "client", lambda _, **__: nullcontext(client))
    config = replace(damaged.configs[0], task="sync", study="again")
    code, errors = finished.TASKS["sync"](config, ()), capsys.readouterr().err
    sent = client.set_terminated.call_count
    assert (code, sent) == (0, 2) or ((code, sent) == (1, 1) and not damaged.is_plan)
    assert errors.count("\n") == (str(damaged.path) in errors)
    assert code == 0 or errors
