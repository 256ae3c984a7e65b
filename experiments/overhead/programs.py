"""How many programs XLA compiles in a run of the main job."""

import os
from pathlib import Path

from experiments.overhead.start import start

_DUMP = "--xla_dump_to={} --xla_dump_hlo_as_text"
_ONE_EACH = "*after_optimizations.txt"


def programs(folder: Path, checkout: Path) -> list[tuple[str, str, str]]:
    """One row of the table. All epochs are run: the sooner sentences end, the smaller batches decoding comes to."""
    os.environ["XLA_FLAGS"] = _DUMP.format(folder / "programs")
    if start(["-m", "attnbench", "attention=bahdanau"], folder, checkout).wait() != 0:
        raise RuntimeError("The run has failed; what it said is above.")
    del os.environ["XLA_FLAGS"]
    count = len(list((folder / "programs").glob(_ONE_EACH)))
    return [("programs that XLA compiles in a run of bahdanau", str(count), "at most 12")]
