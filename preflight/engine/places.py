"""Where documents lie, as plain JSON in the ledger."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from preflight.document import Document, find_document

if TYPE_CHECKING:
    from preflight.artifacts import Artifacts
    from preflight.engine.base import Unit
    from preflight.ledger.records import Json

_MAX_PLACE_BYTES = 2500


def locator(document: Document, sha256: str, artifacts: Artifacts) -> Json:
    """Return where a document lies, as plain JSON for the ledger; a path too long for a unit of work is stored.

    Raises:
        OutputError: It cannot be stored.
    """
    name, identity, path = document.name, list(document.identity), os.path.abspath(document.path)  # noqa: PTH100 - links stay
    place: Json = {"path": path, "name": name, "identity": identity, "sha256": sha256}
    text = json.dumps(place)
    if len(text) <= _MAX_PLACE_BYTES:
        return place
    return {"stored": artifacts.put(text.encode()), "sha256": sha256}


def document_of(place: Json, artifacts: Artifacts) -> Document:
    """Return the document at a place; it is refused when it is another than it was (:meth:`Document.open`).

    Raises:
        FileMissing: It is gone.
        EmptyDocument: It has zero bytes.
    """
    if "stored" in place:
        place = json.loads(artifacts.get(place["stored"]))
    if "identity" not in place:  # a complete upload, which nobody changes; its path begins at the store
        return find_document(artifacts.folder / place["path"], name=str(place["name"]))
    device, inode, size, changed = (int(one) for one in place["identity"])
    identity = device, inode, size, changed
    return Document(path=Path(place["path"]), name=str(place["name"]), size_bytes=size, identity=identity)


def asked_of(unit: Unit) -> Json:
    """What decides what comes of a unit, wherever its document lies."""
    of = {"kind": unit.kind, "request": unit.request, "first": unit.first, "last": unit.last, "payload": unit.payload}
    of |= {"sha256": unit.document["sha256"], "name": unit.document.get("name", unit.document.get("stored"))}
    return of | {name: unit.document[name] for name in ("owner", "look") if name in unit.document}
