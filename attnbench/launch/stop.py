"""A sweep is asked to stop through a file, so that every process that works on it hears of it, wherever it runs."""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

_DEFAULTS: dict[signal.Signals, Callable[[int, FrameType | None], Any] | signal.Handlers] = {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGTERM: signal.SIG_DFL,
    signal.SIGHUP: signal.SIG_DFL,
}


@dataclass(frozen=True)
class Stop:
    """The request to stop: a file that holds one signal name a line, in the order of arrival."""

    path: Path

    def request(self, name: str) -> None:
        """Adds one request; the file stays until `clear`."""
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            os.write(descriptor, f"{name}\n".encode())
        finally:
            os.close(descriptor)

    def requests(self) -> list[str]:
        """The signal names so far; the first one is why the sweep ends, a second one wants it at once."""
        try:
            return self.path.read_text(encoding="utf-8").split()
        except FileNotFoundError:
            return []

    def clear(self) -> None:
        """Takes the requests back."""
        self.path.unlink(missing_ok=True)

    def listen(self) -> None:
        """Turns Ctrl-C, SIGTERM and SIGHUP into requests from now on; an ignored signal stays ignored."""

        def record(number: int, _frame: FrameType | None) -> None:
            self.request(signal.Signals(number).name)

        for number in _DEFAULTS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, record)


def stop_listening() -> None:
    """Gives the signals back their usual meaning."""
    for number, handler in _DEFAULTS.items():
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)
