"""Every real DOCX of the corpus: nothing missing, nothing doubled, and the structure as counted in the raw XML.

The words to be found are gathered here without any of the reader's own code: plain lxml over the parts, one branch of
each alternative, direct hidden runs emptied.
"""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from docx_maker import read
from lxml import etree

from extractors.docx.numerals import numeral
from extractors.errors import ExtractionError
from extractors.facts import Role

if TYPE_CHECKING:
    from pathlib import Path

    from extractors.facts import DocumentFacts, UnitFacts, UnitText

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
TEXT_PATH = "{urn:schemas-microsoft-com:vml}textpath"
MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
TEXT = {f"{W}t", f"{W}delText", f"{A}t"}
BREAKS = {f"{W}tab", f"{W}br", f"{W}cr", f"{W}ptab"}
PARAGRAPHS = (f"{W}p", f"{A}p")
VISIBLE = re.compile(
    r"word/(document|header\d*|footer\d*|footnotes|endnotes|comments|charts/chart\d+|diagrams/data\d+)\.xml"
)
# List numbers and note marks: what a reader sees and no run holds.
NUMBERS = {
    numeral(value, form) for value in range(400) for form in ("decimal", "lowerLetter", "upperRoman", "lowerRoman")
}
NUMBERS |= {number.upper() for number in NUMBERS} | {"o"}


@dataclass(frozen=True)
class Read:
    label: dict[str, Any]
    path: Path
    facts: DocumentFacts
    units: list[tuple[UnitFacts, UnitText]]


@pytest.fixture(scope="module")
def documents(corpus: Path, labels: list[dict[str, Any]]) -> list[Read]:
    """Every DOCX of the corpus that shall be readable, read once."""
    found = []
    for label in labels:
        if label["path"].startswith("docx/"):
            path = corpus / label["path"]
            found.append(Read(label, path, *read(path.read_bytes())))
    assert len(found) == 47
    return found


def trees(path: Path) -> list[etree._Element]:
    with zipfile.ZipFile(path) as file:
        for name in file.namelist():
            if VISIBLE.fullmatch(name):
                data = file.read(name)
                for family in (b"wordprocessingml", b"drawingml", b"officeDocument"):
                    data = data.replace(
                        b'"http://purl.oclc.org/ooxml/%b/' % family,
                        b'"http://schemas.openxmlformats.org/%b/2006/' % family,
                    )
                yield etree.fromstring(data)


def one_branch(root: etree._Element) -> None:
    for choice in list(root.iter(f"{MC}AlternateContent")):
        branches = list(choice)
        texts = ["".join(each.text or "" for each in branch.iter(*TEXT)).strip() for branch in branches]
        kept = next((branch for branch, text in zip(branches, texts, strict=True) if text), None)
        for branch in branches:
            if branch is not kept:
                choice.remove(branch)


def lines(root: etree._Element) -> list[str]:
    """The visible text of each paragraph, from its own runs only; equations are compared by their letters elsewhere."""
    found = []
    for paragraph in root.iter(*PARAGRAPHS):
        line = ""
        for each in paragraph.iter():
            if each.tag not in TEXT and each.tag not in BREAKS:
                continue
            if next(each.iterancestors(*PARAGRAPHS)) is not paragraph:
                continue
            hidden = each.getparent().find(f"{W}rPr/{W}vanish")
            if each.tag in TEXT and (hidden is None or hidden.get(f"{W}val") in {"0", "false"}):
                line += each.text or ""
            elif each.tag in BREAKS and each.getparent().tag == f"{W}r":
                line += " "
        found.append(line)
    return found + [path.get("string", "") for path in root.iter(TEXT_PATH)]


def words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", text))


def chart_words(root: etree._Element) -> set[str]:
    """Cached strings and numbers of a chart, each once: categories are stored again with every series."""
    return {word for value in root.iter(f"{C}v") for word in words(rounded(value.text or ""))}


def rounded(text: str) -> str:
    """Numbers as they are shown: binary fractions are stored with 17 digits."""
    return f"{float(text):.15g}" if re.fullmatch(r"-?[\d.]{16,}", text) else text


