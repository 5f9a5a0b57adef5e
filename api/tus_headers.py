"""What the headers of a resumable upload say."""

from __future__ import annotations

import base64
import binascii
import re
from email.utils import formatdate
from typing import TYPE_CHECKING

from preflight import upload_metadata
from preflight.errors import TooLarge
from preflight.uploads import ALGORITHMS, Checksum

if TYPE_CHECKING:
    from fastapi import Request

    from preflight.uploads import Upload

_NUMBER = re.compile(r"[0-9]{1,15}")


class Refusal(Exception):
    """A request that is not as the protocol wants it.

    Attributes:
        status: HTTP status.
        detail: What is wrong and what to do.
    """

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


def length_of(request: Request) -> int:
    """Return how long an upload will be.

    Raises:
        Refusal: The request does not say.
    """
    if "upload-defer-length" in request.headers:
        raise Refusal(400, "Say with Upload-Length how long the upload will be.")
    return number_of(request, "upload-length")


def number_of(request: Request, header: str) -> int:
    """Return a header that is a whole number.

    Raises:
        Refusal: It is none, or not there.
    """
    value = request.headers.get(header, "")
    if not _NUMBER.fullmatch(value):
        raise Refusal(400, f"Send the header {header.title()} with a whole number of bytes.")
    return int(value)


def metadata_of(request: Request) -> str:
    """Return what the sender says of an upload.

    Raises:
        Refusal: It makes no sense.
    """
    value = request.headers.get("upload-metadata", "")
    if len(value) > upload_metadata.MAX_BYTES:
        raise Refusal(400, f"Upload-Metadata may have {upload_metadata.MAX_BYTES:,} bytes.")
    if not upload_metadata.is_metadata(value):
        raise Refusal(400, "Upload-Metadata is: key, space, value in Base64; entries parted by commas.")
    return value


def checksum_of(request: Request) -> Checksum | None:
    """Return the checksum a sender announces for the body; None for none.

    Raises:
        Refusal: It makes no sense.
    """
    value = request.headers.get("upload-checksum")
    if value is None:
        return None
    algorithm, _, digest = value.partition(" ")
    if algorithm not in ALGORITHMS:
        raise Refusal(400, f"Upload-Checksum may use {', '.join(ALGORITHMS)}.")
    try:
        return Checksum(algorithm=algorithm, digest=base64.b64decode(digest, validate=True))
    except binascii.Error:
        raise Refusal(400, "Upload-Checksum is: algorithm, space, sum in Base64.") from None


def check_size(request: Request, most: int) -> None:
    """Refuse a body that says itself that it is too long, before any of it is read."""
    declared = request.headers.get("content-length", "")
    if _NUMBER.fullmatch(declared) and int(declared) > most:
        raise TooLarge(f"The body has more bytes than the {most:,} that are left of the upload.")


def expiry(upload: Upload) -> dict[str, str]:
    """Return the header that says when an upload is removed."""
    return {"Upload-Expires": formatdate(upload.expires_s, usegmt=True)}
