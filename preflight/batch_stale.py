"""Pieces of documents that are gone, or are not cut any more: the folder of pieces holds what the report tells."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from preflight.document import storage_error
from preflight.errors import BadManifest
from preflight.manifest import read_manifest
from preflight.names import MANIFEST_NAME, is_plain_name

if TYPE_CHECKING:
    from collections.abc import Iterator


class Names:
    """A set of names; a million of them take some tens of megabytes."""

    def __init__(self) -> None:
        self._digests: set[bytes] = set()

    def add(self, name: str) -> None:
        """Add a name."""
        self._digests.add(_digest(name))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and _digest(name) in self._digests


def remove_stale(pieces: Path, placed: Names) -> int:
    """Remove former results that do not belong to this run, and folders that are empty then.

    Only what a manifest of ours names is removed; files of others, and the folders they are in, stay.

    Args:
        pieces: The folder of pieces.
        placed: Folders that belong to this run, by their paths below the folder of pieces.

    Returns:
        Number of documents whose pieces were removed.

    Raises:
        OutputError: Something cannot be removed.
    """
    removed = 0
    try:
        for folder in _folders(pieces):
            names = _names_of_result(folder)
            if not names or os.path.relpath(folder, pieces) in placed:
                continue
            for name in (*names, MANIFEST_NAME):  # the manifest last, so that the next run goes on with the rest
                (folder / name).unlink(missing_ok=True)
            _remove_empty(folder, pieces)
            removed += 1
    except OSError as error:
        raise storage_error(error, str(pieces)) from error
    return removed


def _folders(pieces: Path) -> Iterator[Path]:
    """Yield the folders that hold a manifest; links are not followed."""
    for folder, _, files in os.walk(pieces, followlinks=False):
        if MANIFEST_NAME in files:
            yield Path(folder)


def _names_of_result(folder: Path) -> list[str]:
    """Return the files that a manifest names beside itself; none when it is not ours."""
    try:
        manifest, _ = read_manifest((folder / MANIFEST_NAME).read_bytes())
    except (OSError, BadManifest):
        return []
    names = list(manifest.file_names())
    return names if all(map(is_plain_name, names)) else []


def _remove_empty(folder: Path, pieces: Path) -> None:
    with suppress(OSError):  # not empty
        while folder != pieces:
            folder.rmdir()
            folder = folder.parent


def _digest(name: str) -> bytes:
    return hashlib.blake2b(os.fsencode(name), digest_size=16).digest()
