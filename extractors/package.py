"""ZIP archives: is one a Word document, and if not, what is it? Reads the central directory and one small part."""

from __future__ import annotations

import struct
import zipfile
import zlib
from typing import TYPE_CHECKING, BinaryIO, cast

from extractors.errors import DamagedDocument, ExtractionError, NotADocx, SafetyLimitExceeded
from extractors.registry import DOCM, DOCX

if TYPE_CHECKING:
    from typing import IO

MAGICS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")

_CONTENT_TYPES = "[Content_Types].xml"
_MOST_DIRECTORY_BYTES = 4_000_000
_MOST_PART_BYTES = 1_000_000
_END_RECORD = struct.Struct("<4s4H2IH")
_END_MAGIC = b"PK\x05\x06"

# Main parts are told by content type; strict and transitional OOXML share them (ECMA-376 Part 1, 11.3).
_MAIN = {
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml": DOCX,
    "application/vnd.ms-word.document.macroenabled.main+xml": DOCM,
}
_TO_DOCX = "Open it in Word or LibreOffice and save it as .docx or PDF, then try again."
_TO_PDF = "Export it as PDF and try again."
_OTHER_MAIN = (
    ("wordprocessingml.template.main+xml", f"a Word template (.dotx). {_TO_DOCX}"),
    ("ms-word.template.macroenabledtemplate.main+xml", f"a Word template with macros (.dotm). {_TO_DOCX}"),
    ("spreadsheetml.", "an Excel workbook. Export the sheets as CSV or PDF and try again."),
    ("ms-excel.", "an Excel workbook. Export the sheets as CSV or PDF and try again."),
    ("presentationml.", f"a PowerPoint presentation. {_TO_PDF}"),
    ("ms-powerpoint.", f"a PowerPoint presentation. {_TO_PDF}"),
    ("ms-visio.", f"a Visio drawing. {_TO_PDF}"),
    ("xps-fixeddocumentsequence", f"an XPS document. {_TO_PDF}"),
)
_MIME_FILES = (
    ("application/vnd.oasis.opendocument.text", f"an OpenDocument text (.odt). {_TO_DOCX}"),
    ("application/vnd.oasis.opendocument.spreadsheet", "an OpenDocument spreadsheet (.ods). Export it as CSV or PDF."),
    ("application/vnd.oasis.opendocument.presentation", f"an OpenDocument presentation (.odp). {_TO_PDF}"),
    ("application/vnd.oasis.opendocument", f"an OpenDocument file. {_TO_PDF}"),
    ("application/epub+zip", "an EPUB book. Convert it to PDF or DOCX (Calibre does it) and try again."),
)
_TELLTALES = (
    ("AndroidManifest.xml", "an Android app. Offer the document itself."),
    ("META-INF/MANIFEST.MF", "a Java archive. Offer the document itself."),
    ("Index/Document.iwa", f"an Apple Pages, Numbers or Keynote file. {_TO_PDF}"),
    ("word/document.xml", f"a ZIP archive with Word parts but no list of content types, so no .docx. {_TO_DOCX}"),
)


def word_media_type(file: BinaryIO) -> str:
    """Return the media type of the Word document in a ZIP archive.

    Raises:
        NotADocx: Another kind of archive; the message names it.
        DamagedDocument: The archive's directory is missing or broken.
        SafetyLimitExceeded: The directory is larger than any document's.
    """
    file.seek(0)
    try:
        with zipfile.ZipFile(cast("IO[bytes]", _Bounded(file))) as archive:
            return _main_type(archive)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, struct.error, zlib.error, ValueError, OSError) as error:
        raise DamagedDocument(
            f"This is a ZIP archive (a .docx is one) whose directory cannot be read ({error}): the end of the file "
            "is missing or broken. Fetch it again, or open it in Word and let Word repair it."
        ) from error
    except RuntimeError as error:  # zipfile's word for an encrypted entry
        raise NotADocx("This is a ZIP archive with a password. Unpack it and offer the document inside.") from error


def ends_with_archive(tail: bytes, size: int) -> bool:
    """Whether a file that begins as something else ends as a complete ZIP archive.

    Args:
        tail: The last bytes of the file (at least the last 65,557 for archives with the longest comment).
        size: Size of the file.
    """
    at = tail.rfind(_END_MAGIC)
    while at >= 0:
        if len(tail) - at >= _END_RECORD.size:
            *_, entries, directory_bytes, _, comment = _END_RECORD.unpack_from(tail, at)
            exact = at + _END_RECORD.size + comment == len(tail)
            if exact and entries and directory_bytes <= size - len(tail) + at:
                first = at - directory_bytes
                return first < 0 or tail.startswith(b"PK\x01\x02", first)
        at = tail.rfind(_END_MAGIC, 0, at)
    return False


class _Bounded:
    """A file that refuses to be read in large gulps: a forged directory size must not cost memory."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek = file.seek
        self.tell = file.tell
        self.seekable = file.seekable

    def read(self, count: int = -1) -> bytes:
        if count > _MOST_DIRECTORY_BYTES:
            raise SafetyLimitExceeded(
                "This ZIP archive lists more entries than any Word document has. "
                "Unpack it and offer the document inside."
            )
        return self._file.read(count if count >= 0 else _MOST_DIRECTORY_BYTES)


def _main_type(archive: zipfile.ZipFile) -> str:
    names = {info.filename for info in archive.infolist()}
    # Part names are compared without regard to case (ECMA-376 Part 2, 6.2.2.3).
    listing = next((name for name in sorted(names) if name.lower() == _CONTENT_TYPES.lower()), None)
    if listing is None:
        raise _no_package(archive, names)
    types = _content_types(_small_part(archive, listing))
    for wanted, media_type in _MAIN.items():
        if wanted in types:
            return media_type
    for fragment, what in _OTHER_MAIN:
        if any(fragment in found for found in types):
            raise NotADocx(f"This is {what}")
    raise NotADocx(f"This is an Office package without a Word document in it. {_TO_DOCX}")


def _no_package(archive: zipfile.ZipFile, names: set[str]) -> ExtractionError:
    if not names:
        return NotADocx("This is an empty ZIP archive. Check how it was made and offer the document itself.")
    if "mimetype" in names:
        declared = _small_part(archive, "mimetype").decode("ascii", "replace")
        for fragment, what in _MIME_FILES:
            if declared.startswith(fragment):
                return NotADocx(f"This is {what}")
    for name, what in _TELLTALES:
        if name in names:
            return NotADocx(f"This is {what}")
    entries = "1 entry" if len(names) == 1 else f"{len(names):,} entries"
    return NotADocx(f"This is a ZIP archive with {entries}. Unpack it and offer the documents inside one by one.")


def _small_part(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as part:
        content = part.read(_MOST_PART_BYTES + 1)
    if len(content) > _MOST_PART_BYTES:
        raise SafetyLimitExceeded(
            f"The part {name} is larger than {_MOST_PART_BYTES:,} bytes, which no Word document needs. "
            "Open the file in Word, save it anew and try again."
        )
    return content


def _content_types(content: bytes) -> set[str]:
    """Content types of a package, in lower case."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise DamagedDocument(
            f"The list of parts of this Office file is broken ({error.msg}). "
            "Open it in Word, save it anew and try again."
        ) from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise SafetyLimitExceeded(
            "The list of parts of this Office file declares a DTD, which no Office program writes and which can be "
            "used for attacks. Open it in Word, save it anew and try again."
        )
    found = (part.get("ContentType") for part in root.iterchildren("{*}Override", "{*}Default"))
    return {value.lower() for value in found if value is not None}
