"""Content streams without interpreting them: their bytes, and the names they may mean.

What has content of its own and resources for it is called a holder here: a page, a form XObject, a tiling pattern, a
soft mask's group, the appearance of an annotation, and a Type 3 font, whose glyphs are its content.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pikepdf import Array, Dictionary, Name, Object, Stream

from extractors.pdf.keys import value_at
from extractors.pdf.limits import PIKE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMED_RESOURCES = ("/ColorSpace", "/ExtGState", "/Font", "/Pattern", "/Properties", "/Shading", "/XObject")
"""Kinds of resources that content asks for by name (ISO 32000-2, table 34)."""
_DRAWING = ("/ExtGState", "/Font", "/Pattern", "/XObject")
"""Those among them that may be, or lead to, holders."""

_NAME = re.compile(rb"/([^\x00\t\n\x0c\r ()<>\[\]{}/%]*)")
_HEX = re.compile(rb"#([0-9A-Fa-f]{2})")
_IMPLIED = frozenset({"/DefaultGray", "/DefaultRGB", "/DefaultCMYK"})
"""Colour spaces that stand in for the device's own without being named (ISO 32000-2, 8.6.5.6)."""


def page_content(page: Object) -> bytes:
    """Return the decoded content of a page, its streams separated by newlines as readers do.

    Raises:
        pikepdf.PdfError: A stream cannot be decoded, or is over a limit.
    """
    contents = page.get(Name.Contents)
    if isinstance(contents, Stream):
        return contents.read_bytes()
    if isinstance(contents, Array):
        return b"\n".join(part.read_bytes() for part in contents if isinstance(part, Stream))
    return b""


def names_in(content: bytes) -> set[str]:
    """Return all names a content stream may mean, as pikepdf spells the keys of dictionaries.

    Some may be none: what looks like a name inside of a string or an inline image counts as well, so that nothing that
    is needed is ever missed.
    """
    raw = set(_NAME.findall(content))
    raw.update([_HEX.sub(lambda code: bytes((int(code[1], 16),)), name) for name in raw if b"#" in name])
    return {f"/{name.decode('utf-8', 'surrogateescape')}" for name in raw} | _IMPLIED


def holder_names(holder: Object) -> set[str] | None:
    """Return all names the content of a holder may mean; None when some of it cannot be decoded."""
    try:
        if isinstance(holder, Stream):
            return names_in(holder.read_bytes())
        procedures = holder.get(Name.CharProcs)
        if isinstance(procedures, Dictionary):
            glyphs = [glyph.read_bytes() for glyph in procedures.values() if isinstance(glyph, Stream)]
            return names_in(b"\n".join(glyphs))
        return names_in(page_content(holder))
    except PIKE_ERRORS:
        return None


def used_by(holder: Object, resources: Dictionary) -> tuple[set[str] | None, list[Object]]:
    """Return all names by which ``resources`` may be asked for, and what with resources of its own that draws.

    Beside the holder itself those ask that it draws and that have no resources of their own, as early versions of PDF
    allowed (ISO 32000-2, 8.10.1).

    Returns:
        The names, None when they cannot be told, and holders among the resources with these names.
    """
    names = holder_names(holder)
    drawn: list[Object] = []
    fresh = names
    while names is not None and fresh:
        borrowed: set[str] = set()
        for one in _holders(resources, fresh):
            if Name.Resources in one:
                drawn.append(one)
                continue
            more = holder_names(one)
            if more is None:
                names = None
                break
            borrowed |= more
        if names is not None:
            fresh = borrowed - names
            names |= borrowed
    return names, drawn if names is not None else [one for one in _holders(resources, None) if Name.Resources in one]


def kinds_in(resources: Dictionary, kinds: tuple[str, ...]) -> list[str]:
    """Return those of ``kinds`` that there are resources of, in this order."""
    present = resources.keys()
    return [kind for kind in kinds if kind in present]


def keys_among(entries: Dictionary, names: set[str] | None) -> list[str]:
    """Return the keys of a dictionary that are among ``names`` (None: all), ascending.

    Pages may share a dictionary of ten thousand entries; its keys are then not read again for each page.
    """
    if names is not None and len(entries) > len(names):
        return sorted(name for name in names if name in entries)
    return sorted(entries.keys() if names is None else entries.keys() & names)


def _holders(resources: Dictionary, names: set[str] | None) -> Iterator[Object]:
    """Yield the holders among the resources with these names (None: with any), by ascending name."""
    for kind in kinds_in(resources, _DRAWING):
        entries = resources.get(kind)
        if isinstance(entries, Dictionary):
            for key in keys_among(entries, names):
                holder = _holder_in(kind, value_at(entries, key))
                if holder is not None:
                    yield holder


def _holder_in(kind: str, value: object) -> Object | None:
    """Return the holder that one entry of a holder's resources is or leads to, if any."""
    if kind == "/Font":
        return value if isinstance(value, Dictionary) and value.get(Name.Subtype) == Name.Type3 else None
    if kind == "/ExtGState":
        mask = value.get(Name.SMask) if isinstance(value, Dictionary) and "/SMask" in value else None
        group = mask.get(Name.G) if isinstance(mask, Dictionary) else None
        return group if isinstance(group, Stream) else None
    if isinstance(value, Stream) and (kind == "/Pattern" or value.get(Name.Subtype) == Name.Form):
        return value
    return None
