"""Pages that take the parser down when their content is compared, not when it is read.

The workers' fork server imports this module when a test names it in ``preload``. Of documents of more than six pages,
page 4 crashes whoever takes its fingerprint; whoever shows a page as wide as 333 points crashes, too.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pypdfium2.raw as pdfium_c

from extractors.pdf import views
from extractors.pdf.fingerprint import Fingerprints

if TYPE_CHECKING:
    from PIL import Image

_page, _drawn = Fingerprints.page, views._drawn


def page(self: Fingerprints, number: int) -> str:
    if number == 4 and len(self) > 6:
        os.abort()
    return _page(self, number)


def drawn(shown: object, size: tuple[int, int], number: int) -> Image.Image:
    if round(pdfium_c.FPDF_GetPageWidthF(shown)) == 333:
        os.abort()
    return _drawn(shown, size, number)


Fingerprints.page = page  # type: ignore[method-assign]
views._drawn = drawn
