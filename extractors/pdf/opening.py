"""Opening a PDF: with PDFium for its pages and with qpdf (pikepdf) for its structure, whatever the file allows.

A file that only one of the two accepts is read with that one: what qpdf alone opens is rewritten in memory for PDFium.
Both facts become findings, because a receiving service may use either parser.
"""

from __future__ import annotations

import io
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, BinaryIO, Literal

import pikepdf
import pypdfium2
import pypdfium2.raw as pdfium_c

from extractors.errors import DamagedDocument, EmptyDocument, UnsupportedFormat
from extractors.pdf.limits import PIKE_ERRORS, apply_limits
from extractors.pdf.passwords import password_forms
from extractors.pdf.probing import has_owner_rights, has_table, loadable_pages, opens_to_all, page_total
from extractors.pdf.qpdf import open_with_any, rewritten, trouble, written
from extractors.pdf.source import PdfiumSource, pdfium_source
from extractors.pdf.troubles import nothing_readable, password_problem, refused_finding, repaired_finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from extractors.facts import Finding

OpenedWith = Literal["none", "empty", "user", "owner"]

REPAIR_MAX_BYTES = 200_000_000
"""A repair holds the whole rewritten file in memory, beside the damaged one."""
KEPT_BYTES = 50_000_000
"""Bytes of pages PDFium may have looked at before it has to let go of them."""
A_SCAN_BYTES = 1_000_000
"""What a page is taken to have where nobody has counted."""
_REBUILD_MAX_BYTES = 500_000_000
"""A file without a table of its objects is searched through from end to end by both parsers, 15 seconds a gigabyte."""


