"""What jobs have made: reports, texts, pieces with their manifest."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from preflight.errors import OutputError, ResultGone, UnknownJob, UnknownPiece
from preflight.names import MANIFEST_NAME
from preflight.wire import json_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from preflight.artifacts import Artifacts
    from preflight.ledger.records import JobView, Json

_TYPES = {
    "text": "text/plain; charset=utf-8",
    "markdown": "text/markdown; charset=utf-8",
    "json": "application/json",
    "png": "image/png",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A file that a job has made.

    Attributes:
        name: Its name for people.
        media_type: What it is.
        path: Where it lies.
        sha256: Its hash.
        size_bytes: Its size.
    """

    name: str
    media_type: str
    path: Path
    sha256: str
    size_bytes: int


class Results:
    """Results of jobs that are done; of others, every method raises :class:`ResultGone`."""

    def __init__(self, artifacts: Artifacts) -> None:
        """Take where they are."""
        self._artifacts = artifacts

    def report(self, view: JobView) -> bytes:
        """Return the report of a check: the same bytes as ``preflight check --json``."""
        return json_bytes(json.loads(self._bytes(self._result(view)["reports"][0])))

    def manifest(self, view: JobView) -> bytes:
        """Return the manifest of a split: the same bytes as its ``manifest.json``."""
        return self._bytes(self._result(view)["manifest"])

    def file(self, view: JobView) -> StoredFile:
        """Return the text or the picture that a job has made."""
        result = self._result(view)
        suffix = {"text": "txt", "markdown": "md"}.get(result["form"], result["form"])
        return self._file(f"{view.document['name']}.{suffix}", _TYPES[result["form"]], result["file"])

    def piece(self, view: JobView, index: int) -> StoredFile:
        """Return a piece of a split.

        Raises:
            UnknownPiece: There is no such piece.
        """
        piece = self._piece(view, index)
        return self._file(piece["name"], piece["media_type"], piece["sha256"])

    def piece_text(self, view: JobView, index: int) -> StoredFile:
        """Return the text that was made beside a piece.

        Raises:
            UnknownPiece: There is no such piece, or (UnknownJob) no text beside it.
        """
        text = self._piece(view, index).get("text")
        if not text:
            raise UnknownJob("There is no text beside this piece. Ask for a split with `with_text`.")
        return self._file(text["name"], text.get("media_type", _TYPES["text"]), text["sha256"])

    def files(self, view: JobView) -> list[StoredFile]:
        """Return all files of a split: the manifest, the pieces, and texts beside them."""
        name = self._result(view)["manifest"]
        entries = _files(json.loads(self._bytes(name)))
        made = [self._file(one["name"], one.get("media_type", _TYPES["text"]), one["sha256"]) for one in entries]
        return [self._file(MANIFEST_NAME, "application/json", name), *made]

    def at_hand(self, view: JobView) -> bool:
        """Whether what a look has made is still there."""
        return bool(view.result) and self._artifacts.has(self._result(view)["file"])

    def names(self, result: Json) -> Iterator[str]:
        """Yield the names of all stored bytes that belong to a result."""
        yield from result.get("reports", ())
        for kind in ("file", "ocr", "manifest"):
            if kind in result:
                yield result[kind]
        if "manifest" in result and self._artifacts.has(result["manifest"]):
            for one in _files(json.loads(self._artifacts.get(result["manifest"]))):
                yield one["sha256"]

    def _piece(self, view: JobView, index: int) -> Json:
        pieces: list[Json] = json.loads(self.manifest(view))["pieces"]
        if not 0 < index <= len(pieces):
            raise UnknownPiece(f"This split has {len(pieces):,} pieces. Ask for one of them.")
        return pieces[index - 1]

    def _result(self, view: JobView) -> Json:
        if view.result is None:
            raise ResultGone("The job has no result. Ask for the work again.")
        return view.result

    def _bytes(self, name: str) -> bytes:
        try:
            return self._artifacts.get(name)
        except OutputError as error:
            raise ResultGone("The result is no longer there. Ask for the work again.") from error

    def _file(self, name: str, media_type: str, sha256: str) -> StoredFile:
        path = self._artifacts.path(sha256)
        try:
            size = path.stat().st_size
        except OSError as error:
            raise ResultGone("The result is no longer there. Ask for the work again.") from error
        return StoredFile(name=name, media_type=media_type, path=path, sha256=sha256, size_bytes=size)


def _files(manifest: Json) -> Iterator[Json]:
    """Yield the entries of a manifest that stand for files."""
    for piece in manifest["pieces"]:
        yield piece
        if piece.get("text"):
            yield piece["text"]
