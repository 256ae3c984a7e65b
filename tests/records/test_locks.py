"""One holder at a time, as long as it lives."""

import errno
import fcntl
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from attnbench.records import RunFolder, acquire, wait_for

HOLDER = """
import sys, time
from pathlib import Path
from attnbench.records import acquire
lock = acquire(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60)
"""


def test_a_lock_holds_until_it_is_released(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    assert not folder.locked()
    lock = folder.lock()
    assert lock is not None
    assert folder.lock() is None
    assert folder.locked()
    lock.release()
    assert not folder.locked()


def test_a_lock_is_released_at_the_end_of_its_block(tmp_path: Path) -> None:
    with wait_for(tmp_path / "lock"):
        assert acquire(tmp_path / "lock") is None
    assert acquire(tmp_path / "lock") is not None


@pytest.mark.slow
def test_a_lock_is_released_when_its_holder_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert acquire(path) is None
        holder.kill()
    with wait_for(path):
        assert acquire(path) is None


def test_a_file_system_without_locks_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_descriptor: int, _operation: int) -> None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr(fcntl, "flock", refuse)
    message = f"[Errno 38] Cannot be locked (Function not implemented): '{tmp_path / 'lock'}'"
    with pytest.raises(OSError, match=f"^{re.escape(message)}$"):
        acquire(tmp_path / "lock")
