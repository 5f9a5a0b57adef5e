"""What all text formats share: lines of bounded length in, units and facts out."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, cast

from extractors.clean import safe_label, safe_text
from extractors.errors import NoPages, SafetyLimitExceeded
from extractors.facts import (
    DocumentFacts,
    Finding,
    OutlineEntry,
    Role,
    TableFacts,
    TextPart,
    UnitFacts,
    UnitKind,
    UnitText,
)
from extractors.text.chop import chop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from extractors.base import ReadOptions, UnitSink
    from extractors.text.encodings import Encoding

MAX_BLOCK_CHARS = 8_000
"""Longer blocks are cut at white space, so that a file without line ends still has units that can be planned."""
MAX_WHOLE_CHARS = 64_000
"""Code and single table rows are kept whole up to here."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line or, of a very long one, a part.

    Attributes:
        text: At most :data:`MAX_BLOCK_CHARS` characters; ends with a newline unless the line goes on or the file ends.
        begins: Whether a line begins here.
    """

    text: str
    begins: bool


class LineReader:
    """Decodes a file line by line in bounded memory; all line ends come as newlines.

    Attributes:
        replaced: Replacement characters met so far: bytes that do not fit the encoding.
    """

    def __init__(self, file: BinaryIO, encoding: Encoding) -> None:
        self.replaced = 0
        self._file = file
        self._codec = encoding.codec

    def __iter__(self) -> Iterator[Line]:
        self._file.seek(0)
        reader = io.TextIOWrapper(cast("io.BufferedReader", self._file), encoding=self._codec, errors="replace")
        begins = True
        try:
            while text := reader.readline(MAX_BLOCK_CHARS):
                if not text.isascii():
                    self.replaced += text.count("\ufffd")
                yield Line(text, begins)
                begins = text.endswith("\n")
        finally:
            reader.detach()


class BlockWriter:
    """Numbers blocks, hands them to the sink and gathers the document's facts."""

    def __init__(self, options: ReadOptions, sink: UnitSink, encoding: Encoding) -> None:
        self._options = options
        self._sink = sink
        self._codec = encoding.plain_codec
        self._units: list[UnitFacts] = []
        self._outline: list[OutlineEntry] = []

    def add(
        self,
        text: str,
        block: str = "paragraph",
        *,
        markdown: str | None = None,
        level: int | None = None,
        table: TableFacts | None = None,
        images: int = 0,
        whole: bool = False,
    ) -> None:
        """Add a block; white space around it is dropped, an empty one is nothing.

        Args:
            text: Its text; cut into several blocks when longer than :data:`MAX_BLOCK_CHARS`, unless ``whole``.
            block: What it is.
            markdown: The same as Markdown, when that differs.
            level: Heading level.
            table: Shape of a table.
            images: Images in it.
            whole: Not to be cut.

        Raises:
            SafetyLimitExceeded: More blocks than allowed.
        """
        text = safe_text(text).strip("\n").rstrip()
        while not whole and len(text) > MAX_BLOCK_CHARS:
            cut = chop(text, MAX_BLOCK_CHARS)
            self._emit(text[:cut].rstrip(), block, None, level, table, 0)
            text = text[cut:].lstrip("\n")
            markdown = None
        if text.strip() or images:
            self._emit(text, block, markdown if markdown != text else None, level, table, images)

    def finish(self, findings: tuple[Finding, ...] = ()) -> DocumentFacts:
        """Return the document's facts.

        Raises:
            NoPages: No block was added.
        """
        if not self._units:
            raise NoPages("The file has no text to read. Check that it was saved completely.")
        return DocumentFacts(
            unit_kind="block",
            unit_count=len(self._units),
            units=tuple(self._units),
            outline=tuple(self._outline),
            findings=findings,
        )

    def heading(self, title: str, level: int) -> None:
        """Name the block to be added next in the outline."""
        self._outline.append(OutlineEntry(title=safe_label(title), level=level, unit=len(self._units) + 1))

    def _emit(
        self, text: str, block: str, markdown: str | None, level: int | None, table: TableFacts | None, images: int
    ) -> None:
        if not text.strip() and not images:
            return
        number = len(self._units) + 1
        if number > self._options.limits.max_blocks:
            raise SafetyLimitExceeded(
                f"More than {self._options.limits.max_blocks:,} blocks of text. Cut the file into smaller ones first."
            )
        unit = UnitFacts(
            number=number,
            kind=UnitKind.TEXT if text.strip() else UnitKind.IMAGE,
            native_chars=len("".join(text.split())),
            image_count=images,
            # With the blank line that parts it from the next.
            stored_bytes=len(text.encode(self._codec, "replace")) + len("\n\n".encode(self._codec)),
            block=block,
            heading_level=level,
            table=table,
        )
        self._units.append(unit)
        parts = (TextPart(text=text, role=Role.BODY, markdown=markdown),) if self._options.text and text else ()
        self._sink(unit, UnitText(number=number, parts=parts))
