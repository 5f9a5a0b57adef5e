"""Fingerprints of pages: equal for a page and the same page in a piece, different once anything to be seen differs.

A fingerprint covers what a page shows: its boxes, rotation and unit, its content decoded, the resources that content
can use followed to the end (fonts, images, forms, patterns, colour spaces, layers), and the look of its annotations and
form fields. It does not depend on object numbers, compression, object streams, resources that are never used, or what
is beside the page: where links lead, labels, outline, structure tags, private data of editors.

Objects are hashed from the leaves up, each once for the document (a Merkle tree): the cost is linear, whatever pages
share.
"""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import TYPE_CHECKING, BinaryIO

from pikepdf import Array, Dictionary, Name

from extractors.errors import DamagedDocument, SafetyLimitExceeded
from extractors.pdf.canonical import Canonical, text_of
from extractors.pdf.cutting.opening import open_any
from extractors.pdf.limits import PIKE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pikepdf
    from pikepdf import Object

_VERSION = b"page/1"
_BOXES = ("/CropBox", "/BleedBox", "/TrimBox", "/ArtBox")
_SHOWN = (
    "/Subtype", "/Rect", "/F", "/AP", "/AS", "/Border", "/BS", "/BE", "/C", "/IC", "/CA", "/ca", "/BM", "/QuadPoints",
    "/InkList", "/L", "/LE", "/LL", "/LLE", "/LLO", "/Vertices", "/Path", "/CL", "/RD", "/Sy", "/Name", "/MK", "/DA",
    "/DS", "/RC", "/Q", "/IT", "/OC", "/H", "/Cap", "/CO", "/CP", "/Lang", "/Open", "/StateModel", "/State", "/Overlay",
)  # fmt: skip
"""What decides how an annotation looks (ISO 32000-2, tables 166 to 192)."""
_FIELD = ("/FT", "/Ff", "/V", "/DA", "/Q", "/MaxLen", "/Opt", "/TI", "/I")
"""What decides how a field looks; fields inherit it."""
_ANCESTORS = 50


def page_fingerprints(
    file: BinaryIO, *, password: str | None = None, numbers: Iterable[int] | None = None
) -> Iterator[tuple[int, str]]:
    """Yield number and fingerprint of pages.

    Args:
        file: Seekable binary file, mapped while the iterator lives.
        password: User or owner password; None when none was given.
        numbers: Pages wanted, from 1; None for all of them in order.

    Raises:
        PasswordRequired: Encrypted, and no password was given, or (WrongPassword) not the right one.
        DamagedDocument: qpdf cannot read the file, or a page of it (``unit`` says which).
    """
    with open_any(file, password) as pdf:
        prints = Fingerprints(pdf)
        for number in range(1, len(prints) + 1) if numbers is None else numbers:
            yield number, prints.page(number)


class Fingerprints:
    """Fingerprints of the pages of one open document.

    Args:
        pdf: The document; it is not changed.
    """

    def __init__(self, pdf: pikepdf.Pdf) -> None:
        self._pages = [page.obj for page in pdf.pages]
        self._canonical = Canonical(pdf, self._pages)

    def __len__(self) -> int:
        return len(self._pages)

    def page(self, number: int) -> str:
        """Return the fingerprint of a page: SHA-256 as 64 lower-case hex digits.

        Args:
            number: From 1.

        Raises:
            DamagedDocument: There is no such page, or it cannot be read.
            SafetyLimitExceeded: What it draws is drawn by itself in too many ways.
        """
        if not 1 <= number <= len(self._pages):
            raise DamagedDocument(
                f"There is no page {number}: the PDF has {len(self._pages)}. Check the page numbers.", unit=number
            )
        page = self._pages[number - 1]
        try:
            digest = hashlib.sha256(_VERSION)
            digest.update(self._geometry(page))
            digest.update(self._canonical.page(page))
            for part in self._annotations(page):
                digest.update(part)
        except SafetyLimitExceeded as error:
            error.unit = number
            raise
        except PIKE_ERRORS as error:
            raise DamagedDocument(
                f"Page {number} is too damaged to be compared. Print the document to a new PDF and use that.",
                unit=number,
            ) from error
        return digest.hexdigest()

    def _geometry(self, page: Object) -> bytes:
        """Boxes as they come into force, rotation as 0 to 3 quarter turns, unit."""
        media = _box(page.get(Name.MediaBox))
        crop = _box(page.get(Name.CropBox)) or media
        boxes = [media, crop, *(_box(page.get(key)) or crop for key in _BOXES[1:])]
        turn = page.get(Name.Rotate)
        unit = page.get(Name.UserUnit, 1)
        quarter = turn // 90 % 4 if isinstance(turn, int) else 0
        return repr((boxes, quarter, text_of(unit))).encode()

    def _annotations(self, page: Object) -> Iterator[bytes]:
        annotations = page.get(Name.Annots)
        for annotation in annotations if isinstance(annotations, Array) else ():
            if not isinstance(annotation, Dictionary):
                continue
            digest = hashlib.sha256(b"annotation")
            for key in _SHOWN:
                if key in annotation:
                    digest.update(key.encode() + self._canonical.value(annotation.get(key)))
            digest.update(self._canonical.borrowed(page, annotation))
            if annotation.get(Name.Subtype) != Name.Link and Name.Contents in annotation:
                digest.update(b"/Contents" + self._canonical.value(annotation.get(Name.Contents)))
            if annotation.get(Name.Subtype) == Name.Widget:
                self._field(annotation, digest)
            yield digest.digest()

    def _field(self, widget: Dictionary, digest: hashlib._Hash) -> None:
        """Add what a widget has of its field. The value of a signature is none of the page's looks."""
        missing = set(_FIELD)
        node: object = widget
        for _ in range(_ANCESTORS):
            if not isinstance(node, Dictionary) or not missing:
                break
            for key in sorted(missing.intersection(node.keys())):
                missing.discard(key)
                value = node.get(key)
                if not isinstance(value, Dictionary):
                    digest.update(key.encode() + self._canonical.value(value))
            node = node.get(Name.Parent)


def _box(box: object) -> tuple[float, ...]:
    """Return a rectangle with its corners in order; empty when it is none."""
    if not isinstance(box, Array) or len(box) != 4:
        return ()
    sides: list[float] = []
    for index in range(4):
        side: object = box[index]
        if not isinstance(side, int | Decimal):
            return ()
        sides.append(float(side))
    left, bottom, right, top = sides
    return (min(left, right), min(bottom, top), max(left, right), max(bottom, top))
