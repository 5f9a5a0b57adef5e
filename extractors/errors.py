"""Why a document could not be read. Messages say what to do next.

The tree::

    ExtractionError
    ├── UnsupportedFormat        not a kind of file this product reads
    │   ├── LegacyOffice         .doc, .xls, .ppt (OLE)
    │   ├── NotADocx             a ZIP, but no Word document
    ├── EncryptedOffice          DOCX inside an encrypted OLE container
    ├── PasswordRequired         needs a password
    │   └── WrongPassword        the given one does not open it
    ├── DamagedDocument          cannot be opened or has no usable structure
    │   ├── EmptyDocument        zero bytes
    │   └── NoPages              opens, but has zero units
    ├── UnknownUnit              the document has fewer units
    ├── SafetyLimitExceeded      over a limit that protects the reader
    ├── ActiveContentRejected    scripts and the like, where they are to be rejected
    └── OcrUnavailable           no engine, or a language is missing
        ├── OcrLanguageMissing
        └── OcrFailed            the engine gave up on one image
"""

from __future__ import annotations


class ExtractionError(Exception):
    """Base of everything that keeps a document from being read.

    Attributes:
        unit: Number of the unit it is about, or None for the whole document.
    """

    def __init__(self, message: str, *, unit: int | None = None) -> None:
        super().__init__(message)
        self.unit = unit


class UnsupportedFormat(ExtractionError):
    """The content is no format this product reads."""


class LegacyOffice(UnsupportedFormat):
    """An old binary Office file (OLE container)."""


class NotADocx(UnsupportedFormat):
    """A ZIP archive that is not a Word document."""


class EncryptedOffice(ExtractionError):
    """A password-protected Office file (encrypted OOXML in an OLE container)."""


class PasswordRequired(ExtractionError):
    """The document is encrypted and no password was given."""


class WrongPassword(PasswordRequired):
    """The password given does not open the document."""


class DamagedDocument(ExtractionError):
    """The document's structure is broken beyond reading."""


class EmptyDocument(DamagedDocument):
    """The file has zero bytes."""


class NoPages(DamagedDocument):
    """The document opens but has no pages."""


class UnknownUnit(ExtractionError):
    """The document has no unit of this number."""


class SafetyLimitExceeded(ExtractionError):
    """Reading on would cost more than the safety limits allow."""


class ActiveContentRejected(ExtractionError):
    """The document has active content, and such documents are to be rejected."""


class OcrUnavailable(ExtractionError):
    """No OCR engine can be used."""


class OcrLanguageMissing(OcrUnavailable):
    """The OCR engine has no data for a wanted language."""


class OcrFailed(OcrUnavailable):
    """The OCR engine gave up on one image; others may go well."""
