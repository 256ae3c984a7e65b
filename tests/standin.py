"""The worker with a run that trains nothing: how it behaves is named by a variable.

STANDIN holds one behaviour for all runs, or one a mechanism: `finish`, or `dot=crash,bahdanau=hang`. The behaviours are
the functions at the end of this file.
"""

import os
import signal
import sys
import time
from pathlib import Path

from attnbench.config import RunConfig
from attnbench.records import ExitCode, Progress, RunFailure, RunFolder, write_atomically, write_sentences
from attnbench.worker import entry
from attnbench.worker.reporter import Reporter
from tests import made

STEPS = 5

_GRACE_SECONDS = 1.0
_POLL_SECONDS = 0.05


def main() -> int:
    """Works on the folder that the command line names, as the worker does; returns its exit code."""
    if len(sys.argv) > 2:
        return _decode(*sys.argv[2:])
    return entry.main(sys.argv[1:], _behaviour, _GRACE_SECONDS)


def _decode(task: str, source: str, output: str) -> int:
    """Puts the task's name before each line."""
    text = "".join(f"{task}: {line}\n" for line in Path(source).read_text().splitlines())
    if output == "-":
        print(text, end="")
    else:
        Path(output).write_text(text)
    return ExitCode.FINISHED


def _behaviour(config: RunConfig) -> entry.Task:
    chosen = os.environ.get("STANDIN", "finish")
    by_mechanism = dict(pair.split("=") for pair in chosen.split(",")) if "=" in chosen else {}
    return BEHAVIOURS[by_mechanism.get(config.attention.name, "finish") if by_mechanism else chosen]


def _write_result(folder: RunFolder, config: RunConfig, **metrics: float) -> bool:
    write_atomically(folder.predictions.path, "a b c\n")
    rows = [[5, 5, 4, 3, 2, 5, 4, 3, 2, 5, 5], [7, 6, 4, 2, 1, 7, 6, 5, 4, 7, 7]]
    write_sentences(folder.sentences.path, made.sentences(rows))
    folder.maps.write([])
    write_atomically(folder.best_checkpoint.path, b"weights")
    folder.result.write(
        made.result(
            metrics,
            task=config.task,
            signature=folder.facts.required().signature,
            notes=[f"cores {sorted(os.sched_getaffinity(0))}", f"gpus {os.environ['CUDA_VISIBLE_DEVICES']}"],
            duration_seconds=2.0,
        )
    )
    return True


def _train(folder: RunFolder, reporter: Reporter, *, seconds: float) -> None:
    """Steps from where the checkpoint is; a checkpoint a step, metrics a step, progress."""
    checkpoint = folder.last_checkpoint.path
    first = int(checkpoint.read_text()) if checkpoint.exists() else 0
    for step in range(first + 1, STEPS + 1):
        _sleep(seconds / STEPS, reporter)
        reporter.metrics(step, {"train/loss": 1 / step, "valid/bleu": 10.0 * step})
        left = seconds * (1 - step / STEPS)
        reporter.progress(Progress("training", 1, 1, step, STEPS, 1 / step, 5400.0, left))
        write_atomically(checkpoint, str(step))


def _sleep(seconds: float, reporter: Reporter) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(_POLL_SECONDS)
        reporter.check_stop()


def _end_at_once(code: int) -> None:
    """Ends the process without an event."""
    sys.stderr.flush()
    os._exit(code)


def finish(folder: RunFolder, config: RunConfig, reporter: Reporter) -> bool:
    """Trains at once and finishes."""
    _train(folder, reporter, seconds=0)
    metrics = {"test/bleu": 50.0 + config.seed, "speed/train_target_tokens_per_second": 5400.0}
    return _write_result(folder, config, **metrics)


def slow(folder: RunFolder, config: RunConfig, reporter: Reporter) -> bool:
    """Trains for three seconds, or for STANDIN_SECONDS; a request to stop ends it with a checkpoint."""
    _train(folder, reporter, seconds=float(os.environ.get("STANDIN_SECONDS", "3")))
    return finish(folder, config, reporter)


def crash(folder: RunFolder, config: RunConfig, reporter: Reporter) -> bool:
    """Ends without an event; its log has the reason."""
    print("Traceback (most recent call last):\nKeyError: 'annotations'\n", file=sys.stderr)
    _end_at_once(ExitCode.FAILED)
    return False


def fail(folder: RunFolder, config: RunConfig, reporter: Reporter) -> bool:
    """Says itself why it failed."""
    raise RunFailure("The training loss is nan.", "non-finite loss")


def memory(folder: RunFolder, config: RunConfig, reporter: Reporter) -> bool:
    """Is ended by C++ when an allocation fails."""
    print("terminate called after throwing an instance of 'std::bad_alloc'", file=sys.stderr)
    _end_at_once(128 + signal.SIGABRT)
    return False


def segfault(folder: RunFolder, config: RunConfig, reporter: Reporter) -> bool:
    """Is ended by the processor."""
    os.kill(os.getpid(), signal.SIGSEGV)
    return False


def vanish(folder: RunFolder, config: RunConfig, reporter: Reporter) -> bool:
    """Is killed from outside."""
    os.kill(os.getpid(), signal.SIGKILL)
    return False


def stubborn(folder: RunFolder, config: RunConfig, reporter: Reporter) -> bool:
    """Works for ever and ignores SIGTERM."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    reporter.progress(Progress("training"))
    time.sleep(600)
    return False


def silent(folder: RunFolder, config: RunConfig, reporter: Reporter) -> bool:
    """Ends as if it had finished, without a result."""
    _end_at_once(ExitCode.FINISHED)
    return False


def rounds(folder: RunFolder, config: RunConfig, reporter: Reporter) -> bool:
    """Measures one round; finishes after the last."""
    done = [*(folder.rounds.read() or []), made.profile_round(seconds=2.0)]
    folder.rounds.write(done)
    return len(done) == config.profile.rounds and _write_result(folder, config, **{"memory/train_peak_bytes": 7e6})


BEHAVIOURS: dict[str, entry.Task] = {
    each.__name__: each for each in (finish, slow, crash, fail, memory, segfault, vanish, stubborn, silent, rounds)
}

if __name__ == "__main__":
    sys.exit(main())
