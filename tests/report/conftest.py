"""A small study in run folders, and runs without folders, for the tests of the report."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from attnbench.config import RESULTS_VERSION
from attnbench.records import Status
from attnbench.report.sources.runs import Origin, Run
from tests.report.synthetic import attention_map, drawn_sentences, quality, write_plan, write_run

ATTENTIONS = {"none": 0.3, "bahdanau": 0.9, "dot": 0.85}
SEEDS = (1, 2, 3)


@pytest.fixture(scope="session")
def write_study(compose: Callable[..., dict[str, Any]]) -> Callable[[Path], Path]:
    """Writes into a folder three mechanisms with three seeds each and a failed run; returns the plan."""

    def written(runs_dir: Path) -> Path:
        folders = []
        for name, share in ATTENTIONS.items():
            for seed in SEEDS:
                config = compose(f"attention={name}", f"seed={seed}", "study=small")
                rows = drawn_sentences(share + 0.003 * seed, count=160, decay=0.01, seed=seed)
                metrics = quality(rows, 20) | {
                    "speed/train_target_tokens_per_second": 5000.0 + 100 * len(name) + seed,
                    "speed/decode_target_tokens_per_second": 17000.0 - 100 * len(name) + seed,
                    "memory/train_peak_bytes": 2.0**28,
                    "model/parameters": 1234567.0,
                    "data/train_pairs": 10000.0,
                }
                words = ["a", "b<c", "d$e$"]
                folders.append(
                    write_run(
                        runs_dir,
                        config,
                        metrics=metrics,
                        rows=rows,
                        histories={"valid/bleu": [(79, 11.0), (158, 13.0)], "train/loss": [(20, 3.0), (40, 2.0)]},
                        maps=[] if name == "none" else [attention_map(5, words, [*words, "f"])],
                    )
                )
        failed = compose("attention=general", "study=small")
        folders.append(write_run(runs_dir, failed, status=Status.FAILED, reason="out of memory"))
        return write_plan(runs_dir, "small", folders)

    return written


@pytest.fixture(scope="session")
def small_runs(tmp_path_factory: pytest.TempPathFactory, write_study: Callable[[Path], Path]) -> Path:
    """The run folders of the small study, with its plan."""
    runs_dir = tmp_path_factory.mktemp("small") / "runs"
    write_study(runs_dir)
    return runs_dir


@pytest.fixture
def make_run() -> Callable[..., Run]:
    """Makes a run as a source gives it: `make_run("dot", seed=2, bleu=43.0, origin={"dirty": True})`."""

    def made(attention: str = "dot", *, seed: int = 1, bleu: float | None = None, **options: Any) -> Run:
        own = {name: options.pop(name) for name in tuple(options) if name in Run.__dataclass_fields__}
        params = {
            "attention": attention,
            "hidden_size": "128",
            "sequence_length": "20",
            "seed": str(seed),
            "data": "grammar",
            "backend": "tensorflow",
            "precision": "float32",
            "task": "train",
        } | {key.replace("__", "."): str(value) for key, value in options.items()}
        fields: dict[str, Any] = {
            "run_id": "-".join([attention, *map(str, options.values()), f"s{seed}"]),
            "status": Status.FINISHED,
            "signature": "3f" * 32,
            "params": params,
            "metrics": {} if bleu is None else {"test/bleu": bleu},
            "histories": {},
            "sentences": None,
            "maps": [],
            "origin": {},
        }
        fields |= own
        return Run(**fields | {"origin": Origin(**{"results_version": RESULTS_VERSION} | fields["origin"])})

    return made
