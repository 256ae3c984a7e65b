"""A child process that keeps the worker's contract without training anything; how it ends is asked by a variable.

STANDIN holds one word for all runs, or one a mechanism: `finish`, or `dot=crash,bahdanau=hang`. The words are the
functions at the end of this file.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from attnbench.config import RunConfig, from_mapping
from attnbench.results import FAILED, FINISHED, KILLED, RUNNING, RunFolder, read_json, write_atomically, write_json

STEPS = 5

_SENTENCES = """\
sentence,source_tokens,correct_1,correct_2,correct_3,correct_4,total_1,total_2,total_3,total_4,hypothesis_tokens,\
reference_tokens
0,5,5,4,3,2,5,4,3,2,5,5
1,7,6,4,2,1,7,6,5,4,7,7
"""


def main() -> int:
    """Works on the folder that the command line names; returns the exit code of the contract."""
    folder = RunFolder(Path(sys.argv[1]))
    if len(sys.argv) > 2:
        return _decode(*sys.argv[2:])
    lock = folder.lock()
    if lock is None:
        return 4
    if folder.finished():
        return 6
    config = from_mapping(read_json(folder.config))
    folder.append("status", status=RUNNING)
    threading.Thread(target=_exit_with_parent, args=(folder,), daemon=True).start()
    return _behaviour(config)(folder, config)


def _decode(task: str, source: str, output: str) -> int:
    """Puts the task's name before each line."""
    text = "".join(f"{task}: {line}\n" for line in Path(source).read_text().splitlines())
    if output == "-":
        print(text, end="")
    else:
        Path(output).write_text(text)
    return 0


def _behaviour(config: RunConfig) -> Callable[[RunFolder, RunConfig], int]:
    asked = os.environ.get("STANDIN", "finish")
    words = dict(pair.split("=") for pair in asked.split(",")) if "=" in asked else {config.attention.name: asked}
    return BEHAVIOURS[words.get(config.attention.name, "finish")]


def _exit_with_parent(folder: RunFolder) -> None:
    while os.read(0, 1):
        pass
    folder.append("status", status=KILLED, reason="parent died")
    os._exit(3)


def _write_result(folder: RunFolder, config: RunConfig, **metrics: float) -> int:
    write_atomically(folder.predictions, "a b c\n")
    write_atomically(folder.sentences, _SENTENCES)
    write_json(folder.maps, [])
    write_atomically(folder.checkpoints / "best.npz", b"weights")
    result = {
        "format": 1,
        "status": FINISHED,
        "task": config.task,
        "signature": read_json(folder.facts)["signature"],
        "metrics": metrics,
        "bleu_signature": "nrefs:1|case:mixed|tok:none",
        "chrf_signature": "nrefs:1|case:mixed",
        "vocabularies": {"source": 11, "target": 13},
        "device": "cpu",
        "threads": config.threads,
        "versions": {},
        "notes": [f"cores {sorted(os.sched_getaffinity(0))}", f"gpus {os.environ['CUDA_VISIBLE_DEVICES']}"],
        "duration_seconds": 2.0,
    }
    write_json(folder.result, result)
    folder.append("status", status=FINISHED)
    return 0


def _train(folder: RunFolder, config: RunConfig, *, seconds: float) -> None:
    """Steps from where the checkpoint stands; a checkpoint a step, metrics a step, progress."""
    checkpoint = folder.checkpoints / "last.npz"
    begin = int(checkpoint.read_text()) if checkpoint.exists() else 0
    for step in range(begin + 1, STEPS + 1):
        time.sleep(seconds / STEPS)
        folder.append("metrics", step=step, values={"train/loss": 1 / step, "valid/bleu": 10.0 * step})
        progress: dict[str, Any] = {"phase": "training", "epoch": 1, "epochs": 1, "step": step, "steps": STEPS}
        progress |= {"loss": 1 / step, "target_tokens_per_second": 5400.0, "seconds_left": seconds * (1 - step / STEPS)}
        write_json(folder.progress, progress)
        write_atomically(checkpoint, str(step))


def finish(folder: RunFolder, config: RunConfig) -> int:
    """Trains at once and finishes."""
    _train(folder, config, seconds=0)
    values = {"test/bleu": 50.0 + config.seed, "speed/train_target_tokens_per_second": 5400.0}
    return _write_result(folder, config, **values)


def slow(folder: RunFolder, config: RunConfig) -> int:
    """Trains for three seconds, or for STANDIN_SECONDS; SIGTERM ends it with a checkpoint."""

    def end(_number: int, _frame: FrameType | None) -> None:
        folder.append("status", status=KILLED, reason="signal SIGTERM")
        sys.exit(3)

    signal.signal(signal.SIGTERM, end)
    _train(folder, config, seconds=float(os.environ.get("STANDIN_SECONDS", "3")))
    return finish(folder, config)


def crash(folder: RunFolder, config: RunConfig) -> int:
    """Ends without a word but its log's."""
    print("Traceback (most recent call last):\nKeyError: 'annotations'\n", file=sys.stderr)
    return 1


def fail(folder: RunFolder, config: RunConfig) -> int:
    """Says itself why it failed."""
    folder.append("status", status=FAILED, reason="non-finite loss")
    return 1


def memory(folder: RunFolder, config: RunConfig) -> int:
    """Ends as numpy does where memory is wanting."""
    raise MemoryError("Unable to allocate 64. GiB for an array")


def segfault(folder: RunFolder, config: RunConfig) -> int:
    """Is ended by the processor."""
    os.kill(os.getpid(), signal.SIGSEGV)
    return 0


def vanish(folder: RunFolder, config: RunConfig) -> int:
    """Is killed from outside."""
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


def stubborn(folder: RunFolder, config: RunConfig) -> int:
    """Works for ever and does not hear SIGTERM."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(600)
    return 0


def silent(folder: RunFolder, config: RunConfig) -> int:
    """Says that it is done, and is not."""
    return 0


def rounds(folder: RunFolder, config: RunConfig) -> int:
    """Measures one round; finishes after the last."""
    path = folder.path / "rounds.json"
    done = [*(read_json(path) or []), {"time": time.time(), "seconds": 2.0}]
    write_json(path, done)
    return 5 if len(done) < config.profile.rounds else _write_result(folder, config, **{"memory/train_peak_bytes": 7e6})


BEHAVIOURS = {
    each.__name__: each for each in (finish, slow, crash, fail, memory, segfault, vanish, stubborn, silent, rounds)
}

if __name__ == "__main__":
    sys.exit(main())
