"""Small DOCX files made of raw XML, and reading them."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from extractors.base import ReadLimits, ReadOptions
from extractors.docx.reader import DocxExtractor
from extractors.registry import DOCX

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from extractors.facts import DocumentFacts, Role, UnitFacts, UnitText

OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
SPACES = " ".join(
    f'xmlns:{prefix}="{uri}"'
    for prefix, uri in {
        "w": "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
        "r": OFFICE,
        "a": "http://schemas.openxmlformats.org/drawingml/2006/main",
        "c": "http://schemas.openxmlformats.org/drawingml/2006/chart",
        "pic": "http://schemas.openxmlformats.org/drawingml/2006/picture",
        "dgm": "http://schemas.openxmlformats.org/drawingml/2006/diagram",
        "wp": "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing",
        "wps": "http://schemas.microsoft.com/office/word/2010/wordprocessingShape",
        "mc": "http://schemas.openxmlformats.org/markup-compatibility/2006",
        "m": "http://schemas.openxmlformats.org/officeDocument/2006/math",
        "v": "urn:schemas-microsoft-com:vml",
        "o": "urn:schemas-microsoft-com:office:office",
        "w14": "http://schemas.microsoft.com/office/word/2010/wordml",
    }.items()
)
MAIN_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
_WML = "application/vnd.openxmlformats-officedocument.wordprocessingml."
_TYPES = {
    "styles": _WML + "styles+xml",
    "numbering": _WML + "numbering+xml",
    "settings": _WML + "settings+xml",
    "comments": _WML + "comments+xml",
    "footnotes": _WML + "footnotes+xml",
    "endnotes": _WML + "endnotes+xml",
    "header": _WML + "header+xml",
    "footer": _WML + "footer+xml",
    "chart": "application/vnd.openxmlformats-officedocument.drawingml.chart+xml",
}

Relation = tuple[str, str, str, bool]


def p(text: str, properties: str = "") -> str:
    """A paragraph of one run."""
    return f"<w:p>{f'<w:pPr>{properties}</w:pPr>' if properties else ''}{r(text)}</w:p>"


def r(text: str, properties: str = "") -> str:
    """A run."""
    looks = f"<w:rPr>{properties}</w:rPr>" if properties else ""
    return f'<w:r>{looks}<w:t xml:space="preserve">{text}</w:t></w:r>'


def element(name: str, content: str, attributes: str = "") -> str:
    """A root element with all namespaces."""
    return f'<?xml version="1.0" encoding="UTF-8"?><{name} {SPACES} {attributes}>{content}</{name}>'


def docx(
    body: str,
    parts: Mapping[str, tuple[str, str]] | None = None,
    *,
    links: Iterable[Relation] = (),
    files: Mapping[str, bytes | str] | None = None,
    types: Mapping[str, str] | None = None,
    main_type: str = MAIN_TYPE,
    main: str = "word/document.xml",
) -> bytes:
    """A DOCX.

    Args:
        body: Content of ``w:body``.
        parts: Parts that the main part refers to: relationship id → (kind, content); the kind may carry a number.
        links: More relationships of the main part: (id, kind, target, external).
        files: Anything else, by part name.
        types: Content types of parts.
        main_type: Content type of the main part.
        main: Name of the main part.
    """
    contents: dict[str, bytes | str] = {main: element("w:document", f"<w:body>{body}</w:body>")}
    overrides = {main: main_type, **(types or {})}
    relations = list(links)
    folder = main.rpartition("/")[0]
    for identity, (kind, content) in (parts or {}).items():
        plain = kind.rstrip("0123456789")
        contents[f"{folder}/{kind}.xml"] = content
        overrides[f"{folder}/{kind}.xml"] = _TYPES[plain]
        relations.append((identity, plain, f"{kind}.xml", False))
    contents.update(files or {})
    contents[f"{folder}/_rels/{main.rpartition('/')[2]}.rels"] = _relations(relations)
    contents["_rels/.rels"] = _relations([("rId1", "officeDocument", main, False)])
    contents["[Content_Types].xml"] = _content_types(overrides)
    return archive(contents)


def archive(contents: Mapping[str, bytes | str], *, packed: bool = True) -> bytes:
    """A ZIP archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED) as file:
        for name, content in contents.items():
            file.writestr(name, content)
    return out.getvalue()


def unpacked(data: bytes) -> dict[str, bytes | str]:
    """The parts of a DOCX."""
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        return {name: file.read(name) for name in file.namelist()}


def peak_kib() -> int:
    """Most memory this process has had. (``ru_maxrss`` would also count what the parent had when it forked.)"""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0])


def read(
    data: bytes, *, text: bool = True, limits: ReadLimits | None = None
) -> tuple[DocumentFacts, list[tuple[UnitFacts, UnitText]]]:
    """Read a DOCX."""
    units: list[tuple[UnitFacts, UnitText]] = []
    options = ReadOptions(media_type=DOCX, text=text, limits=limits or ReadLimits())
    facts = DocxExtractor().read(io.BytesIO(data), options, lambda one, words: units.append((one, words)))
    return facts, units


def texts(data: bytes) -> list[str]:
    """Text of each block."""
    return [words.plain for _, words in read(data)[1]]


def rich(data: bytes) -> list[str]:
    """Markdown of each block's parts, joined."""
    return [
        "\n".join(part.text if part.markdown is None else part.markdown for part in words.parts)
        for _, words in read(data)[1]
    ]


def parts_of(data: bytes, role: Role, block: int = 1) -> list[tuple[str, str | None]]:
    """(text, label) of the parts of a role in a block."""
    return [(part.text, part.label) for part in read(data)[1][block - 1][1].parts if part.role is role]


def codes(data: bytes) -> set[str]:
    """Codes of all findings."""
    return {finding.code for finding in read(data)[0].findings}


def _relations(relations: Iterable[Relation]) -> str:
    rows = "".join(
        f'<Relationship Id="{identity}" Type="{OFFICE}/{kind}" Target="{target}"'
        f"{' TargetMode=' + chr(34) + 'External' + chr(34) if external else ''}/>"
        for identity, kind, target, external in relations
    )
    return f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{rows}</Relationships>'


def _content_types(overrides: Mapping[str, str]) -> str:
    rows = "".join(f'<Override PartName="/{part}" ContentType="{kind}"/>' for part, kind in overrides.items())
    return (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{rows}</Types>'
    )
