"""The byte forms in which a password may have been used to encrypt a PDF.

Up to AES-128 (security handler revision 4) a password is PDFDocEncoding, in practice also Latin-1 or UTF-8; AES-256
(revisions 5 and 6) takes SASLprep (RFC 4013) and then UTF-8 (ISO 32000-2, 7.6.4.3.3), but programs exist that skip
SASLprep. Trying the few distinct forms is cheaper than guessing which program wrote the file.
"""

from __future__ import annotations

import stringprep
import unicodedata

import pikepdf.codec  # noqa: F401  registers the "pdfdoc" encoding used below

_PAD_BYTES = 127
"""AES-256 uses at most 127 bytes of a password (ISO 32000-2, 7.6.4.3.3); older revisions 32, cut by the parsers."""


def sasl_prepared(password: str) -> str:
    """Return ``password`` mapped and normalized as RFC 4013 §2.1 and §2.2 say.

    Prohibited characters are left in: a password that is refused here could never open the file, which the parser
    finds out by itself.
    """
    mapped = (" " if stringprep.in_table_c12(char) else char for char in password if not stringprep.in_table_b1(char))
    return unicodedata.normalize("NFKC", "".join(mapped))


def password_forms(password: str) -> tuple[bytes, ...]:
    """Return the distinct byte forms of ``password`` in the order to try them, without NUL bytes.

    A NUL would end the password early in PDFium's C interface and so open a file with a wrong one.
    """
    forms: dict[bytes, None] = {}
    for text in (password, unicodedata.normalize("NFC", password), sasl_prepared(password)):
        if "\0" in text:
            continue
        for encoding in ("utf-8", "pdfdoc", "latin-1", "cp1252"):
            try:
                forms[text.encode(encoding)[:_PAD_BYTES]] = None
            except UnicodeEncodeError:
                continue
    return tuple(forms)
