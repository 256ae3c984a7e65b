"""Run folders as a child leaves them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from attnbench.config import RunConfig, to_mapping
from attnbench.results import FINISHED, RUNNING, RunFolder, write_json

SIGNATURE = "3f" * 32


@pytest.fixture
def make_folder(tmp_path: Path, default_config: RunConfig) -> Callable[..., RunFolder]:
    """Makes a run folder whose child has just begun: `make_folder("dot", signature=..., seed=2)`."""

    def made(name: str = "run", *, signature: str = SIGNATURE, **options: Any) -> RunFolder:
        folder = RunFolder(tmp_path / "runs" / name)
        folder.path.mkdir(parents=True)
        write_json(folder.config, to_mapping(replace(default_config, **{"study": "length", **options})))
        provenance = {"commit": "c0ffee" * 5, "dirty": True, "command": "python -m attnbench", "device": "Abacus"}
        write_json(folder.facts, {"signature": signature, "facts": {}, "provenance": provenance})
        folder.append("status", status=RUNNING)
        return folder

    return made


@pytest.fixture
def finish() -> Callable[..., None]:
    """Makes a run folder that of a finished run: `finish(folder, **{"test/bleu": 43.0})`."""

    def finished(folder: RunFolder, **metrics: float) -> None:
        folder.predictions.write_text("a b c\n")
        folder.log.write_text("epoch 1\n")
        folder.checkpoints.mkdir()
        (folder.checkpoints / "best.npz").write_bytes(b"weights")
        result = {"status": FINISHED, "metrics": metrics, "bleu_signature": "tok:none", "chrf_signature": "nc:6"}
        write_json(folder.result, result)
        folder.append("status", status=FINISHED)

    return finished
