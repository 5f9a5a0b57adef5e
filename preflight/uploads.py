"""Uploads that can be resumed: an upload's offset is the size of its file, so no crash can make the two differ.

The ground is tus 1.0 (https://tus.io/protocols/resumable-upload), without HTTP. What is acknowledged is on disk:
bytes are synced before an append is said to be done. Layout, for each upload a folder::

    <id>/about.json     who sends it, how long it will be, what the sender said of it
    <id>/data           the bytes so far; its lock is held while somebody appends
    <id>/unchecked      only while bytes arrive whose checksum is still to be compared: the offset before them
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import secrets
import shutil
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from preflight.document import storage_error
from preflight.errors import (
    ChecksumDiffers,
    DiskFull,
    TooLarge,
    UnknownUpload,
    UploadBusy,
    UploadExpired,
    UploadOffsetDiffers,
)
from preflight.storage import sync_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ALGORITHMS = ("sha256", "sha1", "md5")
"""Checksums that senders may use. SHA-1 is what the protocol asks every server to know; none of them is for secrecy."""
RESERVE_BYTES = 256 * 1024 * 1024
"""Space that must be left for the work itself."""
_ID = re.compile(r"[0-9a-f]{32}")
_ABOUT, _DATA, _UNCHECKED = "about.json", "data", "unchecked"
_NEW_PREFIX = ".new-"


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
    """

    id: str
    owner: str
    length: int
    offset: int
    metadata: str
    expires_s: float
    path: Path

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


