"""Training processes that wait while the other one trains."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

_LOGGED_LINES = 20


class Side:
    """One training process, of whatever environment, that ends its turns with `Turn`; the first turn warms it up.

    Args:
        command: starts it.
        environment: its environment variables.
        log: file for all else that it writes.

    Raises:
        RuntimeError: the process has ended of itself; likewise in `tokens_per_second`.
    """

    def __init__(self, command: Sequence[str], *, environment: Mapping[str, str], log: Path) -> None:
        self._log = log
        with log.open("wb") as errors:
            self._process = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                bufsize=1,
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._calls, self._answers = self._process.stdin, self._process.stdout
        self._answer()

    def __enter__(self) -> "Side":
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def tokens_per_second(self) -> float:
        """Target tokens over the clock of one turn, which begins now."""
        self._calls.write("\n")
        return self._answer()

    def _answer(self) -> float:
        line = self._answers.readline()
        if not line:
            self._end()
            said = self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOGGED_LINES:]
            raise RuntimeError("\n".join(["A training process has ended. Its last words:", *said]))
        turn = json.loads(line)
        return float(turn["target_tokens"] / turn["seconds"])

    def _end(self) -> None:
        self._calls.close()
        self._process.wait()
        self._answers.close()
