"""Plain text, Markdown, CSV and HTML as blocks of text."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from extractors.text.reading import block_prints, read_blocks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from extractors.base import Change, CutOptions, Cutter, ReadOptions, UnitSink
    from extractors.facts import DocumentFacts


class PlainExtractor:
    """Reads text files in one pass and in bounded memory, whatever their size.

    The text of plain text, Markdown and CSV blocks is the source itself, so that its tokens are those of the file;
    of HTML it is what a reader sees.

    Attributes:
        media_type: What its pieces are. Joining has to know; reading goes by what it is told.
    """

    media_type = "text/plain"

    def read(self, file: BinaryIO, options: ReadOptions, sink: UnitSink) -> DocumentFacts:
        """Read blocks in order: paragraphs, headings, lists, code, tables (of CSV, 50 rows at a time).

        Raises:
            UnsupportedFormat: The bytes are no text.
            NoPages: There is no text in it.
            SafetyLimitExceeded: More blocks than ``options.limits.max_blocks``.
        """
        return read_blocks(file, options, sink)

    def cutter(self, file: BinaryIO, options: CutOptions) -> AbstractContextManager[Cutter]:
        """Open a text for cutting; see :func:`extractors.text.cutting.text_cutter`."""
        from extractors.text.cutting import text_cutter

        return text_cutter(file, options)

    def fingerprints(self, file: BinaryIO, options: ReadOptions) -> Iterator[tuple[int, str]]:
        """Yield each block's number and the SHA-256 of its text as :meth:`read` gives it, with the names of columns.

        Raises:
            ExtractionError: As :meth:`read`.
        """
        yield from block_prints(file, options)

    def join(self, pieces: Sequence[BinaryIO], out: BinaryIO, changes: Sequence[Sequence[Change]] = ()) -> None:
        """Put pieces of a text together again; see :func:`extractors.text.joining.join_text`."""
        from extractors.text.joining import join_text

        join_text(self.media_type, pieces, out, changes)


class MarkdownExtractor(PlainExtractor):
    """Reads Markdown."""

    media_type = "text/markdown"


class CsvExtractor(PlainExtractor):
    """Reads CSV."""

    media_type = "text/csv"


class HtmlExtractor(PlainExtractor):
    """Reads HTML."""

    media_type = "text/html"
