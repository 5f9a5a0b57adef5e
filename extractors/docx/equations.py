"""Office Math as one line of text: ``x=(-b±√(b^2-4ac))/(2a)``.

The notation is that of Unicode's "Nearly Plain-Text Encoding of Mathematics" (UTN 28), which Word itself uses for its
linear form: ``^`` and ``_`` for scripts, ``/`` for fractions, parentheses only where needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from extractors.docx.names import M_R, M_T, W_T, M, is_on, m, w

if TYPE_CHECKING:
    from collections.abc import Callable

    from lxml.etree import _Element as Element

_VAL = f"{{{M}}}val"


def linear(element: Element) -> str:
    """Return the text of an ``m:oMath`` (or any math argument) in linear form."""
    out = ""
    scripted = False
    for child in element:
        write = _WRITERS.get(child.tag)
        if write is not None:
            text = write(child)
        elif child.tag not in _PROPERTIES and len(child):
            text = linear(child)
        else:
            continue
        # "x^k a" and not "x^ka": a script ends where the next letter begins.
        out += f" {text}" if scripted and text[:1].isalnum() else text
        scripted = child.tag in _SCRIPTED
    return out


def _run(element: Element) -> str:
    return "".join(child.text or "" for child in element if child.tag in {M_T, W_T})


def _part(element: Element, name: str) -> str:
    found = element.find(m(name))
    return "" if found is None else linear(found)


def _prop(element: Element, group: str, name: str) -> str | None:
    """Return the value of a property; None when it is not there, empty when it has no value."""
    found = element.find(f"{m(group)}/{m(name)}")
    return None if found is None else found.get(_VAL, "")


def _grouped(text: str) -> str:
    """Put parentheses around anything longer than one token."""
    text = text.strip()
    if len(text) <= 1 or text.isdecimal() or (text[0] in "([{|" and text[-1] in ")]}|" and _balanced(text)):
        return text
    return f"({text})"


def _balanced(text: str) -> bool:
    """Tell whether the first bracket closes with the last character, not before."""
    depth = 0
    for at, char in enumerate(text):
        depth += (char in "([{") - (char in ")]}")
        if depth == 0:
            return at == len(text) - 1
    return False


def _fraction(element: Element) -> str:
    top, bottom = _grouped(_part(element, "num")), _grouped(_part(element, "den"))
    if _prop(element, "fPr", "type") == "noBar":
        return f"{top}¦{bottom}"
    return f"{top}/{bottom}"


def _script(element: Element) -> str:
    text = _grouped(_part(element, "e"))
    below, above = _part(element, "sub"), _part(element, "sup")
    return text + (f"_{_grouped(below)}" if below else "") + (f"^{_grouped(above)}" if above else "")


def _prescript(element: Element) -> str:
    below, above = _part(element, "sub"), _part(element, "sup")
    return (f"_{_grouped(below)}" if below else "") + (f"^{_grouped(above)}" if above else "") + _part(element, "e")


def _nary(element: Element) -> str:
    sign = _prop(element, "naryPr", "chr")
    text = "∫" if sign is None else sign
    below, above = _part(element, "sub"), _part(element, "sup")
    text += (f"_{_grouped(below)}" if below else "") + (f"^{_grouped(above)}" if above else "")
    return f"{text} {_part(element, 'e')}"


def _radical(element: Element) -> str:
    degree = _part(element, "deg")
    body = _grouped(_part(element, "e"))
    if not degree:
        return f"√{body}"
    return f"{degree}√{body}" if degree in {"3", "4"} else f"√({degree}&{body})"


def _delimited(element: Element) -> str:
    begin, end, between = (_prop(element, "dPr", name) for name in ("begChr", "endChr", "sepChr"))
    parts = [linear(child) for child in element.iterchildren(m("e"))]
    inner = ("|" if between is None else between).join(parts)
    return f"{'(' if begin is None else begin}{inner}{')' if end is None else end}"


def _function(element: Element) -> str:
    name, body = _part(element, "fName"), _part(element, "e")
    return f"{name}{body}" if name.isalpha() and body[:1] in {"(", "[", "{", ""} else f"{name} {body}"


def _limit_below(element: Element) -> str:
    return f"{_part(element, 'e')}_{_grouped(_part(element, 'lim'))}"


def _limit_above(element: Element) -> str:
    return f"{_part(element, 'e')}^{_grouped(_part(element, 'lim'))}"


def _accent(element: Element) -> str:
    sign = _prop(element, "accPr", "chr")
    return _grouped(_part(element, "e")) + ("\u0302" if sign is None else sign)


def _bar(element: Element) -> str:
    return _grouped(_part(element, "e")) + ("\u0305" if _prop(element, "barPr", "pos") == "top" else "\u0332")


def _group_sign(element: Element) -> str:
    sign = _prop(element, "groupChrPr", "chr")
    sign = "⏟" if sign is None else sign
    body = _grouped(_part(element, "e"))
    return f"{sign}{body}" if _prop(element, "groupChrPr", "pos") == "top" else f"{body}{sign}"


def _matrix(element: Element) -> str:
    rows = element.iterchildren(m("mr"))
    return "[" + "; ".join(", ".join(linear(cell) for cell in row.iterchildren(m("e"))) for row in rows) + "]"


def _lines(element: Element) -> str:
    return "; ".join(linear(child) for child in element.iterchildren(m("e")))


def _phantom(element: Element) -> str:
    shown = _prop(element, "phantPr", "show")
    return _part(element, "e") if shown is None or is_on(shown or None) else ""


_PROPERTIES = frozenset(
    m(f"{name}Pr")
    for name in (
        "f", "sSub", "sSup", "sSubSup", "sPre", "nary", "rad", "d", "func", "limLow", "limUpp", "acc", "bar",
        "groupChr", "m", "eqArr", "phant", "box", "borderBox", "r", "ctrl", "oMathPara", "arg",
    )
) | {w("rPr"), w("instrText"), w("delInstrText")}  # fmt: skip
_SCRIPTED = frozenset(m(name) for name in ("sSub", "sSup", "sSubSup", "f", "rad"))
_WRITERS: dict[str, Callable[[Element], str]] = {
    M_R: _run,
    w("r"): _run,
    m("f"): _fraction,
    m("sSub"): _script,
    m("sSup"): _script,
    m("sSubSup"): _script,
    m("sPre"): _prescript,
    m("nary"): _nary,
    m("rad"): _radical,
    m("d"): _delimited,
    m("func"): _function,
    m("limLow"): _limit_below,
    m("limUpp"): _limit_above,
    m("acc"): _accent,
    m("bar"): _bar,
    m("groupChr"): _group_sign,
    m("m"): _matrix,
    m("eqArr"): _lines,
    m("phant"): _phantom,
}
