"""Media parts: pixels from their headers, stored bytes, and who shares them. No picture is decoded here."""

from __future__ import annotations

import re
import struct
import warnings
import zipfile
import zlib
from collections import Counter
from typing import TYPE_CHECKING

from extractors.errors import DamagedDocument

if TYPE_CHECKING:
    from extractors.docx.package import Package
    from extractors.docx.reading import Picture

# What a DOCX may hold and Pillow can tell the size of; no format with a decoder of doubtful reputation.
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP")
EMU_PER_INCH = 914_400
_VECTOR_DPI = 96  # pixels of a drawing without pixels (EMF, WMF, SVG): as a screen shows it
_EMBED = re.compile(rb':(?:embed|link)="([^"]{1,255})"')
_IMAGE_DATA = re.compile(rb'imagedata [^<>]{0,500}?:id="([^"]{1,255})"')
# What Pillow and zipfile raise on broken headers; UnidentifiedImageError is an OSError.
_HEADER_ERRORS = (
    OSError,
    ValueError,
    SyntaxError,
    OverflowError,
    EOFError,
    struct.error,
    zlib.error,
    zipfile.BadZipFile,
)


class Pictures:
    """The media of one package.

    Attributes:
        shared: Media parts that more than one block shows, or that headers and footers show.
    """

    def __init__(self, package: Package, document: bytes) -> None:
        self._package = package
        self._sizes: dict[str, tuple[int, int] | None] = {}
        self._formats: dict[str, str] = {}
        self.shared = self._find_shared(document)

    def pixels(self, picture: Picture) -> int:
        """Return the pixels of a picture as stored; for drawings without pixels, as a screen would show it."""
        size = None if picture.part is None else self.size(picture.part)
        if size is not None:
            return size[0] * size[1]
        width, height = (edge * _VECTOR_DPI // EMU_PER_INCH for edge in (picture.width_emu, picture.height_emu))
        return max(width, 0) * max(height, 0)

    def size(self, part: str) -> tuple[int, int] | None:
        """Return (width, height) in pixels from the header of a media part; None when it has none that we read."""
        if part not in self._sizes:
            self._sizes[part] = self._read_size(part)
        return self._sizes[part]

    def format(self, part: str) -> str:
        """Return Pillow's name of the format of a media part whose :meth:`size` is known; empty otherwise."""
        return self._formats.get(part, "")

    def _read_size(self, part: str) -> tuple[int, int] | None:
        from PIL import Image

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # sizes over Pillow's bomb limit are judged by whoever decodes
                with self._package.container.stream(part) as stream, Image.open(stream, formats=FORMATS) as image:
                    self._formats[part] = image.format or ""
                    return image.size
        except Image.DecompressionBombError:
            return None
        except (DamagedDocument, *_HEADER_ERRORS):
            return None

    def _find_shared(self, document: bytes) -> frozenset[str]:
        """Find the media that several places of the body show.

        A picture and its fallback for old readers are one place, so the two spellings are counted apart.
        """
        package = self._package
        targets = {
            relation.id.encode(): relation.target
            for relation in package.relations(package.main).values()
            if relation.kind == "image" and not relation.external
        }
        shared: set[str] = set()
        if targets:
            for pattern in (_EMBED, _IMAGE_DATA):
                uses = Counter(targets[identity] for identity in pattern.findall(document) if identity in targets)
                shared.update(part for part, count in uses.items() if count > 1)
        for kind in ("header", "footer", "footnotes", "endnotes", "comments"):
            for story in package.related(package.main, kind):
                shared.update(package.related(story, "image"))
        return frozenset(shared)
