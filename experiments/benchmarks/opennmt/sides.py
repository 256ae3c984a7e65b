"""Training processes, one of which waits while the other one trains."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

_LOGGED_LINES = 20


class Side:
    """One training process, in any environment, that ends its turns with `Turn`; the first turn is its warm-up.

    Args:
        command: starts it.
        environment: its environment variables.
        log: file for everything else that it writes.

    Raises:
        RuntimeError: the process has ended by itself; `tokens_per_second` raises it as well.
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
        """Target tokens ÷ seconds of one turn, which starts now."""
        self._calls.write("\n")
        return self._answer()

    def _answer(self) -> float:
        line = self._answers.readline()
        if not line:
            self._end()
            lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOGGED_LINES:]
            raise RuntimeError("\n".join(["A training process has ended. The last lines of its log:", *lines]))
        turn = json.loads(line)
        return float(turn["target_tokens"] / turn["seconds"])

    def _end(self) -> None:
        self._calls.close()
        self._process.wait()
        self._answers.close()
