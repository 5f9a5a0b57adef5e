"""What is said when a PDF cannot be opened, or only one of the parsers opens it."""

from __future__ import annotations

from extractors.errors import DamagedDocument, NoPages, PasswordRequired, WrongPassword
from extractors.facts import Finding


def password_problem(password: str | None) -> PasswordRequired:
    """Return the error for an encrypted document that ``password`` (None when none was given) does not open."""
    if password is None:
        return PasswordRequired(
            "The PDF is encrypted and opens only with a password. Give the password, or save a copy without protection."
        )
    return WrongPassword(
        "The password given does not open the PDF. Check its spelling, or ask whoever sent the file for the right one."
    )


def nothing_readable(*, opens: bool, declared: int) -> DamagedDocument:
    """Return the error for a document that opens or not, but shows no page.

    Args:
        opens: A parser opens it.
        declared: Pages it says it has.
    """
    if opens and not declared:
        return NoPages(
            "The PDF opens but holds no pages. Export it again; if a viewer does show pages, print them to a new PDF."
        )
    what = f"declares {declared:,} page(s) but none can be loaded" if opens else "is damaged beyond repair"
    return DamagedDocument(
        f"The PDF {what}. Download or export it again; if a viewer does show it, print it to a new PDF there."
    )


def repaired_finding() -> Finding:
    """Return the finding for a document that only qpdf could open."""
    return Finding(
        severity="warning",
        code="repaired",
        message=(
            "The file is damaged and was repaired in memory to be read. A service may refuse it as it is: print it to "
            "a new PDF and upload that."
        ),
    )


def refused_finding(reason: str) -> Finding:
    """Return the finding for a document that only PDFium could open; ``reason`` is what qpdf said."""
    return Finding(
        severity="warning",
        code="damaged",
        message=(
            f"The pages can be read, but qpdf refuses the structure of the file ({reason}). A service may refuse it, "
            "too, and it cannot be cut as it is: print it to a new PDF and upload that."
        ),
    )


def cut_short_finding() -> Finding:
    """Return the finding for a damaged document whose end is not there."""
    return Finding(
        severity="error",
        code="cut-short",
        message=(
            "The file ends before its end mark (%%EOF): it was cut short on its way, and pages may be missing "
            "altogether. Download it again, or ask for it anew."
        ),
    )