def test_nothing_a_reader_can_see_is_missing_and_nothing_is_doubled(documents: list[Read]) -> None:
    wrong = []
    for document in documents:
        wanted: Counter[str] = Counter()
        in_charts: set[str] = set()
        letters = ""
        for root in trees(document.path):
            one_branch(root)
            letters += "".join(each.text or "" for each in root.iter(f"{M}t"))
            wanted += words("\n".join(lines(root)))
            in_charts |= chart_words(root)
        found = Counter[str]()
        for _, unit in document.units:
            for part in unit.parts:
                if part.role is not Role.IMAGE:
                    found += words(part.text)
        missing = wanted - found
        missing += Counter(in_charts - set(found))
        extra = Counter(
            {word: count for word, count in (found - wanted).items() if word not in NUMBERS and word not in in_charts}
        )
        if letters:  # words of equations are joined differently: compare their letters
            extra = Counter({word: count for word, count in extra.items() if not set(word) <= {*letters, "_"}})
            shown = Counter("".join(part.text for _, unit in document.units for part in unit.parts))
            missing += Counter(letters.replace(" ", "")) - shown
        if missing or extra:
            wrong.append((document.path.name, dict(missing), dict(extra)))
    assert wrong == []


def test_structure_is_as_counted_in_the_raw_xml(documents: list[Read]) -> None:
    """Labels count the main part with both branches of alternatives, so those that have any may differ there."""
    wrong = []
    for document in documents:
        facts, label = document.facts.docx, document.label["docx"]
        assert facts is not None
        with zipfile.ZipFile(document.path) as file:
            branches = b"AlternateContent" in file.read("word/document.xml")
            stories = [name for name in file.namelist() if re.match(r"word/(header|footer|comments)", name)]
            beside = b"".join(file.read(name) for name in stories)
        names = ("footnotes", "endnotes", "comments", "sections", "headers", "footers", "insertions", "deletions")
        names += ("equations", "charts", "embedded_objects")
        exact = {name: getattr(facts, name) for name in names}
        if b":tbl>" not in beside and b":tbl " not in beside:
            exact |= {"tables_all": facts.tables, "tables_nested": facts.nested_tables}
        if not branches:
            exact["paragraphs_all"] = facts.paragraphs
            if b"blip" not in beside and b"pict" not in beside:
                exact |= {"images": facts.images, "text_boxes": facts.text_boxes}
        label = label | {"images": label["images_drawing"] + label["images_vml"]}
        wrong += [
            (document.path.name, name, label[name], value) for name, value in exact.items() if label[name] != value
        ]
    assert wrong == []


def test_blocks_are_the_children_of_the_body(documents: list[Read]) -> None:
    for document in documents:
        label = document.label["docx"]
        blocks = label["body_paragraphs"] + label["tables_body"]
        if label["content_controls"] == 0:
            assert document.facts.unit_count == blocks, document.path.name
        else:
            assert document.facts.unit_count >= blocks, document.path.name
        assert [unit.number for unit in document.facts.units] == list(range(1, document.facts.unit_count + 1))


def test_stored_bytes_add_up_to_the_file(documents: list[Read]) -> None:
    """Blocks and what they share are all there is: within rounding, and what pieces do not carry."""
    for document in documents:
        told = document.facts.shared_bytes + sum(unit.stored_bytes for unit in document.facts.units)
        size = document.path.stat().st_size
        assert 0.6 * size - 2_000 < told < 1.05 * size + 2_000, (document.path.name, told, size)


def test_text_is_safe_to_store_and_print(documents: list[Read]) -> None:
    for document in documents:
        for _, unit in document.units:
            for part in unit.parts:
                assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]", part.text)
                assert part.text
                assert part.markdown != part.text


REFUSED = (
    "gotenberg__protected_page_1",
    "openxmlsdk__document_with_password",
    "poi__truncated62886",
    "poi__crash-517626e815e0afa9decd0ebb6d1dee63fb9907dd",
)


@pytest.mark.parametrize("name", REFUSED)
def test_unreadable_files_are_refused(corpus: Path, name: str) -> None:
    with pytest.raises(ExtractionError):
        read((corpus / "broken" / f"{name}.docx").read_bytes())


def test_a_file_with_one_damaged_part_is_read(corpus: Path) -> None:
    (path,) = (corpus / "broken").glob("poi__clusterfuzz*.docx")
    facts, units = read(path.read_bytes())
    assert facts.unit_count == len(units) > 0
