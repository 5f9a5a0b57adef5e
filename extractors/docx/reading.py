"""What is shared while one document is read: counts, findings in the making, and what the current block gathers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from extractors.docx.names import W_DEL, W_INS, W_MOVE_FROM, W_MOVE_TO
from extractors.facts import Role, TextPart

if TYPE_CHECKING:
    from extractors.docx.notes import Comments, Notes
    from extractors.docx.numbering import Counters
    from extractors.docx.opened import Opened
    from extractors.docx.package import Package
    from extractors.docx.pictures import Pictures


@dataclass(slots=True)
class Tally:
    """Counts over the document; the fields are those of :class:`extractors.facts.DocxFacts`."""

    paragraphs: int = 0
    headings: int = 0
    tables: int = 0
    nested_tables: int = 0
    images: int = 0
    insertions: int = 0
    deletions: int = 0
    moves: int = 0
    text_boxes: int = 0
    fields: int = 0
    equations: int = 0
    charts: int = 0
    hyperlinks: int = 0

    def count_change(self, tag: str) -> None:
        """Count one mark of a tracked change: on text, on the end of a paragraph, or on a table row or cell."""
        if tag == W_INS:
            self.insertions += 1
        elif tag == W_DEL:
            self.deletions += 1
        elif tag in {W_MOVE_FROM, W_MOVE_TO}:
            self.moves += 1


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture as drawn.

    Attributes:
        part: Its media part; None when it is outside the file or missing.
        width_emu: Drawn width in EMU (914,400 an inch); 0 when not said.
        height_emu: Drawn height in EMU.
    """

    part: str | None
    width_emu: int = 0
    height_emu: int = 0


@dataclass(slots=True)
class Gathered:
    """What a block brings besides its own lines.

    Attributes:
        asides: Text that stands beside the flow: notes, comments, text boxes, alternative texts.
        pictures: Pictures drawn.
        parts: Other parts it needs (charts, diagrams, embedded files), for the byte estimate.
        hidden: It holds hidden text, which was left out.
        equation: It holds an equation.
        toc: It is inside a table-of-contents field.
        note_bytes: Stored bytes of its notes and comments.
        markup: XML elements of its drawings, for the byte estimate.
        boxes: Text boxes, empty ones too.
    """

    asides: list[TextPart] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    hidden: bool = False
    equation: bool = False
    toc: bool = False
    note_bytes: float = 0.0
    markup: int = 0
    boxes: int = 0

    @property
    def size(self) -> int:
        """A number that grows with everything drawn that is gathered."""
        return len(self.asides) + len(self.pictures) + len(self.parts) + self.boxes

    def aside(self, text: str, role: Role, *, markdown: str | None = None, label: str | None = None) -> None:
        """Add text that stands beside the flow; white space alone is not text."""
        if text.strip():
            self.asides.append(
                TextPart(text=text, role=role, markdown=None if markdown == text else markdown, label=label)
            )


@dataclass(slots=True, kw_only=True)
class Reading:
    """One document being read.

    Attributes:
        package: Its parts.
        opened: What python-docx knows.
        counters: List numbers of the main story.
        footnotes: Footnotes, numbered as they are met.
        endnotes: Endnotes.
        comments: Comments.
        pictures: Media parts.
        tally: Counts.
        problems: Things a finding will name: code → block numbers.
        unit: Number of the block being read.
        told: Parts whose text was given: a chart that is drawn a thousand times is told once.
    """

    package: Package
    opened: Opened
    footnotes: Notes
    endnotes: Notes
    comments: Comments
    pictures: Pictures
    counters: Counters
    tally: Tally = field(default_factory=Tally)
    problems: dict[str, list[int]] = field(default_factory=dict)
    unit: int = 1
    told: set[str] = field(default_factory=set)

    def problem(self, code: str, unit: int | None = None) -> None:
        """Note that a block, the one being read unless ``unit`` says otherwise, has what ``code`` names."""
        units = self.problems.setdefault(code, [])
        number = self.unit if unit is None else unit
        if not units or units[-1] != number:
            units.append(number)
