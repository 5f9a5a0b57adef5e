"""What pypdf knows of a document: the second opinion on its structure.

pypdf is asked where a document has an outline, is encrypted, is refused by qpdf, or where the other two parsers count
its pages differently. Importing it costs more than PDFium and qpdf together, so nothing here is loaded before that.
"""

from __future__ import annotations

import logging
import struct
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, TypeVar

from pypdf import PdfReader
from pypdf.constants import UserAccessPermissions
from pypdf.errors import DependencyError, DeprecationError, LimitReachedError, PyPdfError
from pypdf.generic import Destination, IndirectObject

from extractors.clean import safe_label
from extractors.facts import OutlineEntry
from extractors.pdf.limits import apply_pypdf_limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

PYPDF_ERRORS = (
    PyPdfError,
    DependencyError,
    DeprecationError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    AssertionError,
    ArithmeticError,
    RuntimeError,
    OSError,
    EOFError,
    zlib.error,
    struct.error,
)
"""pypdf.errors says of itself: "Please note that broken PDF files might cause other Exceptions"."""

PERMISSION_NAMES = {
    "print": "print",
    "modify": "modify",
    "extract": "copy",
    "add_or_modify": "annotate",
    "fill_form_fields": "fill-forms",
    "extract_text_and_graphics": "accessibility",
    "assemble_doc": "assemble",
    "print_to_representation": "print-high-quality",
}
"""pypdf's names for the bits of /P → ours, which say what a person may do."""

_KEPT_NOTES = 100
_GUESS = "Unknown destination"
"""How pypdf's note begins when it lets an outline item point to the first page for want of a better one."""
T = TypeVar("T")


def permissions_from_bits(bits: int) -> dict[str, bool]:
    """Return what the permission bits ``/P`` of an encrypted document allow, by name."""
    allowed = UserAccessPermissions(bits & 0xFFFFFFFF).to_dict()
    return {PERMISSION_NAMES[name]: value for name, value in allowed.items()}


class SecondReader:
    """One document in pypdf. It never raises: what it cannot answer is None.

    Attributes:
        notes: What pypdf remarked, at most a hundred lines; nothing of it reaches stderr.
        refusal: Why pypdf does not open the document; None when it does.
        limited: A safety limit cut an answer short.
    """

    def __init__(self, file: BinaryIO, password: bytes | None) -> None:
        self.notes: list[str] = []
        self.refusal: str | None = None
        self.limited = False
        self._reader: PdfReader | None = None
        apply_pypdf_limits()
        file.seek(0)
        with _listening(self.notes):
            try:
                self._reader = PdfReader(file, password=password)
                self._reader.root_object  # noqa: B018  a reader without a catalog can answer nothing
            except PYPDF_ERRORS as error:
                self._reader = None
                self.limited = isinstance(error, LimitReachedError)
                self.refusal = safe_label(str(error)) or type(error).__name__

    def page_count(self) -> int | None:
        """Pages found by walking the page tree."""
        return self._ask(lambda reader: len(reader.pages))

    def page_labels(self) -> list[str] | None:
        """Label of each page, given or plain."""
        return self._ask(lambda reader: reader.page_labels if "/PageLabels" in reader.root_object else [])

    def attachments(self) -> list[str] | None:
        """Names of embedded files."""
        return self._ask(lambda reader: [safe_label(str(file.name)) for file in reader.attachment_list])

    def permissions_valid(self) -> bool | None:
        """Whether AES-256's encrypted copy of the permissions agrees with them; True where there is no such copy."""
        return self._ask(lambda reader: reader.are_permissions_valid)

    def outline(self, numbers: Mapping[int, int] | None) -> tuple[OutlineEntry, ...] | None:
        """Return the outline in reading order; None also where pypdf guessed, which it does for broken destinations.

        Args:
            numbers: Page number by object number when another parser knows them; pypdf would copy every page to
                find out.
        """
        noted = len(self.notes)
        entries = self._ask(lambda reader: tuple(_entries(reader, reader.outline, numbers, 1)))
        guessed = any(note.startswith(_GUESS) for note in self.notes[noted:])
        return None if guessed else entries

    def _ask(self, question: Callable[[PdfReader], T]) -> T | None:
        if self._reader is None:
            return None
        with _listening(self.notes):
            try:
                return question(self._reader)
            except PYPDF_ERRORS as error:
                self.limited = self.limited or isinstance(error, LimitReachedError)
                self.notes.append(safe_label(str(error)) or type(error).__name__)
                return None


def _entries(
    reader: PdfReader, items: Sequence[object], numbers: Mapping[int, int] | None, level: int
) -> Iterator[OutlineEntry]:
    for item in items:
        if isinstance(item, list):
            yield from _entries(reader, item, numbers, level + 1)
        elif isinstance(item, Destination):
            unit = _page_number(reader, item, numbers)
            yield OutlineEntry(title=safe_label(str(item.title or "")), level=level, unit=unit)


def _page_number(reader: PdfReader, item: Destination, numbers: Mapping[int, int] | None) -> int | None:
    page: object = item.page
    if isinstance(page, int):
        count = len(reader.pages) if numbers is None else len(numbers)
        return page + 1 if 0 <= page < count else None
    if not isinstance(page, IndirectObject):
        return None
    if numbers is not None:
        return numbers.get(page.idnum)
    index = reader.get_destination_page_number(item)
    return None if index is None else index + 1


class _Collector(logging.Handler):
    def __init__(self, notes: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._notes = notes

    def emit(self, record: logging.LogRecord) -> None:
        if len(self._notes) < _KEPT_NOTES:
            self._notes.append(safe_label(record.getMessage()))


@contextmanager
def _listening(notes: list[str]) -> Iterator[None]:
    """Take pypdf's log records while the block runs; without a handler they would go to stderr."""
    logger = logging.getLogger("pypdf")
    collector = _Collector(notes)
    propagated = logger.propagate
    logger.addHandler(collector)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(collector)
        logger.propagate = propagated
