"""A digest of any PDF object that does not depend on how a file happens to store it.

Equal are: the same object under another number, in an object stream or not, direct or indirect; a stream compressed,
compressed otherwise or not at all; resources with and without entries that are never used. Left out is what is not
shown: places in a structure tree, metadata, private data of editors, files.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from typing import TYPE_CHECKING

from pikepdf import Array, Dictionary, Name, Object, StreamDecodeLevel, Stream, String

from extractors.errors import SafetyLimitExceeded
from extractors.pdf.content import NAMED_RESOURCES, keys_among, names_used
from extractors.pdf.cutting.objects import ref_of
from extractors.pdf.limits import PIKE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    import pikepdf

    from extractors.pdf.cutting.objects import Ref

_IGNORED = frozenset(
    {
        "/AF", "/Length", "/Metadata", "/OPI", "/P", "/Parent", "/PieceInfo", "/Ref", "/StructParent", "/StructParents",
        "/F", "/FDecodeParms", "/FFilter", "/DL",
    }
)  # fmt: skip
_CODING = frozenset({"/Filter", "/DecodeParms"})
_PLAIN_CODES = frozenset({"/FlateDecode", "/LZWDecode", "/ASCII85Decode", "/ASCIIHexDecode"})
"""What qpdf decodes when it writes a file; it leaves the others as they are."""
_PREDICTOR = ("/Predictor", "/Colors", "/BitsPerComponent", "/Columns")
_NESTED = re.compile(rb"\d R\b|<<")
_INFLATED_BYTES = 500_000_000
_CHUNK = 1 << 20
_CYCLE_BUDGET = 100_000
"""Objects that refer back to themselves are looked at again from wherever they are reached; so often at most."""

_Step = Generator[object, bytes, bytes] if TYPE_CHECKING else None


class Canonical:
    """Digests of the objects of one document; each is worked out once.

    Args:
        pdf: The document.
        pages: Its page objects: a reference to one of them counts as nothing.
    """

    def __init__(self, pdf: pikepdf.Pdf, pages: Iterable[Object]) -> None:
        self._known: dict[Ref, bytes] = {page.objgen: _NOTHING for page in pages}
        self._layers = _layer_states(pdf.Root)
        self._cycle_budget = _CYCLE_BUDGET
