"""What is lost of a page: content that the file does not hold any more, or that nobody can decode.

PDFium passes over such content without a word, so that a page whose content is gone looks blank. qpdf tells a
reference to nothing from no reference (what is written as null outright, which nobody does, it takes for the former),
and data that end or break before their end from sound ones. Decoding the
content of a page once more takes about 0.1 ms.
"""

from __future__ import annotations

import re
from enum import Enum
from itertools import islice
from typing import TYPE_CHECKING

from pikepdf import Array, Dictionary, Object, Stream, StreamDecodeLevel

from extractors.pdf.inventory import resources_of
from extractors.pdf.limits import PIKE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from extractors.pdf.opening import OpenPdf

_MAX_STREAMS = 1_000
"""Content streams of one page that are looked at; most have one, some programs write ten."""
_MAX_DRAWN = 500
_MAX_DECODED = 2_000_000_000
"""Bytes decoded in one document, at 0.5 GB a second; what is beyond counts as sound."""
_FORM_DEPTH = 4
_TAIL = 4_096
_END_OF_JPEG = b"\xff\xd9"
_OVER_LIMIT = "memory limit exceeded"  # qpdf's words, whatever the filter
_SHOWING = (b"Tj", b"TJ", b"Do", b"EI")


class State(Enum):
    """What is to be had of some content."""

    SOUND = "sound"
    LOST = "lost"
    TOO_LARGE = "too-large"
    UNKNOWN = "unknown"


class Losses:
    """Looks for losses in the pages of an open document.

    Args:
        opened: The document. Where qpdf does not open it, or counts its pages otherwise, nothing is known of losses.
    """

    def __init__(self, opened: OpenPdf) -> None:
        nodes = opened.page_objects
        self._nodes = nodes if len(nodes) == opened.page_count else ()
        self._known: dict[tuple[int, int], State] = {}
        self._decoded = 0
        self._forms: set[tuple[int, int]] = set()

    def contents(self, number: int) -> State:
        """Return the state of the content streams of a page; the worst of them counts."""
        if not self._nodes:
            return State.SOUND
        states = [self._state(item) for item in self._streams(number)]
        return max(states, key=_WORST.index, default=State.SOUND)

    def drawn(self, number: int) -> bool:
        """Whether something is gone that the content of a page draws: an image, a form, the font of its text."""
        if not self._nodes:
            return False
        self._forms.clear()
        try:
            resources = resources_of(self._nodes[number - 1])
            return self._is_incomplete(resources, b"".join(self._data(number)), _FORM_DEPTH)
        except PIKE_ERRORS:
            return True

    def shows_something(self, number: int) -> bool:
        """Whether the content of a page has operators that show text or images."""
        data = b"".join(self._data(number)) if self._nodes else b""
        return any(operator in data for operator in _SHOWING)

    def _streams(self, number: int) -> Iterator[object]:
        """Yield the content streams of a page; None for a reference to nothing."""
        for key, contents in self._nodes[number - 1].items():
            if key != "/Contents":
                continue
            if isinstance(contents, Array):
                yield from islice(contents, _MAX_STREAMS)
            else:
                yield contents

    def _state(self, item: object) -> State:
        if not isinstance(item, Stream):
            return State.LOST
        key = item.objgen
        if key not in self._known:
            self._known[key] = self._decode(item)
        return self._known[key]

    def _decode(self, item: Stream) -> State:
        if self._decoded > _MAX_DECODED:
            return State.SOUND
        try:
            self._decoded += len(item.get_stream_buffer(StreamDecodeLevel.specialized))
        except PIKE_ERRORS as error:
            if _OVER_LIMIT in str(error):
                return State.TOO_LARGE
            return State.UNKNOWN if "unfilterable" in str(error) else State.LOST
        return State.SOUND

    def _data(self, number: int) -> Iterator[bytes]:
        for item in self._streams(number):
            if isinstance(item, Stream) and self._state(item) is State.SOUND:
                yield item.read_bytes(StreamDecodeLevel.specialized)
                yield b"\n"

    def _is_incomplete(self, resources: object, data: bytes, depth: int) -> bool:
        """Whether something of these resources is gone that the content ``data`` names."""
        if not isinstance(resources, Dictionary):
            return False
        for kind in ("/XObject", "/Font"):
            held: object = resources.get(kind)
            for name, item in islice(held.items(), _MAX_DRAWN) if isinstance(held, Dictionary) else ():
                if self._is_gone(item, depth) and _names(data, name):
                    return True
        return False

    def _is_gone(self, item: object, depth: int) -> bool:
        if not isinstance(item, Object):
            return True
        if not isinstance(item, Stream):
            return False  # a font
        subtype: object = item.get("/Subtype")
        if subtype == "/Image":
            return _is_cut_jpeg(item)
        if subtype != "/Form" or depth == 0 or item.objgen in self._forms:
            return False  # each form is looked into once: they may share one another a billion times
        self._forms.add(item.objgen)
        if self._state(item) is not State.SOUND:
            return True
        return self._is_incomplete(item.get("/Resources"), item.read_bytes(StreamDecodeLevel.specialized), depth - 1)


_WORST = (State.SOUND, State.UNKNOWN, State.LOST, State.TOO_LARGE)


def _names(data: bytes, name: str) -> bool:
    """Whether content names a resource."""
    wanted = re.escape(name.encode("utf-8", "surrogateescape"))
    return re.search(wanted + rb"(?![^\s/<>()\[\]%])", data) is not None


def _is_cut_jpeg(image: Stream) -> bool:
    """Whether the data of an image begin as a JPEG and do not end as one."""
    if image.get("/Filter") not in ("/DCTDecode", "/DCT"):
        return False
    data = bytes(image.get_raw_stream_buffer())
    return data[:2] == b"\xff\xd8" and _END_OF_JPEG not in data[-_TAIL:]
