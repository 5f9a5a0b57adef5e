"""Digests of the data of streams, whatever they are compressed with."""

from __future__ import annotations

import hashlib
import zlib

from pikepdf import Array, Dictionary, Name, Object, Stream, StreamDecodeLevel

from extractors.pdf.cutting.objects import text_in
from extractors.pdf.limits import PIKE_ERRORS

_REWRITTEN = frozenset({"/FlateDecode", "/LZWDecode", "/ASCII85Decode", "/ASCIIHexDecode"})
"""Codings that qpdf undoes when it writes a file; data in any other stay as they are stored."""
_SHORT = {"/Fl": "/FlateDecode", "/LZW": "/LZWDecode", "/A85": "/ASCII85Decode", "/AHx": "/ASCIIHexDecode"}
"""Names meant for inline images, which readers accept in streams as well."""
_MOST_BYTES = 500_000_000
"""Data that unpack to more are compared as they are stored."""
_CHUNK_BYTES = 1 << 20


def stream_digest(stream: Stream) -> bytes:
    """Return the digest of what a stream holds.

    Flate data, of which many large images consist, are unpacked in chunks, so that no image is ever held unpacked.
    """
    codings = _codings(stream)
    if codings == ["/FlateDecode"] and not _predicted(stream):
        return _inflated(stream) or stored_digest(stream)
    if codings and _REWRITTEN.issuperset(codings):
        try:
            return hashlib.sha256(stream.get_stream_buffer(StreamDecodeLevel.generalized)).digest()
        except PIKE_ERRORS:
            return stored_digest(stream)
    return stored_digest(stream)


def stored_digest(stream: Stream) -> bytes:
    """Return the digest of a stream's data as they are stored, and of how they are coded."""
    digest = hashlib.sha256(stream.get_raw_stream_buffer())
    codings = _codings(stream)
    if codings:
        digest.update(" ".join(codings).encode())
        parms = stream.get(Name.DecodeParms)
        if isinstance(parms, Array | Dictionary):
            digest.update(_parameters(parms))
    return digest.digest()


def _codings(stream: Stream) -> list[str]:
    given = stream.get(Name.Filter)
    if given is None:
        return []
    names = [text_in(one) for one in given] if isinstance(given, Array) else [text_in(given)]
    return [_SHORT.get(name, name) for name in names]


def _predicted(stream: Stream) -> bool:
    """Tell whether Flate data are differences of pixels, which qpdf sums up when it writes some of them."""
    parms = stream.get(Name.DecodeParms)
    if isinstance(parms, Array) and len(parms):
        parms = parms[0]
    return isinstance(parms, Dictionary) and parms.get(Name.Predictor, 1) != 1


def _inflated(stream: Stream) -> bytes | None:
    """Return the digest of Flate data; None when they cannot be unpacked."""
    packed = memoryview(stream.get_raw_stream_buffer())
    digest = hashlib.sha256()
    unpacker = zlib.decompressobj()
    total = 0
    try:
        for place in range(0, len(packed), _CHUNK_BYTES):
            waiting = bytes(packed[place : place + _CHUNK_BYTES])
            while not unpacker.eof:
                data = unpacker.decompress(waiting, _CHUNK_BYTES)
                total += len(data)
                if total > _MOST_BYTES:
                    return None
                digest.update(data)
                waiting = unpacker.unconsumed_tail
                if not waiting and len(data) < _CHUNK_BYTES:
                    break
    except zlib.error:
        return None
    return digest.digest() if unpacker.eof or not packed else None


def _parameters(parms: Array | Dictionary) -> bytes:
    """Return how data are coded; what the parameters refer to (tables of JBIG2) counts with its data."""
    parts = []
    for one in parms if isinstance(parms, Array) else (parms,):
        if not isinstance(one, Dictionary):
            continue
        for key, value in one.items():
            parts.append(key.encode("utf-8", "surrogateescape"))
            if isinstance(value, Stream):
                parts.append(_decoded_digest(value))
            else:
                parts.append(value.unparse(resolved=True) if isinstance(value, Object) else repr(value).encode())
    return b" ".join(parts)


def _decoded_digest(stream: Stream) -> bytes:
    try:
        return hashlib.sha256(stream.get_stream_buffer(StreamDecodeLevel.generalized)).digest()
    except PIKE_ERRORS:
        return hashlib.sha256(stream.get_raw_stream_buffer()).digest()
