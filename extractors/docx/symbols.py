"""What characters of symbol fonts look like: code points for Symbol, Wingdings and their kin.

Sources: the Symbol encoding of the Unicode consortium's Apple and Adobe tables (VENDORS/ADOBE/symbol.txt), and the
Wingdings rows of Unicode document L2/11-052R. Glyphs without an equivalent become U+FFFD, never a wrong letter.
"""

from __future__ import annotations

UNKNOWN = "\ufffd"
_PRIVATE = range(0xF000, 0xF100)


def _table(*rows: tuple[int, str]) -> dict[int, str]:
    """Spell out runs of consecutive codes; a blank means that a code has no equivalent."""
    return {start + at: char for start, run in rows for at, char in enumerate(run) if char != " "}


_SYMBOL = _table(
    (0x21, "!∀#∃%&∋()∗+,−./0123456789:;<=>?"),
    (0x40, "≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_"),
    (0x60, "‾αβχδεφγηιϕκλμνοπθρστυϖωξψζ{|}∼"),
    (0xA0, "€ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…⏐⎯↵"),
    (0xC0, "ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓"),
    (0xE0, "◊〈®©™∑⎛⎜⎝⎡⎢⎣⎧⎨⎩⎪ 〉∫⌠⎮⌡⎞⎟⎠⎤⎥⎦⎫⎬⎭"),
)
_WINGDINGS = _table(
    (0x21, "✏✂✁"),
    (0x28, "☎✆✉"),
    (0x36, "⌛"),
    (0x3E, "✇✍"),
    (0x41, "✌"),
    (0x45, "☜☞☝☟"),
    (0x4A, "☺😐☹ ☠"),
    (0x52, "☼ ❄"),
    (0x58, "✠✡☪☯"),
    (0x5E, "♈♉♊♋♌♍♎♏♐♑♒♓"),
    (0x6C, "●❍■□ ❑❒⬧⧫◆❖⬥☒ ⌘❀✿"),
    (0x80, "⓪①②③④⑤⑥⑦⑧⑨⑩⓿❶❷❸❹❺❻❼❽❾❿"),
    (0x9E, "·•▪○  ◉◎ ▪☐ ✦★✶✴✹✵"),
    (0xB2, "✧  ✪✰"),
    (0xD5, "⌫⌦ ➢"),
    (0xDF, "←→↑↓↖↗↙↘➔ "),
    (0xE8, "➔"),
    (0xEF, "⇦⇨⇧⇩⬄⇳"),
    (0xFB, "✗✓☒☑"),
)
_WINGDINGS_2 = _table((0x4F, "✗✓☒☑☒☒"), (0x97, "●"), (0xA2, "■☐□"), (0xAE, "◆"))
_WINGDINGS_3 = _table((0x66, "←→↑↓↖↗↙↘↔↕"), (0x70, "▲▼△▽◀▶◁▷"), (0x7D, "▶"))
_WEBDINGS = _table((0x34, "▶"), (0x61, "✔"), (0x63, "□"), (0x67, "■"), (0x6E, "●"), (0x72, "✖"))
_FONTS = {
    "symbol": _SYMBOL,
    "wingdings": _WINGDINGS,
    "wingdings 2": _WINGDINGS_2,
    "wingdings 3": _WINGDINGS_3,
    "webdings": _WEBDINGS,
}


def symbol(font: str, code: str) -> str:
    """Return the character that a ``w:sym`` element shows.

    Args:
        font: Font name as the document gives it.
        code: Code point in hexadecimal, often in the private area F000 to F0FF.
    """
    try:
        point = int(code, 16)
    except ValueError:
        return UNKNOWN
    return glyph(font, point)


def glyph(font: str, point: int) -> str:
    """Return the character that code point ``point`` of ``font`` shows."""
    table = _FONTS.get(font.lower())
    low = point & 0xFF if point in _PRIVATE else point
    if table is not None and low < 0x100:
        return table.get(low, " " if low in {0x20, 0xA0} else UNKNOWN)
    if point in _PRIVATE:
        return chr(low) if chr(low).isprintable() else UNKNOWN
    if not 0x20 <= point <= 0x10FFFF or 0xD800 <= point <= 0xDFFF:
        return UNKNOWN
    return chr(point)


def in_font(text: str, font: str) -> str:
    """Return text set in a symbol font as it looks; characters outside the private area are left alone.

    A font that is not known as a symbol font is read as Symbol, which is what Word writes for bullets.
    """
    if not any(ord(char) in _PRIVATE for char in text):
        return text
    known = font if font.lower() in _FONTS else "Symbol"
    return "".join(glyph(known, ord(char)) if ord(char) in _PRIVATE else char for char in text)
