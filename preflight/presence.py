"""Which runners of this machine are alive: each holds a lock that the kernel takes back however its process ends."""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import TYPE_CHECKING

from preflight.document import storage_error

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from preflight.ledger.store import Ledger


@contextlib.contextmanager
def present(folder: Path, name: str, about: bytes = b"") -> Iterator[None]:
    """Let others see that a runner is alive, for the length of a ``with`` block; a process that is stopped is alive.

    Args:
        folder: Folder of locks.
        name: Of the runner, like no other's.
        about: What others may read of it.

    Raises:
        OutputError: The lock cannot be made.
    """
    path = folder / name
    try:
        folder.mkdir(exist_ok=True)
        handle = _locked(path)
        os.write(handle, about)
    except OSError as error:
        raise storage_error(error, str(path)) from error
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(handle)


def alive(folder: Path) -> list[bytes]:
    """Return what each runner of this machine that is alive tells of itself."""
    found = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        with contextlib.suppress(FileNotFoundError):
            if _is_alive(path):
                found.append(path.read_bytes())
    return found


def release_dead(ledger: Ledger, folder: Path) -> int:
    """Take back at once what runners of this machine held that are no more; return how many are alive."""
    living = {path.name for path in folder.iterdir() if _is_alive(path)} if folder.is_dir() else set()
    for name in ledger.runners():
        if name not in living:
            ledger.release(name, lost=True)
    return len(living)


def _locked(path: Path) -> int:
    """Make a lock file and lock it; somebody may take it for that of a dead one in between, so look again then."""
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(handle, fcntl.LOCK_EX)
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(handle), path.stat()):
                return handle
        os.close(handle)


def _is_alive(path: Path) -> bool:
    """Whether the runner of a lock file is there; else the file is removed."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink(missing_ok=True)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(handle)
