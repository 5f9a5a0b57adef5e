"""Plain text, Markdown, CSV and HTML as blocks of text."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from extractors.errors import UnsupportedFormat
from extractors.facts import Finding
from extractors.text.blocks import BlockWriter, LineReader
from extractors.text.encodings import read_sample, sniff_encoding
from extractors.text.hypertext import read_html
from extractors.text.markdown import read_markdown
from extractors.text.paragraphs import read_paragraphs
from extractors.text.tabular import read_table

if TYPE_CHECKING:
    from extractors.base import ReadOptions, UnitSink
    from extractors.facts import DocumentFacts

_READERS = {
    "text/plain": read_paragraphs,
    "text/markdown": read_markdown,
    "text/csv": read_table,
    "text/html": read_html,
}


class PlainExtractor:
    """Reads text files in one pass and in bounded memory, whatever their size.

    The text of plain text, Markdown and CSV blocks is the source itself, so that its tokens are those of the file;
    of HTML it is what a reader sees.
    """

    def read(self, file: BinaryIO, options: ReadOptions, sink: UnitSink) -> DocumentFacts:
        """Read blocks in order: paragraphs, headings, lists, code, tables (of CSV, 50 rows at a time).

        Raises:
            UnsupportedFormat: The bytes are no text.
            NoPages: There is no text in it.
            SafetyLimitExceeded: More blocks than ``options.limits.max_blocks``.
        """
        encoding = sniff_encoding(read_sample(file))
        if encoding is None:
            raise UnsupportedFormat(
                "The bytes are no text in any known encoding. Save the file as UTF-8 and try again."
            )
        lines = LineReader(file, encoding)
        writer = BlockWriter(options, sink, encoding)
        findings = _READERS[options.media_type](lines, writer)
        if lines.replaced:
            findings = (*findings, _replaced(lines.replaced, encoding.label))
        return writer.finish(findings)


def _replaced(count: int, label: str) -> Finding:
    what = "1 character" if count == 1 else f"{count:,} characters"
    return Finding(
        severity="warning",
        code="characters-lost",
        message=(
            f"{what} could not be read as {label} and became U+FFFD, here or in the program that wrote the file. "
            "Save it anew as UTF-8 from its source if they matter."
        ),
    )
