"""Runs of text with what matters of their looks, and how they are written as plain text and as Markdown."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

from extractors.facts import Role

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BOLD, ITALIC, STRIKE, RAISED, LOWERED, HIDDEN = 1, 2, 4, 8, 16, 32
# Where a role cannot be told (inside table cells, notes, headers) tracked changes are marked in the text itself, in the
# notation of CriticMarkup (criticmarkup.com).
_MARKS = {Role.INSERTED: ("{++", "++}"), Role.DELETED: ("{--", "--}")}
_NEEDS_BRACKETS = re.compile(r"[\s()<>]")
_NOT_IN_TARGET = re.compile(r"[<>\s]")
_BLOCK_START = re.compile(r"(#{1,6}|[>+*-])(?=\s)|(?=```|~~~|---|===)")


@dataclass(frozen=True, slots=True)
class Look:
    """What sets a span apart from plain text.

    Attributes:
        flags: :data:`BOLD`, :data:`ITALIC`, :data:`STRIKE`, :data:`RAISED`, :data:`LOWERED`, :data:`HIDDEN`, or-ed.
        change: INSERTED or DELETED for tracked changes.
        author: Who made the change.
        href: Address of a hyperlink.
        markdown: How the span is written in Markdown when that cannot be told from the rest (note references).
    """

    flags: int = 0
    change: Role | None = None
    author: str = ""
    href: str | None = None
    markdown: str | None = None


Span = tuple[str, Look | None]


def is_plain(spans: Sequence[Span]) -> bool:
    """Tell whether Markdown would add nothing to the text."""
    for _, look in spans:  # noqa: SIM110 - a generator costs more than the loop, and this runs for every paragraph
        if look is not None:
            return False
    return True


def plain(spans: Sequence[Span], *, marked: bool = False) -> str:
    """Return the text of ``spans``; with ``marked`` tracked changes are set in CriticMarkup."""
    if not marked or not has_change(spans):
        return "".join([text for text, _ in spans])
    out = []
    for change, run in groupby(spans, key=_change_of):
        text = "".join(text for text, _ in run)
        out.append(_wrap(text, *_MARKS[change]) if change else text)
    return "".join(out)


def has_change(spans: Sequence[Span]) -> bool:
    """Tell whether a tracked change is among ``spans``."""
    for _, look in spans:  # noqa: SIM110 - see is_plain
        if look is not None and look.change is not None:
            return True
    return False


def markdown(spans: Sequence[Span], *, emphasis: bool = True, marked: bool = False) -> str:
    """Return ``spans`` as Markdown.

    Args:
        spans: The spans.
        emphasis: Write bold and italic; headings go without.
        marked: Set tracked changes in CriticMarkup.
    """
    merged = _merged(spans)
    if not any(look is not None and (look.change is not None or look.href is not None) for _, look in merged):
        keep = -1 if emphasis else RAISED | LOWERED
        return "".join(
            [text if look is None else _emphasized(text, look.flags & keep, look.markdown) for text, look in merged]
        )
    out = []
    for change, run in groupby(merged, key=_change_of):
        text = "".join(_linked(href, part, emphasis=emphasis) for href, part in groupby(run, key=_href_of))
        out.append(_wrap(text, *_MARKS[change]) if change and marked else text)
    return "".join(out)


def _merged(spans: Sequence[Span]) -> list[Span]:
    """Join neighbours that look the same, so that ``**a****b**`` is never written."""
    out: list[Span] = []
    texts: list[str] = []
    last: Look | None = None
    for text, look in spans:
        if texts and ((look is not last and look != last) or (look is not None and look.markdown is not None)):
            out.append(("".join(texts), last))
            texts = []
        texts.append(text)
        last = look
    if texts:
        out.append(("".join(texts), last))
    return out


def by_change(spans: Sequence[Span]) -> list[tuple[Role | None, str, list[Span]]]:
    """Split ``spans`` where the tracked change or its author changes: (change, author, spans) in order."""
    return [
        (key[0], key[1], list(run)) for key, run in groupby(spans, key=lambda span: (_change_of(span), _author(span)))
    ]


def escape_block(text: str) -> str:
    """Escape what Markdown would take for a heading, list, quotation, rule or code fence at the start of a line."""
    return f"\\{text}" if text[:1] in {"#", ">", "+", "*", "-", "`", "~", "="} and _BLOCK_START.match(text) else text


def without_change(look: Look | None) -> Look | None:
    """Return ``look`` as if the change were accepted."""
    return look if look is None or look.change is None else replace(look, change=None, author="")


def _linked(href: str | None, spans: Iterator[Span], *, emphasis: bool) -> str:
    keep = -1 if emphasis else RAISED | LOWERED
    text = "".join(
        [text if look is None else _emphasized(text, look.flags & keep, look.markdown) for text, look in spans]
    )
    if href is None or not text.strip():
        return text
    target = f"<{_NOT_IN_TARGET.sub('', href)}>" if _NEEDS_BRACKETS.search(href) else href
    before, inner, after = _split(text)
    return f"{before}[{inner}]({target}){after}"


def _emphasized(text: str, flags: int, exact: str | None) -> str:
    if exact is not None:
        return exact
    if not flags or not text.strip():
        return text
    if flags & RAISED:
        text = _wrap(text, "<sup>", "</sup>")
    elif flags & LOWERED:
        text = _wrap(text, "<sub>", "</sub>")
    mark = "*" * (2 * bool(flags & BOLD) + bool(flags & ITALIC))
    text = _wrap(text, mark, mark)
    return _wrap(text, "~~", "~~") if flags & STRIKE else text


def _wrap(text: str, begin: str, end: str) -> str:
    """Set marks around ``text``, inside its outer white space: ``**bold** `` and never ``**bold **``."""
    before, inner, after = _split(text)
    return f"{before}{begin}{inner}{end}{after}" if inner else text


def _split(text: str) -> tuple[str, str, str]:
    inner = text.strip()
    if not inner:
        return text, "", ""
    start = text.index(inner[0])
    return text[:start], inner, text[start + len(inner) :]


def _change_of(span: Span) -> Role | None:
    return None if span[1] is None else span[1].change


def _author(span: Span) -> str:
    return "" if span[1] is None else span[1].author


def _href_of(span: Span) -> str | None:
    return None if span[1] is None else span[1].href
