"""Lines of a text file with where they stand in it, in bounded memory, whatever the encoding and the line ends."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from extractors.text.chop import chop
from extractors.text.encodings import mark_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from extractors.text.encodings import Encoding

MAX_LINE_CHARS = 8_000
"""Longer lines come in parts."""
_CHUNK_BYTES = 1 << 18
_LONG_BYTES = 1 << 17
_STATELESS = frozenset({"utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"})
_WIDE_END = {
    "utf-16-le": re.compile(rb"(?=[\r\n]\0)"),
    "utf-16-be": re.compile(rb"(?=\0[\r\n])"),
    "utf-32-le": re.compile(rb"(?=[\r\n]\0\0\0)"),
    "utf-32-be": re.compile(rb"(?=\0\0\0[\r\n])"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """A line or, of a very long one, a part.

    Attributes:
        text: At most :data:`MAX_LINE_CHARS` characters; ends with a newline unless the line goes on or the file ends.
        start: Where it begins in the file, in bytes.
    """

    text: str
    start: int


class LineReader:
    """Decodes a file line by line in bounded memory; all line ends come as newlines.

    Each line is decoded by itself, so that reading from the beginning of any line on gives the same lines.

    Attributes:
        replaced: Replacement characters met so far: bytes that do not fit the encoding.
    """

    def __init__(self, file: IO[bytes], encoding: Encoding) -> None:
        self.replaced = 0
        self._file = file
        self._encoding = encoding

    def __iter__(self) -> Iterator[Line]:
        self._file.seek(0)
        mark, codec = mark_of(self._file.read(4), self._encoding)
        start = len(mark)
        for raw, whole in _raw_lines(self._file, start, codec):
            text = _decoded(raw, codec)
            if not whole or len(text) > MAX_LINE_CHARS:
                for part, size in _parts(raw, text, codec):
                    yield self._line(part, start)
                    start += size
            else:
                yield self._line(text, start)
                start += len(raw)

    def _line(self, text: str, start: int) -> Line:
        if not text.isascii():
            self.replaced += text.count("\ufffd")
        return Line(text, start)


def _decoded(raw: bytes, codec: str) -> str:
    text = raw.decode(codec, "replace")
    if text.endswith("\r\n"):
        return text[:-2] + "\n"
    return text[:-1] + "\n" if text.endswith("\r") else text


def _raw_lines(file: IO[bytes], start: int, codec: str) -> Iterator[tuple[bytes, bool]]:
    """Yield lines as bytes with their ends, and whether each is whole; of endless lines come long stretches.

    A stretch ends where a part of :func:`_parts` ends, so that each can be taken for itself.
    """
    file.seek(start)
    rest = b""
    while chunk := file.read(_CHUNK_BYTES):
        lines = _split(rest + chunk, codec)
        rest = lines.pop()
        for line in lines:
            yield line, True
        while len(rest) > _LONG_BYTES:
            used = _settled(rest, codec)
            if not used:
                break
            yield rest[:used], False
            rest = rest[used:]
    if rest:
        yield rest, True


def _split(data: bytes, codec: str) -> list[bytes]:
    """Split into lines with their ends; the last is what may go on in the next chunk, perhaps empty."""
    pattern = _WIDE_END.get(codec)
    if pattern is None:
        lines = data.splitlines(keepends=True)
        if not lines or lines[-1].endswith(b"\n"):
            lines.append(b"")
        return lines  # a carriage return at the end may be the first half of an end
    feed, back = "\n".encode(codec), "\r".encode(codec)
    width = len(feed)
    lines, start = [], 0
    for hit in pattern.finditer(data):
        at = hit.start()
        if at % width or at < start:
            continue
        end = at + width
        if data[at:end] == back:
            if len(data) < end + width:
                break
            if data[end : end + width] == feed:
                end += width
        lines.append(data[start:end])
        start = end
    lines.append(data[start:])
    return lines


def _settled(raw: bytes, codec: str) -> int:
    """Bytes at the beginning of an endless line that are whole parts, whatever follows; 0 when there are none."""
    text = codecs.getincrementaldecoder(codec)("replace").decode(raw)
    used = 0
    for part, size in _parts(raw, text, codec, at_least=2 * MAX_LINE_CHARS):
        if part:
            used += size
    return used


def _parts(raw: bytes, text: str, codec: str, *, at_least: int = 0) -> Iterator[tuple[str, int]]:
    """Cut a long line where words or, failing that, characters end; yield each part and its size in bytes.

    Args:
        raw: The line.
        text: The same, decoded.
        codec: Its encoding.
        at_least: Characters that must follow a part; 0 yields the rest as the last part.
    """
    while len(text) > max(MAX_LINE_CHARS, at_least):
        size = _size_of(raw, text, chop(text, MAX_LINE_CHARS), codec)
        part = _decoded(raw[:size], codec)
        yield part, size
        exact = codec in _STATELESS or len(raw) == len(text)
        raw = raw[size:]
        text = text[len(part) :] if exact and "\ufffd" not in part else _decoded(raw, codec)
    if not at_least and raw:
        yield text, len(raw)


def _size_of(raw: bytes, text: str, count: int, codec: str) -> int:
    """Bytes of the first ``count`` characters of a line."""
    if len(raw) == len(text):
        return count
    encoded = text[:count].encode(codec, "replace")
    if raw.startswith(encoded) and raw[: len(encoded)].decode(codec, "replace") == text[:count]:
        return len(encoded)
    return _searched(raw, count, codec)  # bytes that do not fit the encoding are among them


def _searched(raw: bytes, count: int, codec: str) -> int:
    """The least number of bytes that come out as ``count`` characters; more where no number does so exactly."""
    low, high = 1, len(raw)
    while low < high:
        middle = (low + high) // 2
        if len(codecs.getincrementaldecoder(codec)("replace").decode(raw[:middle])) < count:
            low = middle + 1
        else:
            high = middle
    return low
