"""Numbers as a word processor writes them: the number formats of ISO/IEC 29500-1, 17.18.59.

Formats that are not known here are written as digits, which keeps the value.
"""

from __future__ import annotations

_ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
    (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip
_ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip
_LATIN = "abcdefghijklmnopqrstuvwxyz"
_RUSSIAN = "абвгдежзиклмнопрстуфхцчшщэюя"
_CHINESE = "〇一二三四五六七八九"
_CHICAGO = "*†‡§"
_MOST = 32_767  # Word counts no further


def numeral(value: int, form: str, pattern: str = "") -> str:
    """Return ``value`` in number format ``form``.

    Args:
        value: The number; negative ones and those over 32,767 are written as digits.
        form: ``w:numFmt`` value, for example ``lowerRoman``.
        pattern: For the format ``custom``: an example such as ``001, 002, 003, ...``.
    """
    if form == "none":
        return ""
    if form == "decimal" or not 0 <= value <= _MOST:
        return str(value)
    if form == "custom":
        return str(value).zfill(len(pattern.partition(",")[0].strip()))
    if form in _RINGED:
        first, last, base = _RINGED[form]
        return chr(base + value - first) if first <= value <= last else str(value)
    write = _FORMS.get(form)
    return str(value) if write is None else write(value)


def _roman(value: int) -> str:
    out = ""
    for worth, letters in _ROMAN:
        times, value = divmod(value, worth)
        out += letters * times
    return out


def _letters(value: int, alphabet: str = _LATIN) -> str:
    """Write a … z, aa … zz, aaa: Word repeats the letter."""
    if value < 1:
        return ""
    times, at = divmod(value - 1, len(alphabet))
    return alphabet[at] * (times + 1)


def _cardinal(value: int) -> str:
    if value < 20:
        return _ONES[value]
    if value < 100:
        tens, ones = divmod(value, 10)
        return _TENS[tens] + (f"-{_ONES[ones]}" if ones else "")
    unit, name = (1000, "thousand") if value >= 1000 else (100, "hundred")
    many, rest = divmod(value, unit)
    return f"{_cardinal(many)} {name}" + (f" {_cardinal(rest)}" if rest else "")


def _ordinal_word(value: int) -> str:
    text = _cardinal(value)
    cut = max(text.rfind(" "), text.rfind("-")) + 1
    last = text[cut:]
    if last in _ORDINALS:
        return text[:cut] + _ORDINALS[last]
    return text[:-1] + "ieth" if last.endswith("y") else text + "th"


def _ordinal(value: int) -> str:
    suffix = "th" if value % 100 in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(value % 10, "th")
    return f"{value}{suffix}"


def _chinese(value: int) -> str:
    """Write 一, 十, 十一, 二十, 一百零五 …: counting with places."""
    if value == 0:
        return _CHINESE[0]
    out = ""
    for worth, name in ((10_000, "万"), (1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, value = divmod(value, worth)
        if digit:
            out += (_chinese(digit) if digit > 9 else _CHINESE[digit]) + name
            if value and value < worth // 10:
                out += "零"
    return out.removeprefix("一") if out.startswith("一十") else out


_RINGED = {
    "decimalEnclosedCircle": (1, 20, 0x2460),
    "decimalEnclosedCircleChinese": (1, 20, 0x2460),
    "decimalEnclosedParen": (1, 20, 0x2474),
    "decimalEnclosedFullstop": (1, 20, 0x2488),
}
_FORMS = {
    "decimalZero": lambda value: f"{value:02d}",
    "lowerRoman": _roman,
    "upperRoman": lambda value: _roman(value).upper(),
    "lowerLetter": _letters,
    "upperLetter": lambda value: _letters(value).upper(),
    "russianLower": lambda value: _letters(value, _RUSSIAN),
    "russianUpper": lambda value: _letters(value, _RUSSIAN).upper(),
    "ordinal": _ordinal,
    "cardinalText": lambda value: _cardinal(value).capitalize(),
    "ordinalText": lambda value: _ordinal_word(value).capitalize(),
    "hex": lambda value: f"{value:X}",
    "chicago": lambda value: _CHICAGO[(value - 1) % 4] * ((value - 1) // 4 + 1) if value else "",
    "numberInDash": lambda value: f"- {value} -",
    "decimalFullWidth": lambda value: str(value).translate({48 + n: 0xFF10 + n for n in range(10)}),
    "ideographDigital": lambda value: "".join(_CHINESE[int(digit)] for digit in str(value)),
    "chineseCounting": _chinese,
    "chineseCountingThousand": _chinese,
    "japaneseCounting": _chinese,
    "taiwaneseCountingThousand": _chinese,
}
