"""How the routes of resumable uploads stand in the API's description."""

from __future__ import annotations

from typing import Any

from api.context import WRITE

_WHOLE = {"type": "integer", "minimum": 0}
_HEADERS: dict[str, tuple[str, dict[str, Any]]] = {
    "Tus-Resumable": ("Version of the protocol", {"type": "string", "enum": ["1.0.0"]}),
    "Upload-Length": ("Bytes the upload will have", _WHOLE),
    "Upload-Offset": ("Bytes that have arrived", _WHOLE),
    "Upload-Metadata": ("Keys with values in Base64; `filename` is the name of the document", {"type": "string"}),
    "Upload-Checksum": ("Algorithm and checksum of the body in Base64", {"type": "string"}),
    "Upload-Expires": ("When it is removed unless bytes arrive", {"type": "string"}),
}
BODY_TYPE = "application/offset+octet-stream"
_BODY = {"content": {BODY_TYPE: {"schema": {"type": "string", "format": "binary"}}}}


def _parameters(needed: tuple[str, ...], optional: tuple[str, ...] = ()) -> dict[str, Any]:
    named = [(name, True) for name in ("Tus-Resumable", *needed)] + [(name, False) for name in optional]
    return {
        "parameters": [
            {"in": "header", "name": name, "required": required, "description": words, "schema": schema}
            for name, required in named
            for words, schema in [_HEADERS[name]]
        ]
    }


def _answer(text: str, *headers: str) -> dict[str, Any]:
    shown = {name: {"description": words, "schema": schema} for name in headers for words, schema in [_HEADERS[name]]}
    return {"description": text, "headers": shown} if shown else {"description": text}


CREATE = WRITE | _parameters(("Upload-Length",), ("Upload-Metadata", "Upload-Checksum")) | {"requestBody": _BODY}
LOOK = WRITE | _parameters(())  # whoever goes on with an upload asks how far it is
APPEND = WRITE | _parameters(("Upload-Offset",), ("Upload-Checksum",)) | {"requestBody": {"required": True, **_BODY}}
REMOVE = WRITE | _parameters(())
OFFERED: dict[int | str, dict[str, Any]] = {204: _answer("What is offered")}
CREATED: dict[int | str, dict[str, Any]] = {201: _answer("Announced; Location says where", "Upload-Expires")}
FOUND: dict[int | str, dict[str, Any]] = {200: _answer("How far it is", "Upload-Offset", "Upload-Length")}
APPENDED: dict[int | str, dict[str, Any]] = {204: _answer("The bytes are safe", "Upload-Offset", "Upload-Expires")}
REMOVED: dict[int | str, dict[str, Any]] = {204: _answer("It is gone, and the document that it was")}
