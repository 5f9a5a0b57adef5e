"""Putting pieces where the user wants them: each document's in a folder of their own, all at once or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, cast

from preflight.batch_walk import PIECES_MARK
from preflight.document import storage_error
from preflight.errors import OutputError
from preflight.names import MANIFEST_NAME
from preflight.output import find_folder, publish

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from preflight.artifacts import Artifacts
    from preflight.ledger.records import Json


def make_pieces_folder(folder: Path) -> None:
    """Make the folder of pieces and mark it as ours.

    Raises:
        OutputError: It is there and somebody else's, or cannot be made.
    """
    mark = folder / PIECES_MARK
    try:
        if folder.exists() and not mark.exists() and any(folder.iterdir()):
            raise OutputError(f"The folder {folder} holds files of others. Choose another folder for the results (-o).")
        folder.mkdir(exist_ok=True)
        mark.touch()
    except OSError as error:
        raise storage_error(error, str(folder)) from error


def is_at_hand(result: Json, artifacts: Artifacts, folder: Path | None) -> bool:
    """Whether everything that a finished job has made is still there: in the store, or in the folder for it."""
    if not all(artifacts.has(name) for name in result.get("reports", ())):
        return False
    name = result.get("manifest")
    if name is None:
        return True
    if not artifacts.has(name):
        return False
    manifest = _manifest(artifacts.get(name))
    if all(artifacts.has(sha256) for _, sha256, _ in _files(manifest)):
        return True
    return folder is not None and _is_placed(folder, artifacts.get(name))


def place(result: Json, folder: Path, artifacts: Artifacts) -> None:
    """Let the pieces of a finished job and their manifest appear in ``folder``; nothing happens when they are there.

    Raises:
        OutputError: They cannot be put there.
    """
    manifest = artifacts.get(result["manifest"])
    if _is_placed(folder, manifest):
        return
    found = find_folder(folder, force=True)
    with artifacts.temporary() as folder_of_ours:
        staged = folder_of_ours / "pieces"
        staged.mkdir()
        for name, sha256, _ in _files(_manifest(manifest)):
            artifacts.link(sha256, staged / name)
        try:
            (staged / MANIFEST_NAME).write_bytes(manifest)
        except OSError as error:
            raise storage_error(error, MANIFEST_NAME) from error
        publish(staged, found, force=True)


def drop_pieces(result: Json, artifacts: Artifacts, needed: Container[str]) -> None:
    """Let the store forget pieces that are in their place, except those with the bytes of something it needs."""
    for _, sha256, _ in _files(_manifest(artifacts.get(result["manifest"]))):
        if sha256 not in needed:
            artifacts.drop(sha256)


def _is_placed(folder: Path, manifest: bytes) -> bool:
    try:
        if (folder / MANIFEST_NAME).read_bytes() != manifest:
            return False
        return all((folder / name).stat().st_size == size for name, _, size in _files(_manifest(manifest)))
    except OSError:  # not there, or not whole
        return False


def _manifest(data: bytes) -> Json:
    return cast("Json", json.loads(data))


def _files(manifest: Json) -> Iterator[tuple[str, str, int]]:
    """Yield name, hash and size of each file of a manifest."""
    for piece in manifest["pieces"]:
        for one in (piece, piece["text"]) if piece.get("text") else (piece,):
            yield Path(one["name"]).name, one["sha256"], one["size_bytes"]
