"""Results as files named by their content. What is there is complete, whoever died when, and is never changed.

::

    blobs/ab/<sha256>       the bytes, put in place by a rename after they and their folder are on disk
    receipts/ab/<sha256>    what an attempt at a unit of work produced, under the hash of what it was asked
    tmp/                    files on their way; on the same file system

Two that write the same put the same bytes under the same name, so neither needs to know of the other.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, cast

from preflight.document import storage_error
from preflight.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from preflight.ledger.records import Json

_HEX = frozenset("0123456789abcdef")


class Artifacts:
    """A folder of results; may be used from several threads and programs at once."""

    def __init__(self, folder: Path) -> None:
        """Make the folder, if it is not there.

        Raises:
            OutputError: It cannot be made.
        """
        self.folder = folder
        self._made: set[Path] = set()
        try:
            for name in ("blobs", "receipts", "tmp"):
                (folder / name).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise storage_error(error, str(folder)) from error

    def put(self, data: bytes) -> str:
        """Keep bytes; return their name. They are on disk when this returns.

        Raises:
            OutputError: They cannot be written; DiskFull when there is no space.
        """
        name = hashlib.sha256(data).hexdigest()
        if not self.renew(name):
            self._write(self.path(name), data)
        return name

    def adopt(self, path: Path, sha256: str) -> None:
        """Take over a complete file on the same file system, whose hash is known; it is moved.

        Raises:
            OutputError: It cannot be moved.
        """
        place = self.path(sha256)
        try:
            if self.renew(sha256):
                path.unlink()
                return
            self._sync(path)
            self._folder_of(place)
            path.replace(place)
            self._sync(place.parent)
        except OSError as error:
            raise storage_error(error, sha256) from error

    def get(self, name: str) -> bytes:
        """Return the bytes of a name.

        Raises:
            OutputError: They are not there, or not those of the name.
        """
        try:
            data = self.path(name).read_bytes()
        except OSError as error:
            raise OutputError(f"A stored result cannot be read ({error.strerror}). Remove {self.folder}.") from error
        if hashlib.sha256(data).hexdigest() != name:
            raise OutputError(f"A stored result is damaged. Check the disk, remove {self.folder} and run again.")
        return data

    def has(self, name: str) -> bool:
        """Whether the bytes of a name are there."""
        return self.path(name).is_file()

    def renew(self, name: str) -> bool:
        """Make bytes that are there as good as new for :meth:`drop_old`; False when they are not there."""
        with self._locked(fcntl.LOCK_SH):
            try:
                os.utime(self.path(name))
            except FileNotFoundError:
                return False
        return True

    def drop_old(self, before_s: float, kept: Container[str]) -> int:
        """Remove bytes and receipts that nobody has asked for since; return how many.

        Args:
            before_s: Those last made or renewed before, seconds since 1970.
            kept: Names of bytes that are still needed.
        """
        dropped = 0
        for kind in ("blobs", "receipts"):
            for path in (self.folder / kind).glob("*/*"):
                if kind == "blobs" and path.name in kept:
                    continue
                with self._locked(fcntl.LOCK_EX), suppress(FileNotFoundError):
                    if path.stat().st_mtime < before_s:
                        path.unlink()
                        dropped += 1
        return dropped

    @contextmanager
    def _locked(self, how: int) -> Iterator[None]:
        """Keep what is asked for again and what is removed apart."""
        handle = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, how)
            yield
        finally:
            os.close(handle)

    def path(self, name: str) -> Path:
        """Return where the bytes of a name lie, or would.

        Raises:
            ValueError: It is no name.
        """
        if len(name) != 64 or not _HEX.issuperset(name):
            raise ValueError(name)
        return self.folder / "blobs" / name[:2] / name

    def drop(self, name: str) -> None:
        """Let go of bytes that nobody needs any more."""
        with suppress(FileNotFoundError):
            self.path(name).unlink()

    def link(self, name: str, place: Path) -> None:
        """Let the bytes of a name appear at ``place`` too, which must not exist; without a copy where that is possible.

        Raises:
            OutputError: They cannot be put there.
        """
        try:
            try:
                os.link(self.path(name), place)
            except OSError as error:
                if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP):
                    raise
                shutil.copyfile(self.path(name), place)
        except OSError as error:
            raise storage_error(error, str(place)) from error

    def receipt(self, asked: Json) -> Json | None:
        """Return what an earlier attempt at the same unit of work left; None when there was none."""
        try:
            return cast("Json", json.loads(self._receipt_path(asked).read_bytes()))
        except (FileNotFoundError, ValueError):
            return None

    def keep_receipt(self, asked: Json, receipt: Json) -> None:
        """Remember what a unit of work produced, so that nobody does it again.

        Raises:
            OutputError: It cannot be written.
        """
        self._write(self._receipt_path(asked), json.dumps(receipt, sort_keys=True).encode())

    def drop_receipt(self, asked: Json) -> None:
        """Let go of a receipt: the ledger has been told, and who does the unit again wants it done."""
        with suppress(FileNotFoundError):
            self._receipt_path(asked).unlink()

    @contextmanager
    def temporary(self) -> Iterator[Path]:
        """Make a folder for files on their way, for the length of a ``with`` block.

        Raises:
            OutputError: It cannot be made.
        """
        try:
            made = Path(tempfile.mkdtemp(dir=self.folder / "tmp"))
        except OSError as error:
            raise storage_error(error, str(self.folder)) from error
        try:
            yield made
        finally:
            shutil.rmtree(made, ignore_errors=True)

    def sweep(self, *, before_s: float | None = None) -> None:
        """Remove what killed programs left half done.

        Args:
            before_s: What was last touched before, seconds since 1970. Without it all of it goes, which is only for
                whom knows that nobody else is at work.
        """
        for left in (self.folder / "tmp").iterdir():
            with suppress(FileNotFoundError):  # its maker was quicker
                if before_s is not None and left.stat().st_mtime >= before_s:
                    continue
                if left.is_dir():
                    shutil.rmtree(left, ignore_errors=True)
                else:
                    left.unlink()

    def _receipt_path(self, asked: Json) -> Path:
        name = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
        return self.folder / "receipts" / name[:2] / name

    def _write(self, place: Path, data: bytes) -> None:
        try:
            handle, temporary = tempfile.mkstemp(dir=self.folder / "tmp")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                self._folder_of(place)
                Path(temporary).replace(place)
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise
            self._sync(place.parent)
        except OSError as error:
            raise storage_error(error, str(place)) from error

    def _folder_of(self, place: Path) -> None:
        if place.parent not in self._made:
            place.parent.mkdir(exist_ok=True)
            self._sync(place.parent.parent)
            self._made.add(place.parent)

    @staticmethod
    def _sync(path: Path) -> None:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
