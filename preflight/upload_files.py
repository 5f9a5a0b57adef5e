"""The files of one upload: bytes on their way to its end, its lock, and the mark of bytes not yet compared."""

from __future__ import annotations

import fcntl
import hashlib
import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from preflight.document import arrival_error
from preflight.errors import ChecksumDiffers, OutputError, TooLarge, UnknownUpload, UploadBusy
from preflight.storage import sync_path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ALGORITHMS = ("sha256", "sha1", "md5")
"""Checksums that senders may use. SHA-1 is what the protocol asks every server to know; none of them is for secrecy."""
_UNCHECKED = "unchecked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One upload as it stands.

    Attributes:
        id: 32 hexadecimal digits.
        owner: Who may see it.
        length: Bytes it will have.
        offset: Bytes that are there and safe.
        metadata: ``Upload-Metadata`` as it was sent.
        expires_s: When it is removed if nothing more arrives, seconds since the epoch.
        path: The file with its bytes.
        asked_with: Id of the API key it came with; empty where there was none, or where that is not known.
    """

    id: str
    owner: str
    length: int
    offset: int
    metadata: str
    expires_s: float
    path: Path
    asked_with: str = ""

    @property
    def complete(self) -> bool:
        """Whether all of it is there."""
        return self.offset == self.length


@dataclass(frozen=True, slots=True, kw_only=True)
class Checksum:
    """What the sender says the bytes of one append sum to.

    Attributes:
        algorithm: One of :data:`ALGORITHMS`.
        digest: The sum.
    """

    algorithm: str
    digest: bytes


class Append:
    """Bytes on their way to the end of an upload.

    Attributes:
        upload: The upload before them.
        offset: Where the next byte goes.
    """

    def __init__(self, upload: Upload, file: int, checksum: Checksum | None) -> None:
        self.upload = upload
        self.offset = upload.offset
        self._file = file
        self._checksum = checksum
        self._sum = None if checksum is None else hashlib.new(checksum.algorithm, usedforsecurity=False)
        self._mark = upload.path.parent / _UNCHECKED
        self._finished = False
        self._failure: OutputError | None = None

    def write(self, data: bytes | bytearray) -> None:
        """Write the next bytes.

        Raises:
            TooLarge: More than the upload was to have. None of ``data`` is written.
            OutputError: They cannot be written, or those before them could not; DiskFull when there is no space. Some
                of them may have been: :attr:`offset` knows, and nothing can follow them here.
        """
        if self._failure is not None:
            raise self._failure
        if self.offset + len(data) > self.upload.length:
            raise TooLarge(f"More bytes came than the {self.upload.length:,} that were announced.")
        view = memoryview(data)
        try:
            while view:
                written = os.pwrite(self._file, view, self.offset)
                self.offset += written
                if self._sum is not None:
                    self._sum.update(view[:written])
                view = view[written:]
        except OSError as error:
            self._failure = arrival_error(error, "the upload")
            raise self._failure from error

    def finish(self) -> int:
        """Make sure of what was written; return the offset after it.

        Raises:
            ChecksumDiffers: The bytes are not those the sender meant; none of them is kept.
            OutputError: They cannot be written; DiskFull when there is no space.
        """
        if self._checksum is not None and self._sum is not None and self._sum.digest() != self._checksum.digest:
            raise ChecksumDiffers("The bytes that arrived do not have the announced checksum. Send them again.")
        self._sync()
        if self._checksum is not None:
            self._mark.unlink()
            sync_path(self._mark.parent)
        self._finished = True
        return self.offset

    def __enter__(self) -> Self:
        try:
            if self._checksum is not None:
                write_synced(self._mark, str(self.upload.offset).encode())
                sync_path(self._mark.parent)
        except OSError as error:
            raise arrival_error(error, "the upload") from error
        return self

    def __exit__(self, *_: object) -> None:
        if self._finished:
            return
        if self._checksum is not None:
            roll_back(self._mark.parent, self._file)
        else:
            self._sync()

    def _sync(self) -> None:
        try:
            os.fsync(self._file)
        except OSError as error:
            # What the system could not write may be lost without another word: only what was safe before counts.
            os.ftruncate(self._file, self.upload.offset)
            raise arrival_error(error, "the upload") from error


@contextmanager
def locked(path: Path) -> Iterator[int]:
    """Open a file for one writer at a time.

    Raises:
        UnknownUpload: It was removed in the meantime.
        UploadBusy: Somebody else has it.
    """
    try:
        file = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise unknown_upload() from error
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UploadBusy("Bytes of it are arriving on another connection. Try again in a moment.") from error
        if os.fstat(file).st_nlink == 0 or not path.exists():
            raise unknown_upload()
        yield file
    finally:
        os.close(file)


def roll_back(folder: Path, file: int) -> None:
    """Take out bytes whose checksum was never compared."""
    offset = unchecked_offset(folder)
    if offset is not None:
        os.ftruncate(file, offset)
        os.fsync(file)
        (folder / _UNCHECKED).unlink()


def unchecked_offset(folder: Path) -> int | None:
    """Return how many bytes of an upload count while others of it are not compared yet; None when all of them do."""
    return _read_number(folder / _UNCHECKED)


def _read_number(path: Path) -> int | None:
    """Read what :meth:`Append.__enter__` wrote; an empty mark stands where a crash came before any byte did."""
    try:
        text = path.read_text()
    except FileNotFoundError:
        return None
    return int(text) if text else None


def write_synced(path: Path, data: bytes) -> None:
    """Write a file and wait until the disk has it."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def unknown_upload() -> UnknownUpload:
    """Return the failure of an upload that is not there, or is somebody else's."""
    return UnknownUpload("There is no such upload. Start it again.")
