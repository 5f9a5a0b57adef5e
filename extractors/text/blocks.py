"""What all text formats share: blocks in, units and facts out, and where each block begins."""

from __future__ import annotations

import hashlib
from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

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
from extractors.text.lines import MAX_LINE_CHARS

if TYPE_CHECKING:
    from extractors.base import ReadOptions, UnitSink
    from extractors.text.encodings import Encoding

MAX_BLOCK_CHARS = MAX_LINE_CHARS
"""Longer blocks are cut, best at line ends, so that a file without blank lines still has units that can be planned."""
MAX_WHOLE_CHARS = 64_000
"""Code and single table rows are kept whole up to here."""
PRINT_BYTES = 32
"""Length of a fingerprint (SHA-256)."""
_VERSION = b"block/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A block as its reader found it.

    Attributes:
        text: Its text, without the column names of a table.
        at: Where it begins in the file, in bytes.
        kind: What it is.
        title: What the outline calls it, for a heading.
        level: Heading level.
        markdown: Names and text as Markdown, when that differs.
        table: Shape of a table.
        images: Images in it.
        names: Column names of the table that it is a part of.
        begins: Whether the names stand here in the file; in further parts of a table they do not.
        lead: What a piece that begins here has to repeat from before: from one byte of the file to another.
        closing: What has to be added to a piece that ends here.
        guarded: Whether a piece that begins here needs a blank line first, to be read as it is meant.
    """

    text: str
    at: int = 0
    kind: str = "paragraph"
    title: str | None = None
    level: int | None = None
    markdown: str | None = None
    table: TableFacts | None = None
    images: int = 0
    names: str = ""
    begins: bool = True
    lead: tuple[int, int] | None = None
    closing: str = ""
    guarded: bool = False


@dataclass(slots=True)
class BlockIndex:
    """Where blocks begin, and what pieces need that begin or end with them; see :class:`Block`. Filled while reading.

    Attributes:
        starts: First byte of each block.
        prints: SHA-256 of each block, 32 bytes one after another.
        leads: By number of the block.
        closings: By number of the block.
        guarded: Numbers of blocks.
        lead_end: Every piece repeats what stands before this byte.
    """

    starts: array[int] = field(default_factory=lambda: array("Q"))
    prints: bytearray = field(default_factory=bytearray)
    leads: dict[int, tuple[int, int]] = field(default_factory=dict)
    closings: dict[int, str] = field(default_factory=dict)
    guarded: set[int] = field(default_factory=set)
    lead_end: int = 0

    def __len__(self) -> int:
        return len(self.starts)

    def take(self, block: Block, names: str, text: str) -> None:
        """Take note of one more block, whose names and text have been made safe."""
        self.starts.append(block.at)
        self.prints += hashlib.sha256(b"\0".join((_VERSION, names.encode(), text.encode()))).digest()
        number = len(self.starts)
        if block.lead is not None:
            self.leads[number] = block.lead
        if block.closing:
            self.closings[number] = block.closing
        if block.guarded:
            self.guarded.add(number)


class BlockWriter:
    """Numbers blocks, hands them to the sink and gathers the document's facts.

    Attributes:
        lead_end: Every piece repeats what stands before this byte.
    """

    def __init__(
        self, options: ReadOptions, sink: UnitSink, encoding: Encoding, index: BlockIndex | None = None
    ) -> None:
        self._options = options
        self._sink = sink
        self._codec = encoding.plain_codec
        self._index = index
        self.lead_end = 0
        self._units: list[UnitFacts] = []
        self._outline: list[OutlineEntry] = []

    def add(self, block: Block) -> bool:
        """Add a block; white space around it is dropped, and one without text or image is nothing.

        Returns:
            Whether it was added.

        Raises:
            SafetyLimitExceeded: More blocks than allowed.
        """
        text = _trimmed(block.text)
        names = _trimmed(block.names) if block.names else ""
        here = names if block.begins else ""
        shown = f"{here}\n{text}" if here and text else here or text
        if not shown.strip() and not block.images:
            return False
        number = len(self._units) + 1
        if number > self._options.limits.max_blocks:
            raise SafetyLimitExceeded(
                f"More than {self._options.limits.max_blocks:,} blocks of text. Cut the file into smaller ones first."
            )
        unit = UnitFacts(
            number=number,
            kind=UnitKind.TEXT if shown.strip() else UnitKind.IMAGE,
            native_chars=len("".join(shown.split())),
            image_count=block.images,
            # With the blank line that parts it from the next.
            stored_bytes=len(shown.encode(self._codec, "replace")) + len("\n\n".encode(self._codec)),
            block=block.kind,
            heading_level=block.level,
            table=block.table,
        )
        self._units.append(unit)
        if block.title is not None:
            self._outline.append(OutlineEntry(title=safe_label(block.title), level=block.level or 1, unit=number))
        if self._index is not None:
            self._index.take(block, names, text)
        self._sink(unit, UnitText(number=number, parts=_parts(here, text, block) if self._options.text else ()))
        return True

    def repeat_before(self, byte: int) -> None:
        """Say that every piece has to repeat what stands before this byte: the header of a table."""
        self.lead_end = byte
        if self._index is not None:
            self._index.lead_end = byte

    def finish(self, findings: tuple[Finding, ...] = ()) -> DocumentFacts:
        """Return the document's facts.

        Args:
            findings: What the reader noticed.

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
            shared_bytes=self.lead_end,
            findings=findings,
        )


def _trimmed(text: str) -> str:
    return safe_text(text).strip("\n").rstrip()


def _parts(names: str, text: str, block: Block) -> tuple[TextPart, ...]:
    """Column names are a part of their own, where rows follow them: pieces of a table repeat them."""
    markdown = block.markdown if block.markdown not in (names, text) else None
    if not names or not text:
        whole = names or text
        return (TextPart(text=whole, role=Role.BODY, markdown=markdown),) if whole else ()
    return (
        TextPart(text=names, role=Role.TABLE_HEADER, markdown=""),
        TextPart(text=text, role=Role.BODY, markdown=markdown),
    )