class UploadStore:
    """Uploads in a folder.

    Args:
        root: The folder; made when it is not there.
        max_bytes: Largest upload.
        ttl_s: Seconds after its last byte when an upload expires.
        reserve_bytes: Space on the disk that uploads must leave free.
        now: Seconds since the epoch.
    """

    def __init__(
        self,
        root: Path,
        *,
        max_bytes: int,
        ttl_s: float,
        reserve_bytes: int = RESERVE_BYTES,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.max_bytes = max_bytes
        self._root = root
        self._ttl_s = ttl_s
        self._reserve_bytes = reserve_bytes
        self._now = now
        try:
            root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise storage_error(error, str(root)) from error

    def create(self, length: int, *, owner: str = "", metadata: str = "") -> Upload:
        """Make room for an upload; it is there after a crash once this returns.

        Raises:
            TooLarge: Longer than uploads may be.
            DiskFull: The disk has no room for it.
            OutputError: It cannot be written.
        """
        if length > self.max_bytes:
            raise TooLarge(f"{length:,} bytes are more than the {self.max_bytes:,} this service takes.")
        free = shutil.disk_usage(self._root).free - self._reserve_bytes
        if length > free:
            raise DiskFull("The service has no room for this upload now. Try again later.")
        upload_id = secrets.token_hex(16)
        about = {"owner": owner, "length": length, "metadata": metadata}
        new = self._root / f"{_NEW_PREFIX}{upload_id}"
        try:
            new.mkdir(mode=0o700)
            _write_synced(new / _DATA, b"")
            _write_synced(new / _ABOUT, json.dumps(about).encode())
            sync_path(new)
            new.rename(self._root / upload_id)
            sync_path(self._root)
        except OSError as error:
            shutil.rmtree(new, ignore_errors=True)
            raise storage_error(error, "the upload") from error
        return self.find(upload_id, owner=owner)

    def find(self, upload_id: str, *, owner: str = "") -> Upload:
        """Return an upload.

        Raises:
            UnknownUpload: There is none with this id, or it is somebody else's.
            UploadExpired: Its time is over.
        """
        folder = self._folder(upload_id)
        try:
            about = json.loads((folder / _ABOUT).read_bytes())
            facts = (folder / _DATA).stat()
        except FileNotFoundError as error:
            raise _unknown() from error
        if about["owner"] != owner:
            raise _unknown()
        expires_s = facts.st_mtime + self._ttl_s
        if expires_s <= self._now():
            raise UploadExpired("The upload was not finished in time and is gone. Start it again.")
        unchecked = _read_number(folder / _UNCHECKED)
        return Upload(
            id=upload_id,
            owner=owner,
            length=about["length"],
            offset=facts.st_size if unchecked is None else unchecked,
            metadata=about["metadata"],
            expires_s=expires_s,
            path=folder / _DATA,
        )

    @contextmanager
    def append(
        self, upload_id: str, offset: int, *, owner: str = "", checksum: Checksum | None = None
    ) -> Iterator[Append]:
        """Take bytes at the end of an upload, for the length of a ``with`` block.

        What was written when the block ends, well or badly, is kept, synced, and counts; with a checksum it counts only
        after :meth:`Append.finish`.

        Raises:
            UnknownUpload: There is none with this id, or it is somebody else's.
            UploadExpired: Its time is over.
            UploadBusy: Somebody else is appending.
            UploadOffsetDiffers: The upload does not end at ``offset``.
            OutputError: The bytes cannot be written; DiskFull when there is no space.
        """
        folder = self.find(upload_id, owner=owner).path.parent
        with _locked(folder / _DATA) as file:
            _roll_back(folder, file)
            upload = self.find(upload_id, owner=owner)
            if upload.offset != offset:
                raise UploadOffsetDiffers(
                    f"The upload has {upload.offset:,} bytes so far. Go on from there.", offset=upload.offset
                )
            with Append(upload, file, checksum) as append:
                yield append

    def remove(self, upload_id: str, *, owner: str = "") -> None:
        """Remove an upload and its bytes.

        Raises:
            UnknownUpload: There is none with this id, or it is somebody else's.
            UploadExpired: It is gone already.
            UploadBusy: Somebody is appending.
        """
        folder = self.find(upload_id, owner=owner).path.parent
        with _locked(folder / _DATA):
            self._discard(folder)

    def purge(self) -> int:
        """Remove what has expired or was never quite made; return how many uploads that were."""
        removed = 0
        for folder in sorted(self._root.iterdir()):
            limit = self._now() - self._ttl_s
            with suppress(FileNotFoundError, UploadBusy):  # somebody else removes it, or still sends
                if folder.name.startswith(_NEW_PREFIX):
                    removed += folder.stat().st_mtime < limit and self._discard(folder)
                elif _ID.fullmatch(folder.name) and (folder / _DATA).stat().st_mtime < limit:
                    with _locked(folder / _DATA):
                        removed += self._discard(folder)
        return removed

    def _folder(self, upload_id: str) -> Path:
        if not _ID.fullmatch(upload_id):
            raise _unknown()
        return self._root / upload_id

    def _discard(self, folder: Path) -> bool:
        """Take a folder out of sight in one step, then remove it."""
        gone = self._root / f"{_NEW_PREFIX}{secrets.token_hex(16)}"
        folder.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)  # what is left of it is not seen any more, and purged
        return True


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

    def write(self, data: bytes) -> None:
        """Write the next bytes.

        Raises:
            TooLarge: More than the upload was to have. None of ``data`` is written.
            OutputError: They cannot be written; DiskFull when there is no space.
        """
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
            raise storage_error(error, "the upload") from error

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
                _write_synced(self._mark, str(self.upload.offset).encode())
                sync_path(self._mark.parent)
        except OSError as error:
            raise storage_error(error, "the upload") from error
        return self

    def __exit__(self, *_: object) -> None:
        if self._finished:
            return
        if self._checksum is not None:
            _roll_back(self._mark.parent, self._file)
        else:
            self._sync()

    def _sync(self) -> None:
        try:
            os.fsync(self._file)
        except OSError as error:
            # What the system could not write may be lost without another word: only what was safe before counts.
            os.ftruncate(self._file, self.upload.offset)
            raise storage_error(error, "the upload") from error


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    """Open a file for one writer at a time.

    Raises:
        UnknownUpload: It was removed in the meantime.
        UploadBusy: Somebody else has it.
    """
    try:
        file = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise _unknown() from error
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UploadBusy("Bytes of it are arriving on another connection. Try again in a moment.") from error
        if os.fstat(file).st_nlink == 0 or not path.exists():
            raise _unknown()
        yield file
    finally:
        os.close(file)


def _roll_back(folder: Path, file: int) -> None:
    """Take out bytes whose checksum was never compared."""
    offset = _read_number(folder / _UNCHECKED)
    if offset is not None:
        os.ftruncate(file, offset)
        os.fsync(file)
        (folder / _UNCHECKED).unlink()


def _read_number(path: Path) -> int | None:
    """Read what :meth:`Append.__enter__` wrote; an empty mark stands where a crash came before any byte did."""
    try:
        text = path.read_text()
    except FileNotFoundError:
        return None
    return int(text) if text else None


def _write_synced(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _unknown() -> UnknownUpload:
    return UnknownUpload("There is no such upload. Start it again.")
