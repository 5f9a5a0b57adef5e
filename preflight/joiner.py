"""Putting the pieces of a split together again."""

from __future__ import annotations

import errno
import logging
import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from preflight.document import storage_error
from preflight.errors import OutputError, PiecesDiffer
from preflight.execution import Task
from preflight.manifest import load_manifest
from preflight.output import find_place, no_empty_folders, staging
from preflight.piece_check import check_hashes, find_files
from preflight.record_check import check_record
from preflight.survey import stopped
from preflight.worker import allow_files

if TYPE_CHECKING:
    from pathlib import Path

    from preflight.document import Document
    from preflight.execution import Executor
    from preflight.manifest import Manifest
    from preflight.settings import Settings

logger = logging.getLogger(__name__)

_NO_HARD_LINKS = {errno.EPERM, errno.EACCES, errno.EOPNOTSUPP, errno.ENOSYS}
"""What file systems without hard links say (FAT, CIFS, some in user space)."""
_COUNTED = frozenset({"unlisted-file", "limits-differ", "over-limit"})
"""What is of no concern for putting pieces together."""
_SPARE_FILES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """What was put together.

    Attributes:
        path: The file.
        size_bytes: Its size.
        units: Units in it.
        missing: Numbers of units that are in no piece, and so not in it.
    """

    path: Path
    size_bytes: int
    units: int
    missing: tuple[int, ...] = ()


def join_pieces(path: Path, out: Path, settings: Settings, executor: Executor, *, force: bool = False) -> Joined:
    """Put the pieces of a manifest together; the file appears only when it is complete.

    Args:
        path: The manifest, or the folder it lies in.
        out: The file to write.
        settings: How the work is done.
        executor: Where the pieces are read.
        force: Whether an existing file may be replaced.

    Raises:
        PiecesDiffer: A piece is missing, or not the file that was written.
        Stopped: The pieces cannot be put together.
        OutputError: The file cannot be written, or is there already.
    """
    path, manifest, sealed = load_manifest(path)
    if not force and os.path.lexists(out):
        raise OutputError(f"{out} exists. Add --force to replace it, or choose another name.")
    pieces = _whole_pieces(path, manifest, sealed=sealed)
    with no_empty_folders(out):
        place = find_place(out)
        with staging(place) as folder:
            staged = folder / "joined"
            try:
                _write(staged, pieces, manifest, settings, executor)
                size = staged.stat().st_size
                _appear(staged, out, force=force)
            except OSError as error:
                raise storage_error(error, place.shown) from error
    return Joined(
        path=out,
        size_bytes=size,
        units=len({unit.number for piece in manifest.pieces for unit in piece.units}),
        missing=tuple(one.number for one in manifest.quarantined),
    )


def _whole_pieces(path: Path, manifest: Manifest, *, sealed: bool) -> list[Document]:
    """Return the pieces in order once all are there and are the files that were written."""
    found = find_files(manifest, path.parent)
    check_hashes(manifest, found)
    wrong = [*check_record(manifest, sealed=sealed), *found.discrepancies]
    wrong = [one for one in wrong if one.code not in _COUNTED]
    if wrong:
        more = f" And {len(wrong) - 1} more: `preflight verify` lists them." if len(wrong) > 1 else ""
        raise PiecesDiffer(f"{wrong[0].message}{more} Nothing was written.")
    return [found.pieces[piece.index] for piece in manifest.pieces]


def _write(staged: Path, pieces: list[Document], manifest: Manifest, settings: Settings, executor: Executor) -> None:
    if manifest.settings.form != "document":
        with staged.open("xb") as out:
            for piece in pieces:
                with piece.open() as file:
                    out.write(file.read())
            out.flush()
            os.fsync(out.fileno())
        return
    allow_files(len(pieces) + _SPARE_FILES)
    task = Task(
        key=0,
        name="join",
        document=pieces[0],
        payload={
            "media_type": manifest.pieces[0].media_type,
            "changes": [[asdict(change) for change in piece.changes] for piece in manifest.pieces],
        },
        cpu_s=settings.timeout,
        inputs=tuple(pieces[1:]),
        outputs=(staged,),
    )
    (outcome,) = executor.run([task])
    if outcome.trace:
        logger.error("bug while joining pieces:\n%s", outcome.trace)
    if outcome.result is None:
        raise stopped(outcome.problem)
    with staged.open("rb") as made:
        os.fsync(made.fileno())


def _appear(staged: Path, out: Path, *, force: bool) -> None:
    """Give the file its name in one step, without replacing another that came meanwhile."""
    if force:
        staged.replace(out)
        return
    try:
        os.link(staged, out)
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        if os.path.lexists(out):
            raise FileExistsError(17, "File exists") from None
        staged.rename(out)
