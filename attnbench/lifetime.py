"""When a process that has nothing to save ends: at Ctrl-C, and with its parent."""

import ctypes
import signal

_PR_SET_PDEATHSIG = 1


def end_on_interrupt() -> None:
    """Ctrl-C ends this process at once and without a traceback, unless it is ignored; a shell calls this status 130."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def end_with_parent() -> None:
    """The kernel kills this process as soon as its parent has ended, however that came about (Linux)."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
