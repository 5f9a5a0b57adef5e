"""Files as answers: in parts (RFC 9110), under their hash as ETag, named for people, and never run by a browser."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote

import anyio
from fastapi import HTTPException, Response
from starlette.responses import StreamingResponse

from api.protocol import HEAD

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping

    from fastapi import Request

    from preflight.service.results import StoredFile

    Blocks = Callable[[int, int], AsyncIterator[bytes] | Iterator[bytes]]

_BLOCK_BYTES = 256 * 1024
_RANGE = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})")
_PLAIN = re.compile(r"[A-Za-z0-9 !#$&+^_`{}~.()\[\]-]+")
SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cache-Control": "private, no-cache",
}
"""What keeps a browser from making anything of a file but a file."""


def file_response(request: Request, file: StoredFile, *, attachment: bool = True) -> Response:
    """Return a file, or the part of it that is asked for.

    Raises:
        HTTPException: 416, the file has no such part.
    """
    headers = {"Content-Disposition": disposition(file.name, attachment=attachment), "Content-Type": file.media_type}
    return ranged_response(request, file.sha256, file.size_bytes, partial(_blocks, file), headers)


def ranged_response(request: Request, tag: str, size: int, blocks: Blocks, headers: Mapping[str, str]) -> Response:
    """Return bytes, or the part of them that is asked for.

    Args:
        request: Who asks.
        tag: What is the same as long as the bytes are.
        size: How many there are.
        blocks: Gives them, from the first to the last that is wanted.
        headers: Headers of the answer: what the bytes are, and how they are called.

    Raises:
        HTTPException: 416, there is no such part.
    """
    etag = f'"{tag}"'
    told = {**SAFE, **headers, "ETag": etag, "Accept-Ranges": "bytes"}
    if _matches(request.headers.get("if-none-match", ""), etag):
        del told["Content-Type"]
        return Response(status_code=304, headers=told)
    part = _part(request, size, etag)
    first, last = part or (0, size - 1)
    told["Content-Length"] = str(last - first + 1)
    if part is not None:
        told["Content-Range"] = f"bytes {first}-{last}/{size}"
    status = 200 if part is None else 206
    if request.scope.get(HEAD):
        return Response(status_code=status, headers=told)
    return StreamingResponse(blocks(first, last), status, told)


def without_body(headers: Mapping[str, str], media_type: str) -> Response:
    """Return the head of an answer whose length is known when it has been sent; zero would be said of none else."""
    return StreamingResponse(iter(()), headers=headers, media_type=media_type)


def disposition(name: str, *, attachment: bool) -> str:
    """Return ``Content-Disposition`` with a file's name, also in a form for those who know ASCII only (RFC 6266)."""
    kind = "attachment" if attachment else "inline"
    plain = "".join(char if _PLAIN.fullmatch(char) else "_" for char in name)
    if plain == name:
        return f'{kind}; filename="{name}"'
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _matches(header: str, etag: str) -> bool:
    """Whether ``If-None-Match`` names an ETag; weak ones count, as the standard has it."""
    return any(one.strip().removeprefix("W/") in (etag, "*") for one in header.split(","))


def _part(request: Request, size: int, etag: str) -> tuple[int, int] | None:
    """Return first and last byte that are asked for; None for all of them.

    Several parts at once are not offered; who asks for them gets the whole, as the standard allows.
    """
    header, unless = request.headers.get("range"), request.headers.get("if-range")
    found = None if header is None or (unless is not None and unless != etag) else _RANGE.fullmatch(header.strip())
    if found is None or (not found[1] and not found[2]):
        return None
    if not found[1]:
        first, last = max(0, size - int(found[2])), size - 1
    else:
        first, last = int(found[1]), min(int(found[2]), size - 1) if found[2] else size - 1
        if found[2] and int(found[2]) < first:
            return None
    if first > last:
        raise HTTPException(416, headers={"Content-Range": f"bytes */{size}"})
    return first, last


async def _blocks(file: StoredFile, first: int, last: int) -> AsyncIterator[bytes]:
    async with await anyio.open_file(file.path, "rb") as opened:
        await opened.seek(first)
        left = last - first + 1
        while left and (block := await opened.read(min(_BLOCK_BYTES, left))):
            left -= len(block)
            yield block
