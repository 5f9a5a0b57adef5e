"""A PDF of plain pages for the benchmarks: 48 lines of English words in Helvetica, about 3,200 characters a page."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

if TYPE_CHECKING:
    from pathlib import Path

WORDS = (
    *("the", "of", "and", "to", "a", "in", "for", "is", "on", "that", "by", "this", "with", "we", "be", "are", "as"),
    *("it", "from", "have", "which", "invoice", "annual", "report", "results", "margin", "quarter", "revenue", "cost"),
    *("customers", "growth", "delivery", "contract", "statement", "balance", "interest", "supplier", "appendix"),
)


def write_plain_pdf(path: Path, pages: int) -> Path:
    """Write a document of so many pages; the same each time."""
    chance = random.Random(1)  # noqa: S311 - nothing secret
    canvas = Canvas(str(path), pagesize=A4, invariant=1)
    for number in range(1, pages + 1):
        lines = canvas.beginText(60, 780)
        lines.setFont("Helvetica", 10.5)
        for _ in range(48):
            lines.textLine(" ".join(chance.choices(WORDS, k=12)))
        canvas.drawText(lines)
        canvas.drawString(280, 30, str(number))
        canvas.showPage()
    canvas.save()
    return path
