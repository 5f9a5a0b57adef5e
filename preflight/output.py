"""A folder of results: nothing of it is visible before all of it is complete.

It is built in a hidden folder beside the wanted one, on the same file system, and renamed in one step. The hidden
folder is locked as long as its owner lives; the next run removes what a killed one left behind.

Where the wanted folder cannot be replaced (a mount point, the working directory, a parent without permission), the
files are built in a hidden folder inside it and moved one after another (:mod:`preflight.moving`); a move that does not
come to its end is taken back.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import os
import shutil
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from extractors.clean import safe_label
from preflight.document import storage_error
from preflight.errors import BadManifest, DiskFull, FileMissing, OutputError
from preflight.moving import is_moving, move_into, take_back
from preflight.names import MANIFEST_NAME, is_plain_name
from preflight.storage import sync_path, umask

if TYPE_CHECKING:
    from collections.abc import Iterator

_MARK = ".preflight-"
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2
_TRIES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """The folder results are to appear in, looked at before any work is done.

    Attributes:
        path: Its real path, links resolved.
        shown: As it was named, safe to print.
        exists: It is there (and empty, or holds a former result that may be replaced).
        inside: It cannot be replaced itself, so files are moved into it.
    """

    path: Path
    shown: str
    exists: bool
    inside: bool


def find_folder(path: Path, *, force: bool) -> Folder:
    """Look at the folder for results; make the folders above it.

    Args:
        path: As the user names it.
        force: Whether a former result there may be replaced.

    Raises:
        OutputError: It is no folder, holds files of others or a result that may not be replaced, or cannot be written.
    """
    shown = _shown(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        real = Path(os.path.realpath(path.parent, strict=True)) / path.name if path.name else path
        real = Path(os.path.realpath(real, strict=os.path.lexists(real)))
        exists = real.exists()
        if exists and not real.is_dir():
            raise OutputError(f"{shown} is a file. Choose a new or empty folder.")
        parent_writable = os.access(real.parent, os.W_OK | os.X_OK)
        if not parent_writable and not (exists and os.access(real, os.W_OK | os.X_OK)):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        inside = exists and (not parent_writable or os.path.ismount(real) or real == Path.cwd())
        folder = Folder(path=real, shown=shown, exists=exists, inside=inside)
        remove_leftovers(folder)
        _look_around(folder)
        _look_inside(folder, force=force)
    except (FileExistsError, NotADirectoryError) as error:
        raise _in_the_way(shown) from error
    except OSError as error:
        raise storage_error(error, shown) from error
    return folder


def find_place(path: Path) -> Folder:
    """Look at the place of a single file, for :func:`staging`; make the folders above it.

    Args:
        path: The file, as the user names it.

    Raises:
        OutputError: The folders above cannot be made.
    """
    folder = Folder(path=path, shown=_shown(path), exists=False, inside=False)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise _in_the_way(folder.shown) from error
    except OSError as error:
        raise storage_error(error, folder.shown) from error
    remove_leftovers(folder)
    return folder


@contextmanager
def no_empty_folders(path: Path) -> Iterator[None]:
    """Remove folders above a result at the end of the block that were not there before it and hold nothing."""
    missing = [one for one in path.parents if not os.path.lexists(one)]
    try:
        yield
    finally:
        for one in missing:
            with contextlib.suppress(OSError):  # something lies in it, or it was never made
                one.rmdir()


def _shown(path: Path) -> str:
    return safe_label(os.fsencode(path).decode("utf-8", "replace"), 300)


def _in_the_way(shown: str) -> OutputError:
    return OutputError(
        f"Cannot make {shown}: a file, or a link that leads nowhere, stands where a folder above it should be. "
        "Choose another folder."
    )


def _look_around(folder: Folder) -> None:
    """Refuse a folder inside of a former result: what is there is all that may be there."""
    if _files_of_result(folder.path.parent):
        raise OutputError(
            f"{folder.shown} would lie inside a former result, which could not be verified or replaced then. Choose "
            "a folder beside it."
        )


def _look_inside(folder: Folder, *, force: bool) -> None:
    names = _names_in(folder.path) if folder.exists else []
    if not names:
        return
    ours = _files_of_result(folder.path)
    foreign = [name for name in names if name not in ours]
    if foreign:
        raise OutputError(
            f"{folder.shown} holds files of others ({safe_label(foreign[0])}"
            f"{f' and {len(foreign) - 1:,} more' if len(foreign) > 1 else ''}). Choose a new or empty folder."
        )
    if not force:
        raise OutputError(f"{folder.shown} holds a former result. Add --force to replace it, or choose another folder.")


def _files_of_result(path: Path) -> set[str]:
    """Names of the files of a former result; empty when there is none."""
    from preflight.manifest import load_manifest

    try:
        _, manifest, _ = load_manifest(path / MANIFEST_NAME)
    except (FileMissing, BadManifest, OSError):
        return set()
    names = set(manifest.file_names())
    return {MANIFEST_NAME, *names} if all(map(is_plain_name, names)) else set()


def _names_in(path: Path) -> list[str]:
    return sorted(one.name for one in path.iterdir())


@contextmanager
def staging(folder: Folder, *, needed_bytes: int = 0) -> Iterator[Path]:
    """Make a hidden folder to build results in; whatever is left of it at the end of the block is removed.

    Args:
        folder: Where the results will appear (:func:`publish`).
        needed_bytes: Space that is surely needed.

    Raises:
        OutputError: It cannot be made; DiskFull when there is not enough space.
    """
    place = folder.path if folder.inside else folder.path.parent
    try:
        made, lock = _locked_folder(place, folder.path.name)
    except OSError as error:
        raise storage_error(error, folder.shown) from error
    try:
        free = shutil.disk_usage(made).free
        if free < needed_bytes:
            raise DiskFull(
                f"{needed_bytes:,} bytes are needed for {folder.shown} and {free:,} are free. Free some space, or set "
                "-o to another disk."
            )
        yield made
    finally:
        if not is_moving(made):  # else the next run takes the move back
            shutil.rmtree(made, ignore_errors=True)
        os.close(lock)


def publish(staged: Path, folder: Folder, *, force: bool) -> None:
    """Let the files of a staging folder appear in the wanted folder, all or none.

    Raises:
        OutputError: The folder has changed meanwhile, or nothing can be written.
    """
    try:
        for path in sorted(staged.iterdir()):
            sync_path(path)
        staged.chmod(0o777 & ~umask())
        sync_path(staged)
        now = Folder(path=folder.path, shown=folder.shown, exists=folder.path.exists(), inside=folder.inside)
        _look_inside_again(now, staged, force=force)
        if folder.inside:
            move_into(staged, folder.path, _files_of_result(folder.path))
        elif now.exists and _names_in(folder.path):
            _exchange(staged, folder.path)
        else:
            staged.rename(folder.path)
        sync_path(folder.path if folder.inside else folder.path.parent)
    except OSError as error:
        raise storage_error(error, folder.shown) from error


def _look_inside_again(folder: Folder, staged: Path, *, force: bool) -> None:
    """Refuse to touch what somebody else put there while the pieces were made."""
    if not folder.inside:
        _look_inside(folder, force=force)
        return
    ours = _files_of_result(folder.path) | {staged.name}
    foreign = [name for name in _names_in(folder.path) if name not in ours]
    if foreign or (not force and len(ours) > 1):
        raise OutputError(f"Somebody else wrote into {folder.shown} meanwhile. Choose a new or empty folder.")


def remove_leftovers(folder: Folder) -> None:
    """Remove hidden folders of runs that did not come to their end, and take back what they had half moved."""
    for place in (folder.path.parent, folder.path):
        with contextlib.suppress(OSError):  # what cannot be listed or removed is in nobody's way
            for name in _names_in(place):
                if name.startswith(_prefix(folder.path.name)):
                    _remove_if_left(place / name, folder.path if place == folder.path else None)


def _remove_if_left(path: Path, moved_into: Path | None) -> None:
    """Remove a hidden folder unless the process that made it is still there."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(handle).st_uid != os.geteuid():
            return
        if moved_into is not None:
            take_back(path, moved_into)
        shutil.rmtree(path)
    except (BlockingIOError, ValueError):
        return
    finally:
        os.close(handle)


def _prefix(name: str) -> str:
    return f".{name[:60]}{_MARK}"


def _locked_folder(place: Path, name: str) -> tuple[Path, int]:
    """Make a hidden folder and lock it; another run may take it for a leftover in between, so try again then."""
    for _ in range(_TRIES):
        made = Path(tempfile.mkdtemp(prefix=_prefix(name), dir=place))
        handle = os.open(made, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        with contextlib.suppress(FileNotFoundError, BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(handle), made.stat()):
                return made, handle
        os.close(handle)
    raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))


def _exchange(staged: Path, folder: Path) -> None:
    """Put the new folder in place of the old in one step, where the system can; the old one is then the staged one."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        done = getattr(libc, "renameat2", None)
        names = os.fsencode(staged), os.fsencode(folder)
        if done is not None and done(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE) == 0:
            return
    aside = Path(tempfile.mkdtemp(prefix=_prefix(folder.name), dir=folder.parent))
    folder.rename(aside)
    staged.rename(folder)
    shutil.rmtree(aside)
