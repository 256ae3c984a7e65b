"""How many programs XLA compiles in a run of the main job."""

import os
from pathlib import Path

from experiments.benchmarks.overhead.start import finish
from experiments.benchmarks.rows import Row

_DUMP = "--xla_dump_to={} --xla_dump_hlo_as_text"
_ONE_FOR_EACH_PROGRAM = "*after_optimizations.txt"


def programs(folder: Path, checkout: Path) -> Row:
    """Runs all epochs: the sooner hypotheses end, the smaller the batches that decoding reaches."""
    os.environ["XLA_FLAGS"] = _DUMP.format(folder / "programs")
    finish(["attention=bahdanau"], folder, checkout)
    del os.environ["XLA_FLAGS"]
    count = len(list((folder / "programs").glob(_ONE_FOR_EACH_PROGRAM)))
    return {"what": "programs that XLA compiles in a run of bahdanau", "value": count}
