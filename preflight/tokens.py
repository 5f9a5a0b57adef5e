"""Counting tokens: exact for OpenAI's encodings, an interval for everybody else.

A worker measures the text of a unit once (:func:`measure_all`); a :class:`TokenCounter` then turns the measure into
tokens of one tokenizer family, without the text. Exact counts (:mod:`preflight.vocabulary`) agree with tiktoken on 468
of 468 tricky texts (shared/facts/targets.md, section C). For Claude and Gemini no vocabulary may be carried, so a
family is a table of ratios to o200k by script, never one multiplier (:mod:`preflight.ratios`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Protocol

from preflight.model import Range, UnitMeasure
from preflight.ratios import FAMILIES, Family, ratio
from preflight.scripts import histogram
from preflight.vocabulary import NAMES, counter

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from preflight.vocabulary import Encoding

# The four most frequent English words that other languages in Latin script do not use as words of their own.
_FUNCTION_WORDS = (" the ", " of ", " and ", " to ")
NOTHING = Range(low=0, likely=0, high=0)


def measure_all(
    texts: Iterable[tuple[int, str]], encodings: Sequence[Encoding] = ("o200k",)
) -> tuple[UnitMeasure, ...]:
    """Measure the texts of several units in one batch (a single call costs as much as twenty pages).

    Args:
        texts: Unit numbers and their texts.
        encodings: Encodings to count; the others are 0 in the result. Ratios need ``o200k``.

    Returns:
        One measure a text, in order.
    """
    numbered = [(number, *_encoded(text)) for number, text in texts]
    plain = [text for _, text, _ in numbered]
    counts = {name: counter(name).count(plain) if name in encodings else [0] * len(plain) for name in NAMES}
    return tuple(
        UnitMeasure(
            number=number,
            chars=len(text),
            utf8_bytes=len(utf8),
            words=len(text.split()),
            o200k=counts["o200k"][index],
            cl100k=counts["cl100k"][index],
            scripts=histogram(text, utf8),
            function_words=sum(map(text.count, _FUNCTION_WORDS)),
        )
        for index, (number, text, utf8) in enumerate(numbered)
    )


def measure(number: int, text: str, encodings: Sequence[Encoding] = ("o200k",)) -> UnitMeasure:
    """Measure the text of one unit; :func:`measure_all` is much cheaper for many."""
    return measure_all([(number, text)], encodings)[0]


def _encoded(text: str) -> tuple[str, bytes]:
    """Return the text and its UTF-8; lone surrogates become U+FFFD (extractors already see to that)."""
    try:
        return text, text.encode()
    except UnicodeEncodeError:
        safe = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        return safe, safe.encode()


class TokenCounter(Protocol):
    """Turns a measure into tokens of one family."""

    @property
    def name(self) -> str:
        """Key in :data:`TOKENIZERS`."""
        ...

    @property
    def encodings(self) -> tuple[Encoding, ...]:
        """Encodings a measure must hold for it."""
        ...

    @property
    def basis(self) -> str:
        """Where its figures come from, for ``--explain``."""
        ...

    def count(self, unit: UnitMeasure) -> Range:
        """Tokens of one measured text."""
        ...

    def scaled(self, o200k: Range, like: UnitMeasure | None) -> Range:
        """Tokens of a text known only by an interval of o200k tokens, written like the measured text (if any)."""
        ...


@dataclass(frozen=True, slots=True)
class ExactCounter:
    """Counts with the vocabulary itself.

    Attributes:
        name: The encoding.
    """

    name: Encoding

    @property
    def encodings(self) -> tuple[Encoding, ...]:
        """The encoding itself, and o200k, from which unread text is guessed."""
        return ("o200k",) if self.name == "o200k" else ("o200k", self.name)

    @property
    def basis(self) -> str:
        """Where its figures come from."""
        return f"{self.name} counted exactly, as tiktoken does"

    def count(self, unit: UnitMeasure) -> Range:
        """Return the count; from a measure that lacks it, the interval from o200k."""
        tokens = unit.o200k if self.name == "o200k" else unit.cl100k
        if not tokens and unit.o200k:
            return FROM_O200K.count(unit)
        return Range(low=tokens, likely=tokens, high=tokens)

    def scaled(self, o200k: Range, like: UnitMeasure | None) -> Range:
        """Return the interval itself, or scaled like any other family."""
        return o200k if self.name == "o200k" else FROM_O200K.scaled(o200k, like)


@dataclass(frozen=True, slots=True)
class RatioCounter:
    """Estimates from o200k by the script of the text.

    Attributes:
        name: The family.
        family: Its table of ratios.
    """

    name: str
    family: Family

    @property
    def encodings(self) -> tuple[Encoding, ...]:
        """All ratios are to o200k."""
        return ("o200k",)

    @property
    def basis(self) -> str:
        """Where its figures come from."""
        return f"{self.name}: o200k count times a ratio by script ({self.family.source})"

    def count(self, unit: UnitMeasure) -> Range:
        """Return the interval; its high end covers 95 % of the texts the ratios were measured on."""
        base = unit.o200k
        if not base:
            return NOTHING
        low, likely, high = ratio(self.family, unit)
        most = -(-base * high // 1000)
        if self.family.bytes_per_mille:
            most = min(most, -(-unit.utf8_bytes * self.family.bytes_per_mille // 1000))
        middle = min(most, (base * likely + 500) // 1000)
        return Range(low=min(middle, base * low // 1000), likely=middle, high=most)

    def scaled(self, o200k: Range, like: UnitMeasure | None) -> Range:
        """Return the interval widened by the ratio's own."""
        low, likely, high = ratio(self.family, like) if like else self.family.anything
        return Range(
            low=o200k.low * low // 1000,
            likely=(o200k.likely * likely + 500) // 1000,
            high=-(-o200k.high * high // 1000),
        )


FROM_O200K = RatioCounter("cl100k from o200k", FAMILIES["cl100k"])
TOKENIZERS: dict[str, TokenCounter] = {
    "o200k": ExactCounter("o200k"),
    "cl100k": ExactCounter("cl100k"),
    "claude-4.7plus": RatioCounter("claude-4.7plus", FAMILIES["claude-4.7plus"]),
    "claude-pre-4.7": RatioCounter("claude-pre-4.7", FAMILIES["claude-pre-4.7"]),
    "gemini": RatioCounter("gemini", FAMILIES["gemini"]),
    "unknown": RatioCounter("unknown", FAMILIES["unknown"]),
}


@cache
def encodings_for(tokenizer: str | None) -> tuple[Encoding, ...]:
    """Return the encodings a worker must count for a family; o200k when there is none to ask for."""
    return TOKENIZERS[tokenizer].encodings if tokenizer else ("o200k",)
