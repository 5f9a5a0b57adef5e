"""What the headers of a request say, as far as it decides whether the request is let in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from preflight.errors import UsageError

if TYPE_CHECKING:
    from api.access import Rule

Headers = list[tuple[bytes, bytes]]
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def check_framing(headers: Headers) -> None:
    """Refuse a body that can be taken in two ways: with two lengths, or compressed.

    Raises:
        HTTPException: 400 or 415.
    """
    names = {name for name, _ in headers}
    if {b"content-length", b"transfer-encoding"} <= names:  # a proxy may read another body (RFC 9112, 6.1)
        raise HTTPException(
            400,
            "Content-Length and Transfer-Encoding exclude each other. Send one of them.",
            {"Connection": "close"},
        )
    if any(value.strip().lower() not in (b"", b"identity") for name, value in headers if name == b"content-encoding"):
        raise HTTPException(
            415,
            "Bodies are taken as they are, without Content-Encoding. Send the document itself, not compressed.",
            {"Accept-Encoding": "identity"},
        )


def host_name(header: bytes) -> str:
    """Return the name in a Host header, without the port."""
    text = header.decode("latin-1").lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0].removesuffix(".")


def shown_key(headers: Headers) -> str:
    """Return the key a request shows in its headers; empty when there is none, or more than one of a kind.

    The query is not looked at: addresses end up in logs and histories.
    """
    bearer = [value for name, value in headers if name == b"authorization"]
    plain = [value for name, value in headers if name == b"x-api-key"]
    if len(bearer) > 1 or len(plain) > 1:
        return ""
    if bearer:
        kind, _, token = bearer[0].decode("latin-1").partition(" ")
        if kind.lower() == "bearer":
            return token.strip()
    return plain[0].decode("latin-1").strip() if plain else ""


def declared(headers: Headers) -> int:
    """Return how many bytes a request says its body has; 0 when it does not say."""
    value = next((value for name, value in headers if name == b"content-length"), b"")
    return int(value) if value.isdigit() else 0


def check_length(headers: Headers, most: int) -> None:
    """Refuse a body that says itself that it is too large, before any of it is read."""
    if declared(headers) > most:
        raise HTTPException(413, f"The body has more than the {most:,} bytes that are taken here.")


def check_password(headers: Headers, rule: Rule | None) -> None:
    """Refuse a password where it would be ignored: the answer would ask for what was given."""
    if rule is not None and not rule.password and any(name == b"x-document-password" for name, _ in headers):
        raise UsageError(
            "A password is kept nowhere, so no job has it, and no pieces are made with it. POST /v1/check takes one, "
            "POST /v1/documents/{document_id}/texts, and the text and thumbnail of a unit. To split the document, send "
            "it without its password, or use the command line: `preflight split --password-file FILE --decrypt`."
        )


def check_origin(method: str, headers: Headers) -> None:
    """Refuse what a page of another site makes a browser send. Who shows a key is no such page: it knows none."""
    origin = next((value for name, value in headers if name == b"origin"), None)
    host = next((value for name, value in headers if name == b"host"), b"")
    if origin is not None and method not in _SAFE and origin.lower().partition(b"://")[2] != host.lower():
        raise HTTPException(403, "A page of another site may not use this service. Give it a key, with --keys.")
