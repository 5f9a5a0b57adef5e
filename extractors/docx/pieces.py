"""Lines of text in two forms."""

from __future__ import annotations

from typing import NamedTuple


class Piece(NamedTuple):
    """A line or a few, as plain text and as Markdown."""

    plain: str
    markdown: str


NOTHING = Piece("", "")


def join(pieces: list[Piece]) -> Piece:
    """Join lines: one newline in plain text, a blank line between Markdown blocks but not inside lists."""
    kept = [piece for piece in pieces if piece.plain]
    markdown: list[str] = []
    item = False
    for piece in kept:
        was_item, item = item, _is_item(piece.markdown)
        if markdown:
            markdown.append("\n" if was_item and item else "\n\n")
        markdown.append(piece.markdown)
    return Piece("\n".join([piece.plain for piece in kept]), "".join(markdown))


def _is_item(line: str) -> bool:
    text = line.lstrip()
    return text[:2] == "- " or (text[:1].isalnum() and text.split(" ", 1)[0][-1:] in {".", ")"})
