"""Qualified names of WordprocessingML and its neighbours, and the Strict spelling of them."""

from __future__ import annotations

import re

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
A = "http://schemas.openxmlformats.org/drawingml/2006/main"
C = "http://schemas.openxmlformats.org/drawingml/2006/chart"
DGM = "http://schemas.openxmlformats.org/drawingml/2006/diagram"
WP = "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"
M = "http://schemas.openxmlformats.org/officeDocument/2006/math"
MC = "http://schemas.openxmlformats.org/markup-compatibility/2006"
V = "urn:schemas-microsoft-com:vml"
O = "urn:schemas-microsoft-com:office:office"  # noqa: E741 - the prefix Office itself uses
PIC = "http://schemas.openxmlformats.org/drawingml/2006/picture"
WNE = "http://schemas.microsoft.com/office/word/2006/wordml"
CX = "http://schemas.microsoft.com/office/drawing/2014/chartex"
ASVG = "http://schemas.microsoft.com/office/drawing/2016/SVG/main"
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"

# Last segments of relationship types; Strict and Transitional differ in what stands before them only.
OFFICE_DOCUMENT = "officeDocument"
CORE_PROPERTIES = "core-properties"


def w(name: str) -> str:
    """Return the qualified name of a WordprocessingML element or attribute."""
    return f"{{{W}}}{name}"


def m(name: str) -> str:
    """Return the qualified name of an Office Math element or attribute."""
    return f"{{{M}}}{name}"


def a(name: str) -> str:
    """Return the qualified name of a DrawingML element."""
    return f"{{{A}}}{name}"


W_BODY, W_P, W_R, W_T, W_TBL, W_TR, W_TC = (w(name) for name in ("body", "p", "r", "t", "tbl", "tr", "tc"))
W_PPR, W_RPR, W_SDT, W_SDT_CONTENT, W_SDT_PR = (w(name) for name in ("pPr", "rPr", "sdt", "sdtContent", "sdtPr"))
W_SECT_PR, W_SECT_CHANGE, W_CUSTOM_XML = w("sectPr"), w("sectPrChange"), w("customXml")
W_INS, W_DEL, W_MOVE_FROM, W_MOVE_TO = (w(name) for name in ("ins", "del", "moveFrom", "moveTo"))
W_TXBX_CONTENT, W_ALT_CHUNK = w("txbxContent"), w("altChunk")
W_VAL, W_ID, W_TYPE, W_AUTHOR, W_INSTR = w("val"), w("id"), w("type"), w("author"), w("instr")
M_MATH, M_MATH_PARA, M_T, M_R = m("oMath"), m("oMathPara"), m("t"), m("r")
A_T, A_P, A_BLIP = a("t"), a("p"), a("blip")
MC_ALTERNATE, MC_CHOICE, MC_FALLBACK = (f"{{{MC}}}{name}" for name in ("AlternateContent", "Choice", "Fallback"))
R_ID, R_EMBED, R_LINK, R_DM = (f"{{{R}}}{name}" for name in ("id", "embed", "link", "dm"))

_OFF = frozenset({"0", "false", "off", "none"})

# ISO/IEC 29500 Strict keeps the local names and moves the namespaces: purl.oclc.org/ooxml/<family>/<rest> is
# schemas.openxmlformats.org/<family>/2006/<rest>. Only attribute values (xmlns, Type) are touched, never text.
_STRICT = re.compile(rb"""(=\s*["'])http://purl\.oclc\.org/ooxml/(\w+)/""")
STRICT_MARK = b"http://purl.oclc.org/ooxml/"


def is_on(value: str | None) -> bool:
    """Read an on/off attribute: absent means on, as ``<w:b/>`` is bold."""
    return value is None or value.lower() not in _OFF


def number(value: str | None, default: int = 0) -> int:
    """Read an integer attribute; anything else (absent, text, over 18 digits) is ``default``."""
    if value is None or len(value) > 18:
        return default
    try:
        return int(value)
    except ValueError:
        return default


def transitional(data: bytes) -> bytes:
    """Return XML with Strict namespaces and relationship types spelled the Transitional way."""
    if STRICT_MARK not in data:
        return data
    return _STRICT.sub(rb"\1http://schemas.openxmlformats.org/\2/2006/", data)
