"""Opening a PDF to cut it: qpdf alone, because only what it reads in full can be written again."""

from __future__ import annotations

import io
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

import pikepdf
from pikepdf import Dictionary, Name

from extractors.errors import ActiveContentRejected, DamagedDocument, EmptyDocument, SafetyLimitExceeded
from extractors.pdf.active import find_active_content
from extractors.pdf.limits import PIKE_ERRORS
from extractors.pdf.passwords import password_forms
from extractors.pdf.qpdf import open_pike, trouble
from extractors.pdf.troubles import nothing_readable, password_problem
from extractors.pdf.walk import Cuts, form_fields, outline_nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from extractors.base import CutOptions


@contextmanager
def opened_for_cutting(file: BinaryIO, options: CutOptions) -> Iterator[pikepdf.Pdf]:
    """Open a PDF in qpdf for the length of a ``with`` block; its first page tree is read and found sound.

    Raises:
        EmptyDocument: Zero bytes.
        PasswordRequired: Encrypted, and no password was given, or (WrongPassword) not the right one.
        DamagedDocument: qpdf cannot read the structure of the file, or (NoPages) finds no pages.
        SafetyLimitExceeded: More pages than ``options.limits.max_units``.
        ActiveContentRejected: ``options.active_content`` is ``reject`` and there is some.
    """
    if file.seek(0, io.SEEK_END) == 0:
        raise EmptyDocument("The file is empty (0 bytes). Export or download it again.")
    with open_any(file, options.password) as pdf:
        try:
            pages = len(pdf.pages)
        except PIKE_ERRORS as error:
            raise _refused(error, file) from error
        if not pages:
            raise nothing_readable(opens=True, declared=0)
        if pages > options.limits.max_units:
            raise SafetyLimitExceeded(
                f"The PDF has {pages:,} pages; at most {options.limits.max_units:,} are cut. Raise the limit on pages, "
                "or split the file by other means first."
            )
        if options.active_content == "reject":
            _reject_active(pdf)
        yield pdf


def open_any(file: BinaryIO, password: str | None) -> pikepdf.Pdf:
    """Open ``file`` with a password in any of the forms it may have been used in, or without one.

    Raises:
        PasswordRequired: Encrypted, and no password was given, or (WrongPassword) not the right one.
        DamagedDocument: qpdf cannot read the structure of the file.
    """
    forms = (b"",) if password is None else (*password_forms(password), b"")
    refusal: pikepdf.PasswordError | None = None
    for form in forms:
        try:
            return open_pike(file, form)
        except pikepdf.PasswordError as error:
            refusal = error
        except PIKE_ERRORS as error:
            raise _refused(error, file) from error
    raise password_problem(password) from refusal


def _refused(error: BaseException, file: BinaryIO) -> DamagedDocument:
    return DamagedDocument(
        f"The PDF cannot be cut: qpdf refuses the structure of the file ({trouble(error, file)}). Print it to a new "
        "PDF and cut that."
    )


def _reject_active(pdf: pikepdf.Pdf) -> None:
    """Refuse a document with active content, and one that cannot be looked through."""
    cuts = Cuts()
    outline = outline_nodes(pdf, cuts)
    found = find_active_content(pdf, outline, list(form_fields(pdf, cuts)), cuts)
    kinds = set(found.kinds)
    form = pdf.Root.get(Name.AcroForm)
    if isinstance(form, Dictionary) and Name.XFA in form:
        kinds.add("xfa")
    if kinds or cuts.short or cuts.damaged:
        what = ", ".join(sorted(kinds)) or "parts that could not be looked through"
        raise ActiveContentRejected(
            f"The PDF has active content ({what}), and such documents are to be rejected. Cut it with active content "
            "stripped, or print it to a new PDF first."
        )
