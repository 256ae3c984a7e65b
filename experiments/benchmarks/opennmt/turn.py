"""How a training process reports to the benchmark; needs only the standard library, as both environments have it."""

import json
import os
import sys


class Turn:
    """Reports a stretch of training, and waits for the next one.

    Answers go where standard output went; anything else that the process prints goes to standard error.
    """

    def __init__(self) -> None:
        self._answers = os.fdopen(os.dup(1), "w", encoding="ascii")
        os.dup2(2, 1)

    def end(self, *, seconds: float, target_tokens: int) -> None:
        """Reports the turn and waits for the next one; ends the process when there is none."""
        print(json.dumps({"seconds": seconds, "target_tokens": target_tokens}), file=self._answers, flush=True)
        if not sys.stdin.readline():
            raise SystemExit
