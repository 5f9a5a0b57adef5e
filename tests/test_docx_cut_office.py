"""LibreOffice opens every piece, and reads in all of them together what it reads in the source."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

import docx_samples as samples
import pytest
from corpus_share import share_of
from docx_pieces import converted, joined, pieces_of, soffice, unit_texts

pytestmark = pytest.mark.skipif(
    soffice() is None, reason="NO LIBREOFFICE: install libreoffice-writer, without it nobody has opened the pieces"
)


# Headings that skip a level: Word counts the level left out as none ("2.0.1"), LibreOffice as one ("2.1.1"), which then
# moves the next number of that level.
SKIPS_LEVELS = {"docling__unit_test_headers_numbered"}


def lines(text: bytes) -> list[str]:
    return [line.rstrip() for line in text.decode("utf-8-sig").replace("\r", "").split("\n") if line.strip()]


def unnumbered(line: str) -> str:
    return re.sub(r"^\s*[\d.]+ ", "", line)


def test_corpus_pieces_read_as_the_source(corpus: Path, labels: list[dict[str, Any]], tmp_path: Path) -> None:
    chance = random.Random(11)
    documents: dict[str, bytes] = {}
    pieces_by_name: dict[str, list[str]] = {}
    wholes: dict[str, str] = {}
    blank: set[str] = set()
    for label in share_of(labels):
        name = Path(label["path"]).stem
        if not label["path"].startswith("docx/") or label["expected"] != "ok" or label["bytes"] > 500_000:
            continue
        data = documents[f"{name}.docx"] = (corpus / label["path"]).read_bytes()
        count = len(unit_texts(data))
        ends = sorted(chance.sample(range(1, count), min(count - 1, 2)))
        pieces = pieces_of(data, *ends)
        for at, piece in enumerate([*pieces, joined(pieces)]):
            documents[f"{name}-{at}.docx"] = piece
        pieces_by_name[name] = [f"{name}-{at}.docx" for at in range(len(pieces))]
        blank.update(f"{name}-{at}.docx" for at, piece in enumerate(pieces) if not any(unit_texts(piece)))
        wholes[name] = f"{name}-{len(pieces)}.docx"
    read = converted(documents, tmp_path)
    assert sorted(read) == sorted(documents)
    for name, pieces_read in pieces_by_name.items():
        source = lines(read[f"{name}.docx"])
        # Of a piece without any text LibreOffice writes the page number in the footer.
        found = [
            line
            for each in pieces_read
            for line in lines(read[each])
            if each not in blank or not line.strip().isdigit()
        ]
        if name in SKIPS_LEVELS:
            assert [unnumbered(line) for line in found] == [unnumbered(line) for line in source], name
        else:
            assert found == source, name
        assert lines(read[wholes[name]]) == source, name


@pytest.mark.parametrize("name", ["outline", "crossing", "controls", "sectioned"])
def test_documents_full_of_traps_cut_after_every_block(name: str, tmp_path: Path) -> None:
    data: bytes = getattr(samples, name)()
    pieces = pieces_of(data, *range(1, len(unit_texts(data))))
    documents = {"source.docx": data, **{f"p{at:03}.docx": piece for at, piece in enumerate(pieces)}}
    read = converted(documents, tmp_path)
    assert sorted(read) == sorted(documents)
    # A field over two paragraphs makes one line of them in LibreOffice: white space is not compared.
    source = "".join(read["source.docx"].decode("utf-8-sig").split())
    found = "".join(
        "".join(read[each].decode("utf-8-sig").split()) for each in sorted(documents) if each != "source.docx"
    )
    assert found == source


def test_what_floats_at_the_end_of_a_piece_is_not_lost(tmp_path: Path) -> None:
    data = samples.floating()
    pieces = pieces_of(data, 2, 4, 5)
    read = converted({f"p{at}.docx": piece for at, piece in enumerate(pieces)}, tmp_path)
    assert [lines(read[f"p{at}.docx"]) for at in range(4)] == [
        ["One", "left", "right"],
        ["Two", "Framed"],
        ["third", "right"],
        ["Three"],
    ]
