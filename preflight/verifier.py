"""Verifying a split: the record in itself, the files beside it, and both against the original."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from preflight.look_check import MOST_COMPARED
from preflight.manifest import load_manifest
from preflight.original_check import check_original
from preflight.piece_check import check_units, find_files
from preflight.record_check import Discrepancy, check_record

if TYPE_CHECKING:
    from pathlib import Path

    from preflight.document import Document
    from preflight.execution import Executor
    from preflight.settings import Settings

__all__ = ["Discrepancy", "Verification", "verify_manifest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What verifying found.

    Attributes:
        discrepancies: Everything that is not as it should be; none where all is well.
        notes: Differences from the original that the manifest accounts for.
        pieces: Pieces of the manifest.
        units: Units in them.
        quarantined: Units that are in no piece, as the manifest says.
        against: Whether they were held against the original.
        compared: Units whose looks were compared with the original's.
    """

    discrepancies: tuple[Discrepancy, ...]
    notes: tuple[Discrepancy, ...] = ()
    pieces: int
    units: int
    quarantined: int = 0
    against: bool = False
    compared: int = 0

    @property
    def ok(self) -> bool:
        """Whether nothing is amiss."""
        return not self.discrepancies


def verify_manifest(
    path: Path,
    settings: Settings,
    executor: Executor,
    *,
    original: Document | None = None,
    password: str | None = None,
    looks: int | None = MOST_COMPARED,
) -> Verification:
    """Check that the pieces of a manifest are complete, whole and within their limits.

    Bytes, units, text and content are those of the files; tokens, words, seconds and images are as the manifest has
    them, and are held against its limits.

    Args:
        path: The manifest, or the folder it lies in.
        settings: How the work is done.
        executor: Where the pieces are read.
        original: The document they were cut from; None to do without.
        password: Password of the original.
        looks: How many units are compared by their looks, besides those a change altered; None for all.

    Raises:
        FileMissing: There is no manifest.
        BadManifest: It is none.
    """
    path, manifest, sealed = load_manifest(path)
    found = find_files(manifest, path.parent)
    found.discrepancies[:0] = check_record(manifest, sealed=sealed)
    check_units(manifest, found, settings, executor)
    notes: tuple[Discrepancy, ...] = ()
    compared = 0
    if original is not None:
        notes, compared = check_original(manifest, found, original, settings, executor, password=password, looks=looks)
    return Verification(
        discrepancies=tuple(found.discrepancies),
        notes=notes,
        pieces=len(manifest.pieces),
        units=len({unit.number for piece in manifest.pieces for unit in piece.units}),
        quarantined=len(manifest.quarantined),
        against=original is not None,
        compared=compared,
    )
