"""Which encoding a text file has, judged from its two ends; whether it is text at all."""

from __future__ import annotations

import codecs
import hashlib
import re
from dataclasses import dataclass
from typing import IO, BinaryIO

from extractors.text.guessing import guess_encoding
from extractors.text.marked import is_text

SAMPLE_BYTES = 65_536
"""How much of each end of a file is looked at."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
_AFTER_MARK = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_ASCII = bytes(range(32, 127))
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\x0c\x1b\x1a\x08")) + b"\x7f"
_DECLARED = re.compile(
    rb"""<(?:meta[^>]{0,200}?charset|\?xml[^>]{0,60}?encoding)\s*=\s*["']?\s*([\w:.-]{2,40})""", re.I
)
# Control characters allowed in text: one in a hundred. Compressed or random bytes have about one in nine.
_MOST_CONTROLS = 0.01
# A broken sequence now and then is damage; one in ten or more means that it is another encoding.
_GOOD_PER_BAD = 10


@dataclass(frozen=True, slots=True)
class Sample:
    """Both ends of a file.

    Attributes:
        head: The first bytes.
        tail: The last bytes, beginning at a multiple of four; empty when ``head`` is the whole file.
        size: Size of the file in bytes.
    """

    head: bytes
    tail: bytes
    size: int


@dataclass(frozen=True, slots=True)
class Encoding:
    """How to decode a text.

    Attributes:
        codec: Name for Python's codecs; takes care of a byte order mark.
        label: Name for people.
        sure: Whether a mark, a declaration or the bytes themselves prove it.
        ahead: Of a guess: how many times as well as the next it fits; 0 when there is no other.
        other: Of a guess: the next, for people.
        doubtful: It fits hardly better than chance.
    """

    codec: str
    label: str
    sure: bool = True
    ahead: float = 0.0
    other: str = ""
    doubtful: bool = False

    @property
    def plain_codec(self) -> str:
        """The codec that writes no byte order mark: for measuring parts of the text."""
        return {"utf-8-sig": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}.get(self.codec, self.codec)


def mark_of(head: bytes, encoding: Encoding) -> tuple[bytes, str]:
    """Return the byte order mark a file begins with, and the codec for what follows it.

    Args:
        head: The first four bytes of the file at least.
        encoding: What :func:`sniff_encoding` found.
    """
    for mark, codec, _ in _MARKS:
        if encoding.codec == codec and head.startswith(mark):
            return mark, _AFTER_MARK[mark]
    return b"", encoding.codec


def byte_order_mark(codec: str) -> bytes:
    """Return the mark that says a text is in this codec of the UTF family; nothing for other codecs."""
    return next((mark for mark, after in _AFTER_MARK.items() if after == codec), b"")


def extends_ascii(codec: str) -> bool:
    """Whether bytes below 128 are ASCII in this codec."""
    return _ASCII.decode(codec, "replace") == _ASCII.decode("ascii")


def leading_mark(head: bytes) -> bytes:
    """Return the byte order mark that a file begins with; nothing where there is none."""
    return next((mark for mark, _, _ in _MARKS if head.startswith(mark)), b"")


def recode(file: IO[bytes], start: int, out: IO[bytes], codecs_: tuple[str, str]) -> bool:
    """Append a file from a byte on to another, in another codec; what does not fit becomes a replacement character.

    Args:
        file: Seekable.
        start: First byte.
        out: Open for writing.
        codecs_: The codec it is in and the one wanted.

    Returns:
        Whether the bytes would be the same, brought back to the first codec.
    """
    old, new = codecs_
    decoder, encoder = codecs.getincrementaldecoder(old)("replace"), codecs.getincrementalencoder(old)("replace")
    file.seek(start)
    before, after = hashlib.sha256(), hashlib.sha256()
    more = True
    while more:
        chunk = file.read(SAMPLE_BYTES)
        more = bool(chunk)
        text = decoder.decode(chunk, final=not more)
        out.write(text.encode(new, "replace"))
        before.update(chunk)
        after.update(encoder.encode(text, final=not more))
    return before.digest() == after.digest()


def read_sample(file: BinaryIO) -> Sample:
    """Read both ends of a file; leaves it at its beginning."""
    size = file.seek(0, 2)
    file.seek(0)
    head = file.read(SAMPLE_BYTES)
    tail = b""
    if size > len(head):
        start = size - SAMPLE_BYTES
        file.seek(start + -start % 4)
        tail = file.read(SAMPLE_BYTES)
    file.seek(0)
    return Sample(head, tail, size)


def sniff_encoding(sample: Sample) -> Encoding | None:
    """Find the encoding of a text, or None when the bytes are no text.

    In this order: byte order mark, UTF-16 without one (every other byte zero), UTF-8, what an HTML or XML document
    declares, and last a guess by how languages look in one encoding or another, which says so.
    """
    for mark, codec, label in _MARKS:
        if sample.head.startswith(mark):
            return Encoding(codec, label) if codec == "utf-8-sig" or is_text(sample.head, codec) else None
    if b"\0" in sample.head or b"\0" in sample.tail:
        return _utf16_without_mark(sample)
    both = sample.head + sample.tail
    if len(both.translate(None, _CONTROLS)) < len(both) * (1 - _MOST_CONTROLS):
        return None
    if _is_utf8(sample):
        return Encoding("utf-8", "UTF-8")
    declared = _declared(sample.head)
    if declared is not None:
        return declared
    guess = guess_encoding(sample.head, sample.tail)
    return Encoding(guess.codec, guess.label, sure=False, ahead=guess.ahead, other=guess.other, doubtful=guess.doubtful)


def _utf16_without_mark(sample: Sample) -> Encoding | None:
    """UTF-16 of mostly Latin text has zeros in every other byte and nowhere else."""
    even, odd = sample.head[0::2].count(0), sample.head[1::2].count(0)
    pairs = max(1, len(sample.head) // 2)
    if min(even, odd) * 100 > pairs or max(even, odd) * 2 < pairs or sample.size % 2:
        return None
    codec = "utf-16-le" if odd > even else "utf-16-be"
    try:
        text = codecs.getincrementaldecoder(codec)().decode(sample.head)
    except UnicodeDecodeError:
        return None
    controls = sum(char < " " and char not in "\t\n\r\f" for char in text)
    return None if controls > len(text) * _MOST_CONTROLS else Encoding(codec, "UTF-16", sure=False)


def _is_utf8(sample: Sample) -> bool:
    tail = sample.tail.lstrip(bytes(range(0x80, 0xC0))) if sample.tail[:1] >= b"\x80" else sample.tail
    good = bad = 0
    for part, final in ((sample.head, not sample.tail), (tail, True)):
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        text = decoder.decode(part, final=final)
        if text.isascii():
            continue
        wrong = text.count("\ufffd") - part.count(b"\xef\xbf\xbd")
        bad += wrong
        good += sum(char > "\x7f" for char in text) - wrong
    return bad * _GOOD_PER_BAD <= good


def _declared(head: bytes) -> Encoding | None:
    """The encoding an HTML or XML document names in its first 4 KB, when Python knows it."""
    hit = _DECLARED.search(head[:4096])
    if hit is None:
        return None
    name = hit[1].decode("ascii")
    try:
        codec = codecs.lookup(name).name
        head.decode(codec, "ignore")
        readable = extends_ascii(codec)
    except (LookupError, UnicodeError):
        return None
    # The declaration itself was read as ASCII; a codec that reads it otherwise is not the one.
    return Encoding(codec, name.upper()) if readable else None
