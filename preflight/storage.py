"""Writing results: nothing is visible before it is complete."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING

from preflight.document import storage_error

if TYPE_CHECKING:
    from pathlib import Path


def write_file(path: Path, data: bytes) -> None:
    """Put a complete file at ``path``, replacing what is there in one step.

    Raises:
        OutputError: It cannot be written; DiskFull when there is no space.
    """
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())  # noqa: PTH101 - mkstemp gives a string
        os.replace(temporary, path)  # noqa: PTH105
    except OSError as error:
        if temporary:
            os.unlink(temporary)  # noqa: PTH108
        raise storage_error(error, str(path)) from error


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
