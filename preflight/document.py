"""A document as offered, before anything in it is read: a regular file that can be opened again and again."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from extractors.clean import safe_label
from extractors.errors import EmptyDocument
from preflight.errors import DiskFull, FileMissing, OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A regular, readable, non-empty file.

    Attributes:
        path: Where it lies; each task opens it anew, so that tasks do not share a file offset.
        name: Display name, made safe to print.
        size_bytes: Size when it was looked at.
        identity: Device, inode, size and modification time, to notice a file that changes under our hands.
    """

    path: Path
    name: str
    size_bytes: int
    identity: tuple[int, int, int, int]

    def open(self) -> BinaryIO:
        """Open it for reading.

        Raises:
            FileMissing: It is no longer there, or it is another file than before.
        """
        file = open_regular(self.path, follow_links=True)
        if _identity(os.fstat(file.fileno())) != self.identity:
            file.close()
            raise FileMissing(f"{self.name} changed while it was being read. Run again when nothing writes to it.")
        return file


def find_document(path: Path | str, *, name: str | None = None, follow_links: bool = True) -> Document:
    """Look at a path and return the document there.

    Args:
        path: Where the file lies.
        name: Display name; the file's own name when None.
        follow_links: Whether a symbolic link is followed (a batch over folders does not).

    Raises:
        FileMissing: Not there, a directory, a device or pipe, or not readable.
        EmptyDocument: Zero bytes.
    """
    path = Path(path)
    shown = safe_label(os.fsencode(path.name if name is None else name).decode("utf-8", "replace")) or "document"
    with open_regular(path, follow_links=follow_links) as file:
        facts = os.fstat(file.fileno())
    if facts.st_size == 0:
        raise EmptyDocument(f"{shown} has zero bytes. Check the download or export that produced it.")
    return Document(path=path, name=shown, size_bytes=facts.st_size, identity=_identity(facts))


@contextmanager
def spooled(stream: BinaryIO, name: str) -> Iterator[Document]:
    """Copy a stream (standard input, a request body) to a temporary file and look at it as a document.

    Raises:
        DiskFull: No space for the copy.
        EmptyDocument: The stream has no bytes.
    """
    with ExitStack() as stack:
        try:
            path = stack.enter_context(temporary_path())
            with path.open("wb") as copy:
                shutil.copyfileobj(stream, copy, 1 << 20)
        except OSError as error:
            raise storage_error(error, f"a temporary copy of {name}") from error
        yield find_document(path, name=name)


@contextmanager
def temporary_path(folder: Path | None = None) -> Iterator[Path]:
    """Give the path of a file that may be made, for the length of a ``with`` block; only this user may read it.

    The caller opens and closes it, so that every failure to write, even the one told on closing, is the caller's to
    translate.

    Args:
        folder: Where temporary files go; the system's place for them when None.

    Raises:
        OSError: There is no place for temporary files.
    """
    with tempfile.TemporaryDirectory(prefix="preflight-", dir=folder) as made:
        yield Path(made) / "copy"


def storage_error(error: OSError, what: str) -> OutputError:
    """Say why ``what`` could not be written and what to do about it."""
    import errno

    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(f"No space left to write {what}. Free some space, or set TMPDIR or -o to another disk.")
    return OutputError(f"Cannot write {what}: {error.strerror}. Choose a folder you may write to.")


def arrival_error(error: OSError, what: str) -> OutputError:
    """Say to whoever sends ``what`` to a service why it could not be kept; its disk is not theirs to clear."""
    found = storage_error(error, what)
    if isinstance(found, DiskFull):
        return DiskFull(f"The service has no room for {what} now. Try again later; an upload goes on where it was.")
    return found


def _identity(facts: os.stat_result) -> tuple[int, int, int, int]:
    return facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns


def open_regular(path: Path, *, follow_links: bool) -> BinaryIO:
    """Open a file for reading; never waits, whatever it is.

    Raises:
        FileMissing: There is none, it is no regular file, or it may not be read.
    """
    shown = safe_label(str(path).encode("utf-8", "surrogateescape").decode("utf-8", "replace"), limit=300)
    # O_NONBLOCK: opening a named pipe must not wait for a writer.
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow_links else os.O_NOFOLLOW)
    try:
        fd = os.open(path, flags)
    except FileNotFoundError as error:
        raise FileMissing(f"There is no file {shown}. Check the path.") from error
    except PermissionError as error:
        raise FileMissing(f"No permission to read {shown}. Change its permissions or run as its owner.") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "the name is not valid"
        raise FileMissing(f"Cannot open {shown}: {reason}. Check the path.") from error
    mode = os.fstat(fd).st_mode
    if stat.S_ISREG(mode):
        return os.fdopen(fd, "rb")
    os.close(fd)
    if stat.S_ISDIR(mode):
        raise FileMissing(f"{shown} is a folder. Use `preflight batch {shown} -o OUT` for folders.")
    raise FileMissing(f"{shown} is not a regular file (a device, pipe or socket). Use `-` to read standard input.")
