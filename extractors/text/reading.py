"""Reading a text file of any kind, with or without taking note of where its blocks are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO

from extractors.errors import UnsupportedFormat
from extractors.facts import Finding
from extractors.text.blocks import PRINT_BYTES, BlockIndex, BlockWriter
from extractors.text.encodings import Encoding, read_sample, sniff_encoding
from extractors.text.hypertext import read_html
from extractors.text.lines import LineReader
from extractors.text.markdown import read_markdown
from extractors.text.paragraphs import read_paragraphs
from extractors.text.tabular import read_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from extractors.base import ReadOptions, UnitSink
    from extractors.facts import DocumentFacts, UnitFacts, UnitText

_READERS = {
    "text/plain": read_paragraphs,
    "text/markdown": read_markdown,
    "text/csv": read_table,
    "text/html": read_html,
}


def read_blocks(file: BinaryIO, options: ReadOptions, sink: UnitSink, index: BlockIndex | None = None) -> DocumentFacts:
    """Read a text file block by block.

    Args:
        file: Seekable.
        options: Media type and limits.
        sink: Takes each block.
        index: Takes note of where blocks begin and of their fingerprints.

    Raises:
        UnsupportedFormat: The bytes are no text.
        NoPages: There is no text in it.
        SafetyLimitExceeded: More blocks than ``options.limits.max_blocks``.
    """
    encoding = encoding_of(file)
    lines = LineReader(file, encoding)
    writer = BlockWriter(options, sink, encoding, index)
    findings = _READERS[options.media_type](lines, writer)
    if lines.replaced:
        findings = (*findings, _replaced(lines.replaced, encoding.label))
    return writer.finish(findings)


def block_prints(file: BinaryIO, options: ReadOptions) -> Iterator[tuple[int, str]]:
    """Yield each block's number and fingerprint: SHA-256 of its text as it is read, with the names of its columns.

    Raises:
        ExtractionError: As :func:`read_blocks`.
    """
    index = BlockIndex()
    read_blocks(file, replace(options, text=False), _ignore, index)
    for number in range(1, len(index) + 1):
        yield number, index.prints[(number - 1) * PRINT_BYTES : number * PRINT_BYTES].hex()


def _ignore(_unit: UnitFacts, _text: UnitText) -> None:
    """Take a block that is only counted."""


def encoding_of(file: BinaryIO) -> Encoding:
    """Return the encoding of a file; leaves it at its beginning.

    Raises:
        UnsupportedFormat: The bytes are no text.
    """
    encoding = sniff_encoding(read_sample(file))
    if encoding is None:
        raise UnsupportedFormat("The bytes are no text in any known encoding. Save the file as UTF-8 and try again.")
    return encoding


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
