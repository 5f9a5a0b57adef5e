"""Files to the service and back, whatever the connection does: uploads by tus 1.0, pieces with ranges and hashes."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING, Any

from preflight.client.failures import failure_from, number
from preflight.client.flows import AGAIN, CREATED, OK, Ask, Flow, Pause, asked, pause_s
from preflight.client.values import Document, Json, Sent, document_from
from preflight.document import find_document, storage_error
from preflight.errors import BadAnswer, PiecesDiffer, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

CHUNK_BYTES = 8 * 1024 * 1024
_TUS = {"tus-resumable": "1.0.0"}
_ID = re.compile(r"[0-9a-f]{32}")
_PARTIAL, _NO_CONTENT, _CONFLICT, _NOT_SATISFIABLE = 206, 204, 409, 416
_RESUMABLE = AGAIN | {_CONFLICT, 400, 460, 500}
"""Answers to a part of an upload after which the offset says what is to be done."""


def upload(
    file: Path,
    retries: int,
    *,
    name: str,
    resume: str | None,
    chunk_bytes: int,
    on_progress: Callable[[Sent], None] | None,
) -> Flow[Document]:
    """Send a file; go on where the service is when a connection breaks. Returns the document, whose hash was compared.

    Raises:
        BadAnswer: What is there is not what was sent.
    """
    size = find_document(file).size_bytes
    offset, upload_id = 0, resume
    if upload_id is None:
        upload_id = yield from _create(name, size, retries)
    else:
        offset = yield from _offset(upload_id, size, retries)
    attempt = 0
    while offset < size:
        before = offset
        headers = {**_TUS, "upload-offset": str(offset), "content-type": "application/offset+octet-stream"}
        body = _part(file, offset, chunk_bytes)
        path, said = f"/v1/uploads/{upload_id}", None
        try:
            answer = yield Ask(method="PATCH", path=path, headers=headers, body=body)
        except Unreachable:
            if attempt >= retries:
                raise
        else:
            if answer.status == _NO_CONTENT:
                offset = _reached(answer.headers, before, before + len(body))
            elif answer.status not in _RESUMABLE or attempt >= retries:
                raise failure_from(answer.status, answer.headers, answer.body)
            said = answer.headers
        if offset == before:
            yield Pause(pause_s(attempt, said))
            offset = yield from _offset(upload_id, size, retries)
        attempt = 0 if offset > before else attempt + 1
        if on_progress is not None:
            on_progress(Sent(upload_id=upload_id, sent=offset, total=size))
    answer = yield from asked(Ask(method="GET", path=f"/v1/documents/{upload_id}"), retries)
    document = document_from(answer.json)
    if document.sha256 != _hash(file):
        raise BadAnswer("What has arrived is not the file as it is now. Was it changed meanwhile? Send it again.")
    return document


def fetch(manifest: Json, split_id: str, folder: Path, retries: int) -> Flow[list[Path]]:
    """Fetch the pieces of a split and the texts beside them into a folder: all the files that the manifest names.

    Each appears when it is complete and has the manifest's hash. What is there already, with the right hash, is not
    fetched again. Returns the pieces in order.

    Raises:
        PiecesDiffer: A file has not the hash the manifest says.
        OutputError: It cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise storage_error(error, str(folder)) from error
    places = []
    for piece in _pieces(manifest):
        path = f"/v1/splits/{split_id}/pieces/{piece['index']}"
        places.append((yield from _fetched(path, piece, folder, retries)))
        if piece.get("text") is not None:
            yield from _fetched(f"{path}/text", piece["text"], folder, retries)
    return places


def _fetched(path: str, entry: Json, folder: Path, retries: int) -> Flow[Path]:
    """Have one file of a manifest in a folder; returns where it is."""
    place, sha256 = folder / _plain_name(entry["name"]), entry["sha256"]
    if not (place.is_file() and _hash(place) == sha256):
        yield from _fetch_one(path, place, sha256, retries)
    return place


