"""``Content-Digest`` of a body (RFC 9530)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from typing import TYPE_CHECKING

from preflight.errors import BadHeader, DigestDiffers

if TYPE_CHECKING:
    from pathlib import Path

    from fastapi import Request

ALGORITHMS = {"sha-256": "sha256", "sha-512": "sha512"}
_ENTRY = re.compile(r"([a-z0-9-]+)\s*=\s*:([A-Za-z0-9+/]+={0,2}):")
_BLOCK_BYTES = 1 << 20


def announced_digests(request: Request) -> dict[str, bytes]:
    """Return the digests that a request announces, by algorithm; those of other algorithms are left out.

    Raises:
        BadHeader: The header makes no sense.
    """
    found = {}
    for entry in ",".join(request.headers.getlist("content-digest")).split(","):
        if not entry.strip():
            continue
        parts = _ENTRY.fullmatch(entry.strip())
        try:
            digest = base64.b64decode(parts[2], validate=True) if parts else None
        except binascii.Error:
            digest = None
        if parts is None or digest is None:
            raise BadHeader("Content-Digest is: sha-256=:…:, the digest in Base64 between colons (RFC 9530).")
        if parts[1] in ALGORITHMS:
            found[ALGORITHMS[parts[1]]] = digest
    return found


def compare_digests(path: Path, announced: dict[str, bytes]) -> str | None:
    """Compare a file with what was announced; return its SHA-256 where that was among it.

    Raises:
        DigestDiffers: It is another file.
    """
    sums = {name: hashlib.new(name, usedforsecurity=False) for name in announced}
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            for one in sums.values():
                one.update(block)
    if not all(hmac.compare_digest(one.digest(), announced[name]) for name, one in sums.items()):
        raise DigestDiffers("The body is not the one that Content-Digest was taken of. Send it again.")
    return sums["sha256"].hexdigest() if "sha256" in sums else None