class OpenPdf:
    """One open document. Made by :func:`open_pdf`, valid until its block ends.

    Attributes:
        pdfium: The document in PDFium; pages, text and renderings come from here.
        encrypted: The file is encrypted (also when it opened without a password).
        password: Bytes that opened it; None when none was needed.
        by_qpdf: PDFium reads what qpdf wrote, not the file itself.
        needs_password: It does not open without a password.
    """

    def __init__(
        self,
        *,
        file: BinaryIO,
        source: PdfiumSource,
        pdfium: pypdfium2.PdfDocument,
        forms: Sequence[bytes],
        encrypted: bool,
        needs_password: bool = False,
    ) -> None:
        self.pdfium = pdfium
        self._source = source
        self._loaded_bytes = 0
        self.password = forms[0] if forms else None
        self.encrypted = encrypted
        self.by_qpdf = False
        self.needs_password = needs_password
        self._forms = tuple(forms) or (b"",)
        self._pdfium_form = self._forms[0]
        self._file = file
        self._pike: pikepdf.Pdf | None = None
        self._pike_tried = False
        self._page_count: int | None = None
        self._page_objects: tuple[pikepdf.Object, ...] | None = None
        self._findings: list[Finding] = []
        self._copy: PdfiumSource | None = None

    @property
    def pike(self) -> pikepdf.Pdf | None:
        """The document in qpdf, opened on first use; None (and a finding ``damaged``) when qpdf refuses it."""
        if not self._pike_tried:
            self._pike_tried = True
            try:
                self._pike, form = open_with_any(self._file, self._forms)
                self.password = form if self.encrypted else None
            except (*PIKE_ERRORS, OSError) as error:
                self._findings.append(refused_finding(trouble(error, self._file)))
        return self._pike

    @property
    def page_objects(self) -> tuple[pikepdf.Object, ...]:
        """The page dictionaries in qpdf; empty when qpdf refuses the document.

        Kept, because qpdf makes the whole list anew for every single page that is asked for.
        """
        if self._page_objects is None:
            self._page_objects = ()
            if self.pike is not None:
                with suppress(*PIKE_ERRORS):
                    self._page_objects = tuple(page.obj for page in self.pike.pages)
        return self._page_objects

    @property
    def opened_with(self) -> OpenedWith:
        """Which password opened it: the owner's counts where one password is both."""
        if not self.encrypted:
            return "none"
        if not self.password:
            return "empty"
        owner = self.pike.owner_password_matched if self.pike is not None else has_owner_rights(self.pdfium)
        return "owner" if owner else "user"

    @property
    def page_count(self) -> int:
        """Pages PDFium can load; its own count is whatever the file declares, within bounds.

        Where qpdf, which walks the page tree, counts the same, that is it. Otherwise pages are tried one by one, and
        those after the last loadable one do not count (a page that cannot be loaded in between does).
        """
        if self._page_count is None:
            declared = len(self.pdfium)
            agreed = self.pike is not None and page_total(self.pike) == declared
            self._page_count = declared if agreed else loadable_pages(self.pdfium, declared)
        return self._page_count

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What opening showed so far; complete once :attr:`pike` was used."""
        return tuple(self._findings)

    def add_finding(self, finding: Finding) -> None:
        """Note something about the opening."""
        self._findings.append(finding)

    def read_by_qpdf(self) -> bool:
        """Have PDFium read the document as qpdf has it now, from memory; tell whether it does.

        It does not where the document is too big for that, or shows other pages then.
        """
        if self.pike is None or self._file.seek(0, io.SEEK_END) > REPAIR_MAX_BYTES:
            return False
        try:
            source = PdfiumSource(written(self.pike))
        except PIKE_ERRORS:
            return False
        raw, _ = source.load(None)
        document = None if raw is None else pypdfium2.PdfDocument(raw)
        if document is None or len(document) != len(self.pdfium):
            if document is not None:
                document.close()
            source.close()
            return False
        self.pdfium.close()
        if self._copy is not None:
            self._copy.close()
        self.pdfium, self._copy, self.by_qpdf = document, source, True
        return True

    def note_loaded(self, size_bytes: int) -> None:
        """Note that a page of so many bytes was loaded and is closed again.

        PDFium keeps every stream it has ever looked at (measured: a gigabyte for a gigabyte of scans), so after a while
        the document is opened in it anew. No handle from before may be used after this.
        """
        self._loaded_bytes += size_bytes
        if self._loaded_bytes < KEPT_BYTES:
            return
        self._loaded_bytes = 0
        raw, _ = (self._copy or self._source).load(None if self._copy else self._pdfium_form)
        if raw is not None:
            self.pdfium.close()
            self.pdfium = pypdfium2.PdfDocument(raw)

    def close(self) -> None:
        """Close both documents."""
        self._page_objects = None
        if self._pike is not None:
            self._pike.close()
            self._pike = None
        self.pdfium.close()
        if self._copy is not None:
            self._copy.close()
            self._copy = None


@contextmanager
def open_pdf(file: BinaryIO, password: str | None) -> Iterator[OpenPdf]:
    """Open ``file`` for the length of a ``with`` block.

    Args:
        file: Seekable binary file, best one with a ``fileno()``: it is then mapped, not copied.
        password: User or owner password; None when none was given. It is tried in every form it may have been used
            in, and after that the empty password.

    Raises:
        EmptyDocument: Zero bytes.
        PasswordRequired: Encrypted, and no password was given.
        WrongPassword: The password given does not open it.
        UnsupportedFormat: Encrypted for certificates or by an unknown method.
        NoPages: It opens but has no pages.
        DamagedDocument: Neither PDFium nor a repair by qpdf makes a page of it readable.
    """
    apply_limits()
    with ExitStack() as stack:
        if file.seek(0, io.SEEK_END) == 0:
            raise EmptyDocument("The file is empty (0 bytes). Export or download it again.")
        source = stack.enter_context(pdfium_source(file))
        if source.size > _REBUILD_MAX_BYTES and not has_table(file, source.size):
            raise _too_big_to_repair(source)
        opened = _open_directly(source, file, password) or _open_repaired(stack, source, file, password)
        stack.callback(opened.close)
        yield opened


def _open_directly(source: PdfiumSource, file: BinaryIO, password: str | None) -> OpenPdf | None:
    """Open with PDFium; None when it takes the file for damaged or finds no page it can load."""
    given = () if password is None else password_forms(password)
    for form in (*given, b""):
        raw, code = source.load(form)
        if raw is not None:
            document = pypdfium2.PdfDocument(raw)
            if not loadable_pages(document, len(document), first_only=True):
                document.close()
                return None
            encrypted = pdfium_c.FPDF_GetSecurityHandlerRevision(document) != -1
            # PDFium also tries other encodings of what it is given, so qpdf may need another form than the one it took.
            forms = (form, *(other for other in given if form and other != form)) if encrypted else ()
            return OpenPdf(
                file=file,
                source=source,
                pdfium=document,
                forms=forms,
                encrypted=encrypted,
                needs_password=encrypted and bool(form) and not opens_to_all(source),
            )
        if code == pdfium_c.FPDF_ERR_SECURITY:
            raise UnsupportedFormat(
                "The PDF is encrypted for certificates or by a method unknown here. Open it where it can be read and "
                "save a copy without protection."
            )
        if code != pdfium_c.FPDF_ERR_PASSWORD:
            return None
    raise password_problem(password)


def _open_repaired(stack: ExitStack, source: PdfiumSource, file: BinaryIO, password: str | None) -> OpenPdf:
    """Let qpdf rewrite what PDFium refuses, and open that."""
    if source.size > REPAIR_MAX_BYTES:
        raise _too_big_to_repair(source)
    try:
        copy = rewritten(file, password)
    except pikepdf.PasswordError as error:
        raise password_problem(password) from error
    if copy is None:
        raise _refused(source)
    mended = stack.enter_context(pdfium_source(copy.data))
    raw, _ = mended.load(None)
    document = None if raw is None else pypdfium2.PdfDocument(raw)
    if document is None or not loadable_pages(document, len(document), first_only=True):
        if document is not None:
            document.close()
        raise _refused(source)
    forms = (copy.password,) if copy.encrypted else ()
    opened = OpenPdf(
        file=file,
        source=mended,
        pdfium=document,
        forms=forms,
        encrypted=copy.encrypted,
        needs_password=bool(copy.password),  # qpdf tried without one first
    )
    opened.by_qpdf = True
    opened.add_finding(repaired_finding())
    return opened


def _too_big_to_repair(source: PdfiumSource) -> DamagedDocument:
    return DamagedDocument(
        f"The PDF is damaged and, at {source.size / 1e6:.0f} MB, too big to be repaired in memory. Repair it with "
        "“qpdf damaged.pdf repaired.pdf” or export it again, then check the result."
    )


def _refused(source: PdfiumSource) -> DamagedDocument:
    """Return the error for a document neither PDFium nor a repair makes readable."""
    raw, _ = source.load(None)
    if raw is None:
        return nothing_readable(opens=False, declared=0)
    with pypdfium2.PdfDocument(raw) as document:
        return nothing_readable(opens=True, declared=len(document))
