"""Exact token counts for OpenAI's encodings, by whichever of two libraries is the cheaper one for the text at hand.

toktok-rs counts fastest and takes 0.3 s to load its vocabulary, which for a letter of one page is half of all the work.
splintr, of the extra ``[fast]``, loads in 0.04 s and needs five times as long for a text it has not seen the words of.
So splintr counts, and toktok only what is very long at once, for which splintr would make a list of all tokens; where
splintr is not installed it counts everything. Both give the counts of tiktoken for every character of Unicode 16;
tests/test_vocabulary.py compares them.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

Encoding = Literal["o200k", "cl100k"]
NAMES: dict[Encoding, str] = {"o200k": "o200k_base", "cl100k": "cl100k_base"}
LONG = 2_000_000
"""Characters in one call, a thousand pages or so, from which toktok is worth loading, for its speed and for memory."""


class Counter:
    """Counts the tokens of texts in one encoding; made once a process (:func:`counter`)."""

    def __init__(self, encoding: Encoding) -> None:
        self._name = NAMES[encoding]
        self._light = _light(self._name)

    def count(self, texts: list[str]) -> list[int]:
        """Return the tokens of each text; what looks like a special token counts as the text it is."""
        if self._light is not None and sum(map(len, texts)) < LONG:
            return self._light(texts)
        return by_toktok(texts, self._name)


@cache
def counter(encoding: Encoding) -> Counter:
    """Return this process's counter of an encoding."""
    return Counter(encoding)


def by_toktok(texts: list[str], name: str) -> list[int]:
    """Count with toktok-rs; ``name`` is one of :data:`NAMES`."""
    from toktok import batch_count

    # One thread: workers already use every core, and the count must not wait for a pool.
    counts: list[int] = batch_count(texts, name, threads=1)
    return counts


def _light(name: str) -> Callable[[list[str]], list[int]] | None:
    """Return how splintr counts; None where it is not installed."""
    try:
        from splintr import Tokenizer
    except ImportError:
        return None
    encode = Tokenizer.from_pretrained(name).encode_ordinary
    return lambda texts: [len(encode(text)) for text in texts]
