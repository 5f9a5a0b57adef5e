"""How large pictures are drawn: what decides how many pixels they need."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from extractors.docx.names import A_BLIP, PIC, R_EMBED, R_ID, WP, O, V, a, number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.etree import _Element as Element

EMU_PER_INCH = 914_400
_EMU = {"pt": 12_700.0, "in": 914_400.0, "cm": 360_000.0, "mm": 36_000.0, "pc": 152_400.0, "px": 9_525.0, "": 9_525.0}
_STYLE = re.compile(r"(?:^|;)\s*(width|height)\s*:\s*([\d.]+)\s*(pt|in|cm|mm|pc|px|)\s*(?=;|$)")
_PICTURE, _IMAGE_DATA = f"{{{PIC}}}pic", f"{{{V}}}imagedata"
_EXTENT = f"{{{PIC}}}spPr/{a('xfrm')}/{a('ext')}"
_GROUPS = ("wgp", "grpSp")
_CROPS = ("cropleft", "cropright", "croptop", "cropbottom")
_FULL = 100_000  # a:srcRect counts thousandths of a percent


@dataclass(frozen=True, slots=True)
class Drawn:
    """One use of a picture.

    Attributes:
        identity: Relationship id.
        element: The element that refers to it.
        width_emu: Width that the whole picture, cropped edges included, would be drawn at; 0 when not known.
        height_emu: Height of the same.
    """

    identity: str
    element: Element
    width_emu: float
    height_emu: float


def drawn(root: Element) -> Iterator[Drawn]:
    """Yield the uses of stored pictures below ``root``."""
    for blip in root.iter(A_BLIP):
        identity = blip.get(R_EMBED)
        if identity:
            yield Drawn(identity, blip, *_size(blip))
    for data in root.iter(_IMAGE_DATA):
        identity = data.get(R_ID) or data.get(f"{{{O}}}relid")
        if identity:
            yield Drawn(identity, data, *_vml_size(data))


def _size(blip: Element) -> tuple[float, float]:
    picture = next(blip.iterancestors(_PICTURE), None)
    if picture is None:
        return 0.0, 0.0  # a fill or a bullet: it may be repeated or stretched
    extent = picture.find(_EXTENT)
    if extent is None:
        place = next(blip.iterancestors(f"{{{WP}}}inline", f"{{{WP}}}anchor"), None)
        extent = None if place is None else place.find(f"{{{WP}}}extent")
    if extent is None:
        return 0.0, 0.0
    across, down = _group_scale(picture)
    left, top, right, bottom = _crop(blip)
    width, height = number(extent.get("cx")) * across, number(extent.get("cy")) * down
    return width / max(1 - left - right, 0.01), height / max(1 - top - bottom, 0.01)


def _group_scale(picture: Element) -> tuple[float, float]:
    """Return how much the groups around a picture enlarge it."""
    across = down = 1.0
    for group in picture.iterancestors():
        if isinstance(group.tag, str) and group.tag.rpartition("}")[2] in _GROUPS:
            change = next((each.find(a("xfrm")) for each in group if str(each.tag).endswith("}grpSpPr")), None)
            outer = None if change is None else change.find(a("ext"))
            inner = None if change is None else change.find(a("chExt"))
            if outer is not None and inner is not None and number(inner.get("cx")) and number(inner.get("cy")):
                across *= number(outer.get("cx")) / number(inner.get("cx"))
                down *= number(outer.get("cy")) / number(inner.get("cy"))
    return across, down


def _crop(blip: Element) -> tuple[float, float, float, float]:
    """Return the shares cropped from the left, top, right and bottom."""
    fill = blip.getparent()
    crop = None if fill is None else fill.find(a("srcRect"))
    if crop is None:
        return 0.0, 0.0, 0.0, 0.0
    left, top, right, bottom = (max(number(crop.get(edge)), 0) / _FULL for edge in ("l", "t", "r", "b"))
    return left, top, right, bottom


def _vml_size(data: Element) -> tuple[float, float]:
    shape = data.getparent()
    if shape is None or any(data.get(edge) for edge in _CROPS):
        return 0.0, 0.0
    if any(str(each.tag) == f"{{{V}}}group" for each in shape.iterancestors()):
        return 0.0, 0.0  # sizes in a group are in units of the group
    sizes = {
        name: float(value) * _EMU[unit] for name, value, unit in _STYLE.findall(shape.get("style", "")) if value != "."
    }
    return sizes.get("width", 0.0), sizes.get("height", 0.0)
