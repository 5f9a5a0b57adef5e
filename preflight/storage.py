"""Writing results: nothing is visible before it is complete."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from preflight.document import storage_error

STAGING_PREFIX = ".preflight-"
"""How the names of files begin that are not complete yet."""


def write_file(path: Path, data: bytes) -> None:
    """Put a complete file at ``path``, replacing what is there in one step.

    A link stays a link: what it leads to is written. A device or pipe cannot be replaced and is written as it is.

    Raises:
        OutputError: It cannot be written; DiskFull when there is no space.
    """
    try:
        if _is_special(path):
            with path.open("wb") as file:
                file.write(data)
        else:
            _replace(Path(os.path.realpath(path)), data)
    except OSError as error:
        raise storage_error(error, str(path)) from error


def _is_special(path: Path) -> bool:
    """Whether something other than a regular file is there (asked of the path itself, as /dev/stdout needs)."""
    try:
        return not stat.S_ISREG(path.stat().st_mode)
    except FileNotFoundError:
        return False


def _replace(path: Path, data: bytes) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=STAGING_PREFIX)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~umask())  # noqa: PTH101 - mkstemp gives a string
        os.replace(temporary, path)  # noqa: PTH105
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(temporary)  # noqa: PTH108
        raise


def sync_path(path: Path) -> None:
    """Wait until what was written to a file, or which names a folder has, is on the disk.

    Raises:
        OSError: The system could not do it.
    """
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    except OSError as error:
        if not (stat.S_ISDIR(os.fstat(handle).st_mode) and error.errno == errno.EINVAL):  # some file systems
            raise
    finally:
        os.close(handle)


def umask() -> int:
    """Return the bits that new files are made without."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
