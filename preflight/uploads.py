"""Uploads that can be resumed: an upload's offset is the size of its file, so no crash can make the two differ.

The ground is tus 1.0 (https://tus.io/protocols/resumable-upload), without HTTP. What is acknowledged is on disk:
bytes are synced before an append is said to be done. Layout, for each upload a folder::

    <id>/about.json     who sends it, how long it will be, what the sender said of it
    <id>/data           the bytes so far; its lock is held while somebody appends
    <id>/unchecked      only while bytes arrive whose checksum is still to be compared: the offset before them
"""

from __future__ import annotations

import json
import re
import secrets
import shutil
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from preflight.document import arrival_error, storage_error
from preflight.errors import (
    DiskFull,
    TooLarge,
    UploadBusy,
    UploadError,
    UploadExpired,
    UploadOffsetDiffers,
)
from preflight.storage import sync_path
from preflight.upload_files import (
    ALGORITHMS,
    Append,
    Checksum,
    Upload,
    locked,
    roll_back,
    unchecked_offset,
    unknown_upload,
    write_synced,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["ALGORITHMS", "RESERVE_BYTES", "Append", "Checksum", "Upload", "UploadStore"]

RESERVE_BYTES = 256 * 1024 * 1024
"""Space that must be left for the work itself."""
_ID = re.compile(r"[0-9a-f]{32}")
_ABOUT, _DATA = "about.json", "data"
_NEW_PREFIX = ".new-"


class UploadStore:
    """Uploads in a folder.

    Args:
        root: The folder; made when it is not there.
        max_bytes: Largest upload.
        ttl_s: Seconds after its last byte when an upload expires that is not complete.
        kept_s: The same for one that is complete; ``ttl_s`` when None.
        reserve_bytes: Space on the disk that uploads must leave free.
        now: Seconds since the epoch.
    """

    def __init__(
        self,
        root: Path,
        *,
        max_bytes: int,
        ttl_s: float,
        kept_s: float | None = None,
        reserve_bytes: int = RESERVE_BYTES,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.max_bytes = max_bytes
        self._root = root
        self._ttl_s = ttl_s
        self._kept_s = ttl_s if kept_s is None else kept_s
        self._reserve_bytes = reserve_bytes
        self._now = now
        try:
            root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise storage_error(error, str(root)) from error

    def create(self, length: int, *, owner: str = "", metadata: str = "", asked_with: str = "") -> Upload:
        """Make room for an upload; it is there after a crash once this returns.

        Args:
            length: Bytes it will have.
            owner: Who may see it.
            metadata: ``Upload-Metadata`` as it was sent.
            asked_with: Id of the API key it comes with; empty where there are none.

        Raises:
            TooLarge: Longer than uploads may be.
            DiskFull: The disk has no room for it.
            OutputError: It cannot be written.
        """
        self.check_room(length)
        about = {"owner": owner, "length": length, "metadata": metadata, "asked_with": asked_with}
        return self._make(about, lambda data: write_synced(data, b""))

    def take(self, path: Path, *, owner: str = "", metadata: str = "", asked_with: str = "") -> Upload:
        """Make a complete upload of a file on the same file system, which is moved; arguments as in :meth:`create`.

        Raises:
            TooLarge: Longer than uploads may be.
            OutputError: It cannot be moved.
        """
        try:
            length = path.stat().st_size
        except OSError as error:
            raise arrival_error(error, "the upload") from error
        if length > self.max_bytes:
            raise self._too_large(length)

        def move(data: Path) -> None:
            sync_path(path)
            path.rename(data)

        about = {"owner": owner, "length": length, "metadata": metadata, "asked_with": asked_with}
        return self._make(about, move)

    def check_room(self, length: int) -> None:
        """Refuse what there is no room for.

        Raises:
            TooLarge: Longer than uploads may be.
            DiskFull: The disk has no room for it.
        """
        if length > self.max_bytes:
            raise self._too_large(length)
        if length > self.free_bytes():
            raise DiskFull("The service has no room for this upload now. Try again later.")

    def free_bytes(self) -> int:
        """Return the space there is for uploads; below zero when the reserve is touched."""
        return shutil.disk_usage(self._root).free - self._reserve_bytes

    def _make(self, about: dict[str, object], place_data: Callable[[Path], None]) -> Upload:
        upload_id = secrets.token_hex(16)
        new = self._root / f"{_NEW_PREFIX}{upload_id}"
        try:
            new.mkdir(mode=0o700)
            place_data(new / _DATA)
            write_synced(new / _ABOUT, json.dumps(about).encode())
            sync_path(new)
            new.rename(self._root / upload_id)
            sync_path(self._root)
        except OSError as error:
            shutil.rmtree(new, ignore_errors=True)
            raise arrival_error(error, "the upload") from error
        return self.find(upload_id, owner=str(about["owner"]))

    def _too_large(self, length: int) -> TooLarge:
        return TooLarge(f"{length:,} bytes are more than the {self.max_bytes:,} this service takes.")

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
            raise unknown_upload() from error
        if about["owner"] != owner:
            raise unknown_upload()
        unchecked = unchecked_offset(folder)
        offset = facts.st_size if unchecked is None else unchecked
        expires_s = facts.st_mtime + (self._kept_s if offset == about["length"] else self._ttl_s)
        if expires_s <= self._now():
            raise UploadExpired("The time of this upload is over and it is gone. Start it again.")
        return Upload(
            id=upload_id,
            owner=owner,
            length=about["length"],
            offset=offset,
            metadata=about["metadata"],
            expires_s=expires_s,
            path=folder / _DATA,
            asked_with=about.get("asked_with", ""),  # older versions did not write it down
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
        with locked(folder / _DATA) as file:
            roll_back(folder, file)
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
        with locked(folder / _DATA):
            self._discard(folder)

    def purge(self) -> int:
        """Remove what has expired or was never quite made; return how many uploads that were."""
        removed = 0
        for folder in sorted(self._root.iterdir()):
            with suppress(FileNotFoundError, UploadBusy):  # somebody else removes it, or still sends
                if folder.name.startswith(_NEW_PREFIX):
                    removed += folder.stat().st_mtime < self._now() - self._ttl_s and self._discard(folder)
                elif _ID.fullmatch(folder.name) and self._expired(folder):
                    with locked(folder / _DATA):
                        removed += self._discard(folder)
        return removed

    def complete(self) -> Iterator[Upload]:
        """Yield all uploads that are complete and have not expired."""
        for folder in sorted(self._root.iterdir()):
            if _ID.fullmatch(folder.name):
                with suppress(FileNotFoundError, UploadError):  # removed meanwhile, or expired
                    owner = json.loads((folder / _ABOUT).read_bytes())["owner"]
                    upload = self.find(folder.name, owner=owner)
                    if upload.complete:
                        yield upload

    def _expired(self, folder: Path) -> bool:
        about = json.loads((folder / _ABOUT).read_bytes())
        try:
            self.find(folder.name, owner=about["owner"])
        except UploadExpired:
            return True
        return False

    def _folder(self, upload_id: str) -> Path:
        if not _ID.fullmatch(upload_id):
            raise unknown_upload()
        return self._root / upload_id

    def _discard(self, folder: Path) -> bool:
        """Take a folder out of sight in one step, then remove it."""
        gone = self._root / f"{_NEW_PREFIX}{secrets.token_hex(16)}"
        folder.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)  # what is left of it is not seen any more, and purged
        return True
