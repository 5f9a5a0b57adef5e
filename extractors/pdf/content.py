"""Content streams without interpreting them: their bytes, and the names they may mean.

What has content of its own and resources for it is called a holder here: a page, a form XObject, a tiling pattern, a
soft mask's group, the appearance of an annotation, and a Type 3 font, whose glyphs are its content.
"""

from __future__ import annotations

import re

from pikepdf import Array, Dictionary, Name, Object, Stream

from extractors.pdf.limits import PIKE_ERRORS

NAMED_RESOURCES = ("/ColorSpace", "/ExtGState", "/Font", "/Pattern", "/Properties", "/Shading", "/XObject")
"""Kinds of resources that content asks for by name (ISO 32000-2, table 34)."""
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