def _create(name: str, size: int, retries: int) -> Flow[str]:
    value = base64.b64encode(name.encode("utf-8", "replace")).decode("ascii")
    headers = {**_TUS, "upload-length": str(size), "upload-metadata": f"filename {value}"}
    answer = yield from asked(Ask(method="POST", path="/v1/uploads", headers=headers), retries, (CREATED,))
    upload_id = answer.headers.get("location", "").rpartition("/")[2]
    if not _ID.fullmatch(upload_id):
        raise BadAnswer("The service did not say where the upload goes. Check what stands before it.")
    return upload_id


def _offset(upload_id: str, size: int, retries: int) -> Flow[int]:
    """Ask how many bytes are safe there."""
    ask = Ask(method="HEAD", path=f"/v1/uploads/{upload_id}", headers=_TUS)
    answer = yield from asked(ask, retries, (OK, _NO_CONTENT))
    if number(answer.headers, "upload-length") != size:
        raise BadAnswer("The upload is of a file of another size. Begin a new one.")
    return _reached(answer.headers, 0, size)


def _reached(headers: Mapping[str, str], least: int, most: int) -> int:
    offset = number(headers, "upload-offset")
    if offset is None or not least <= offset <= most:
        raise BadAnswer("The service names an offset that cannot be. Check what stands before it.")
    return offset


def _part(file: Path, offset: int, count: int) -> bytes:
    try:
        with file.open("rb") as opened:
            opened.seek(offset)
            data = opened.read(count)
    except OSError as error:
        raise storage_error(error, str(file)) from error
    if not data:
        raise BadAnswer("The file has become shorter while it was sent. Send it again.")
    return data


def _fetch_one(path: str, place: Path, sha256: str, retries: int) -> Flow[None]:
    """Fetch a file beside its place, going on where a connection broke, and put it there when its hash is right."""
    partial = place.with_name(f"{place.name}.part")
    try:
        partial.unlink(missing_ok=True)
        for attempt in range(retries + 1):
            done = yield from _fetch_more(path, partial, last=attempt == retries)
            if done:
                break
            yield Pause(pause_s(attempt))
        if _hash(partial) != sha256:
            raise PiecesDiffer(f"The file {place.name} that came is not the one of the manifest. Fetch it again.")
        partial.replace(place)
    except OSError as error:
        raise storage_error(error, str(place)) from error
    finally:
        partial.unlink(missing_ok=True)


def _fetch_more(path: str, partial: Path, *, last: bool) -> Flow[bool]:
    """Fetch what is missing of a file; False when it broke off and may be tried again."""
    have = partial.stat().st_size if partial.exists() else 0
    headers, wanted = ({"range": f"bytes={have}-"}, _PARTIAL) if have else ({}, OK)
    with partial.open("ab") as file:

        def sink(data: bytes) -> None:
            try:
                file.write(data)
            except OSError as error:
                raise storage_error(error, str(partial)) from error

        try:
            answer = yield Ask(method="GET", path=path, headers=headers, sink=sink, sink_for=wanted)
        except Unreachable:
            if last:
                raise
            return False
    if answer.status == wanted or (have and answer.status == _NOT_SATISFIABLE):
        return True
    if have and answer.status == OK:  # something on the way takes no ranges
        partial.unlink()
        return False
    if answer.status not in AGAIN or last:
        raise failure_from(answer.status, answer.headers, answer.body)
    return False


def _pieces(manifest: Json) -> list[Json]:
    pieces = manifest.get("pieces")
    if not isinstance(pieces, list) or not all(_is_piece(one) for one in pieces):
        raise BadAnswer("The manifest is none that can be read. Check the address of the service.")
    return pieces


def _is_piece(one: Any) -> bool:
    return _is_file(one) and isinstance(one.get("index"), int) and (one.get("text") is None or _is_file(one["text"]))


def _is_file(one: Any) -> bool:
    return isinstance(one, dict) and all(isinstance(one.get(name), str) for name in ("name", "sha256"))


def _plain_name(name: str) -> str:
    """Return a name that stays in its folder, whatever the service says."""
    if name in ("", ".", "..") or "/" in name or "\\" in name or "\0" in name:
        raise BadAnswer("The manifest has a name that leads out of the folder. Do not use this service.")
    return name


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
