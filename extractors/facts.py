"""The nouns of reading: what is known of a document before anybody judges it.

Every type is frozen. Sizes are bytes, lengths PDF points (1/72 inch), units are numbered from 1,
hashes are lower-case hex SHA-256. A field that is ``None`` does not apply to this kind of unit and is
left out of the JSON.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

UnitName = Literal["page", "frame", "block"]
Severity = Literal["info", "warning", "error"]


class UnitKind(StrEnum):
    """What a unit mostly is. Whether it needs OCR is a second, separate question."""

    TEXT = "text"
    SCAN = "scan"
    HYBRID = "hybrid"
    IMAGE = "image"
    BLANK = "blank"
    UNREADABLE = "unreadable"


class Origin(StrEnum):
    """Where a piece of text comes from."""

    NATIVE = "native"
    OCR = "ocr"


class Role(StrEnum):
    """What a piece of text is to the reader of the document."""

    BODY = "body"
    HEADER = "header"
    TABLE_HEADER = "table-header"
    FOOTER = "footer"
    FOOTNOTE = "footnote"
    ENDNOTE = "endnote"
    COMMENT = "comment"
    TEXT_BOX = "text-box"
    INSERTED = "inserted"
    DELETED = "deleted"
    ANNOTATION = "annotation"
    FORM_FIELD = "form-field"
    IMAGE = "image"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A document as it was offered.

    Attributes:
        name: Display name, made safe to print (no control or bidi characters); data, never a path.
        size_bytes: Size of the file.
        sha256: Hash of the bytes; empty when there were no bytes to read.
        media_type: IANA media type found from the content, never from the name alone.
    """

    name: str
    size_bytes: int
    sha256: str
    media_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing worth telling, with what to do next.

    Attributes:
        severity: ``info``, ``warning`` or ``error``.
        code: Stable slug, lower case with hyphens.
        message: A sentence for people that says what to do next where something can be done.
        units: Numbers of the units it is about; empty when it is about the document.
    """

    severity: Severity
    code: str
    message: str
    units: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFacts:
    """Shape of a DOCX table.

    Attributes:
        rows: Rows, header rows included.
        columns: Grid columns of the widest row.
        header_rows: Rows marked to repeat on each page.
        nested: Tables inside its cells, at any depth.
        merged_cells: Cells that span more than one grid column or continue a cell above.
        chars: Characters of all its cells.
        header_chars: Those of its header rows, which every piece of a divided table repeats.
        longest_row_chars: Those of the longest of the other rows: the least a piece can hold besides the header.
    """

    rows: int
    columns: int
    header_rows: int = 0
    nested: int = 0
    merged_cells: int = 0
    chars: int = 0
    header_chars: int = 0
    longest_row_chars: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TextGuess:
    """Characters expected from OCR of a unit, judged from its pixels without recognizing them."""

    low: int
    likely: int
    high: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitFacts:
    """Facts of one unit: a PDF page, an image frame, or a block of flowing text.

    Attributes:
        number: Position from 1.
        kind: What the unit mostly is.
        needs_ocr: Visible text is missing from the text layer (or the text layer lies).
        native_chars: Characters of the text layer, white space not counted.
        image_count: Images drawn on the unit.
        image_coverage: Share of the unit's area under images, 0 to 1, overlaps counted once.
        image_pixels: Pixels of all its images together, as stored.
        image_bytes: Stored (compressed) bytes of all its images together.
        stored_bytes: Estimate of the bytes only this unit brings into a piece (content, images, markup).
        width_pt: Visible width in points after rotation and UserUnit (pages).
        height_pt: Visible height in points after rotation and UserUnit (pages).
        rotation: Page rotation, 0, 90, 180 or 270 degrees clockwise (pages).
        width_px: Width in pixels (frames).
        height_px: Height in pixels (frames).
        dpi: Resolution of a frame as stored; None when the file does not say.
        block: What a block is: paragraph, heading, list-item, table, text-box … (blocks).
        heading_level: 1 to 9 for headings (blocks).
        table: Shape of a table (blocks).
        text_guess: Characters OCR would likely give; only where ``needs_ocr``.
        reasons: Slugs saying why this kind and this ``needs_ocr`` were chosen, for ``--explain``.
    """

    number: int
    kind: UnitKind
    needs_ocr: bool = False
    native_chars: int = 0
    image_count: int = 0
    image_coverage: float = 0.0
    image_pixels: int = 0
    image_bytes: int = 0
    stored_bytes: int = 0
    width_pt: float | None = None
    height_pt: float | None = None
    rotation: int | None = None
    width_px: int | None = None
    height_px: int | None = None
    dpi: float | None = None
    block: str | None = None
    heading_level: int | None = None
    table: TableFacts | None = None
    text_guess: TextGuess | None = None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlineEntry:
    """One bookmark or heading: where it points and how deep it stands.

    Attributes:
        title: Text of the entry, made safe to print.
        level: 1 for the top level.
        unit: Number of the unit it points to; None when it points nowhere or outside.
    """

    title: str
    level: int
    unit: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PdfFacts:
    """Document-level facts of a PDF.

    Attributes:
        version: As in the header or catalog, for example ``1.7``.
        page_counts: Page count by parser name, and as ``declared`` where the page tree says otherwise than it holds;
            they must agree, a mismatch is a finding.
        page_labels: Label of each page when the document numbers its pages itself, else empty.
        permissions: What the encryption allows, by name (print, copy, …); empty when not encrypted.
        encryption: Method in words, for example ``AES-256``; None when not encrypted.
        opened_with: Which password opened it: ``none``, ``empty``, ``user`` or ``owner``.
        needs_password: Nobody opens it without a password.
        signatures: Signature fields that carry a signature.
        form_fields: AcroForm fields (terminal ones).
        xfa: An XFA form is present (never parsed).
        attachments: Names of embedded files, made safe to print; they are never extracted.
        active_content: Kinds of active content found, sorted: javascript, launch, open-action, …
        tagged: The document says that it is tagged.
        linearized: Written for fast web view.
        optional_content: Has optional content groups (layers).
        title: Document title, made safe to print; empty when there is none.
        producer: Producer string, made safe to print; empty when there is none.
    """

    version: str = ""
    page_counts: dict[str, int] = field(default_factory=dict)
    page_labels: tuple[str, ...] = ()
    permissions: dict[str, bool] = field(default_factory=dict)
    encryption: str | None = None
    opened_with: Literal["none", "empty", "user", "owner"] = "none"
    needs_password: bool = False
    signatures: int = 0
    form_fields: int = 0
    xfa: bool = False
    attachments: tuple[str, ...] = ()
    active_content: tuple[str, ...] = ()
    tagged: bool = False
    linearized: bool = False
    optional_content: bool = False
    title: str = ""
    producer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocxFacts:
    """Document-level counts of a DOCX, whole package."""

    paragraphs: int = 0
    headings: int = 0
    tables: int = 0
    nested_tables: int = 0
    images: int = 0
    footnotes: int = 0
    endnotes: int = 0
    comments: int = 0
    insertions: int = 0
    deletions: int = 0
    moves: int = 0
    text_boxes: int = 0
    headers: int = 0
    footers: int = 0
    sections: int = 0
    fields: int = 0
    equations: int = 0
    charts: int = 0
    embedded_objects: int = 0
    hyperlinks: int = 0
    macros: bool = False
    external_relations: tuple[str, ...] = ()
    strict: bool = False
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentFacts:
    """Everything known of a document, before any target is considered.

    Attributes:
        unit_kind: What one unit is.
        unit_count: Number of units; equals ``len(units)``.
        encrypted: The file was encrypted (also when it opened without a password).
        units: The units in order.
        outline: Bookmarks (PDF) or headings (DOCX, Markdown) in order.
        shared_bytes: Estimate of bytes that every piece carries besides its units (fonts, styles, …).
        pdf: PDF only.
        docx: DOCX only.
        findings: What the extractor noticed.
        truncated: Something was cut short by a safety limit; a finding says what.
    """

    unit_kind: UnitName
    unit_count: int
    encrypted: bool = False
    units: tuple[UnitFacts, ...] = ()
    outline: tuple[OutlineEntry, ...] = ()
    shared_bytes: int = 0
    pdf: PdfFacts | None = None
    docx: DocxFacts | None = None
    findings: tuple[Finding, ...] = ()
    truncated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPart:
    """A stretch of text of one origin and role.

    Attributes:
        text: Plain text: no lone surrogates, no control characters but tab and newline.
        origin: Text layer or OCR.
        role: What it is to the reader.
        markdown: The same as Markdown, when that differs (headings, tables, lists); else None.
        label: Number or author shown with it (footnote ``1``, comment author), else None.
        confidence: Mean word confidence of OCR, 0 to 1; None for native text.
        inline: It goes on in the line of the part before it (a tracked change inside a paragraph).
    """

    text: str
    origin: Origin = Origin.NATIVE
    role: Role = Role.BODY
    markdown: str | None = None
    label: str | None = None
    confidence: float | None = None
    inline: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitText:
    """Text of one unit in reading order."""

    number: int
    parts: tuple[TextPart, ...] = ()

    @property
    def plain(self) -> str:
        """All parts as plain text, one after another, separated by newlines where they do not share a line."""
        return "".join(("" if part.inline else "\n") + part.text for part in self.parts if part.text).removeprefix("\n")
