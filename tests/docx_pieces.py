"""Looking at DOCX pieces with other means than those that cut them: zipfile, plain lxml, python-docx, LibreOffice."""

from __future__ import annotations

import io
import posixpath
import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote

from lxml import etree

from extractors.base import Change, CutOptions, ReadLimits, ReadOptions
from extractors.docx.cutting.cutter import DocxCutter, docx_cutter
from extractors.docx.cutting.fingerprint import block_fingerprints
from extractors.docx.cutting.join import join_docx
from extractors.docx.reader import DocxExtractor
from extractors.facts import Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    Active = Literal["strip", "keep", "reject"]

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
STRICT_W = "http://purl.oclc.org/ooxml/wordprocessingml/main"
RELATIONSHIPS = {
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    "http://purl.oclc.org/ooxml/officeDocument/relationships",
}
_OUTSIDE = frozenset({Role.HEADER, Role.FOOTER})


def options(*, name: str = "source.docx", active: Active = "strip") -> CutOptions:
    """Return the usual options."""
    return CutOptions(media_type=DOCX, source_name=name, active_content=active)


def cut(cutter: DocxCutter, first: int, last: int) -> tuple[bytes, tuple[Change, ...]]:
    """Return a piece as bytes, and its changes."""
    out = io.BytesIO()
    changes = cutter.cut(first, last, out)
    return out.getvalue(), changes


def pieces_of(data: bytes, *ends: int, active: Active = "strip") -> list[bytes]:
    """Cut a document after each of some blocks."""
    with docx_cutter(io.BytesIO(data), options(active=active)) as cutter:
        starts = [1, *(end + 1 for end in ends)]
        return [cut(cutter, first, last)[0] for first, last in zip(starts, [*ends, cutter.count], strict=True)]


def joined(pieces: list[bytes]) -> bytes:
    """Return pieces put together again."""
    out = io.BytesIO()
    join_docx([io.BytesIO(piece) for piece in pieces], out)
    return out.getvalue()


def fingerprints(data: bytes) -> list[str]:
    """Return the fingerprint of each block."""
    return [found for _, found in block_fingerprints(io.BytesIO(data), ReadLimits())]


def rewritten(data: bytes, wanted: dict[str, bytes | None]) -> bytes:
    """Return a package with parts replaced by name (None: removed)."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as copy:
        for name in archive.namelist():
            content = wanted.get(name, archive.read(name))
            if content is not None:
                copy.writestr(name, content)
    return out.getvalue()


def entry(data: bytes, name: str) -> bytes:
    """Return a part of a package."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read(name)


def names_in(data: bytes) -> list[str]:
    """Return the names of the parts in a package."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.namelist()


def unit_texts(data: bytes) -> list[str]:
    """Return what our reader reads in each block, headers and footers left out."""
    texts: list[str] = []
    DocxExtractor().read(
        io.BytesIO(data),
        ReadOptions(media_type=DOCX),
        lambda _facts, text: texts.append(
            "\n".join(f"{part.role}|{part.label}|{part.text}" for part in text.parts if part.role not in _OUTSIDE)
        ),
    )
    return texts


def body_texts(data: bytes) -> list[str]:
    """Return the text of each top-level element of the body by a plain walk, without looking at what it means."""
    root = etree.fromstring(main_part(data)[1])
    body = next(child for child in root if etree.QName(child).localname == "body")
    texts = []
    for child in body:
        if not isinstance(child.tag, str) or etree.QName(child).localname in {
            "sectPr",
            "bookmarkStart",
            "bookmarkEnd",
            "commentRangeStart",
            "commentRangeEnd",
        }:
            continue
        texts.append(
            "".join(each.text or "" for each in child.iter(f"{{{W}}}t", f"{{{STRICT_W}}}t", f"{{{W}}}delText"))
        )
    return texts


def main_part(data: bytes) -> tuple[str, bytes]:
    """Return name and bytes of the main part."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for relation in etree.fromstring(archive.read("_rels/.rels")):
            if relation.get("Type", "").endswith("/officeDocument"):
                name = relation.get("Target", "").lstrip("/")
                return name, archive.read(name)
    raise AssertionError("no main part")


def problems(data: bytes) -> list[str]:
    """Return what is wrong with a package: dangling ids, missing or unused parts, undeclared types, broken XML."""
    found: list[str] = []
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = archive.namelist()
        if len(set(names)) != len(names):
            found.append("an entry twice")
        roots = {name: etree.fromstring(archive.read(name)) for name in names if name.endswith((".xml", ".rels"))}
        found += list(_type_problems(names, roots["[Content_Types].xml"]))
        reached = {"[Content_Types].xml", "_rels/.rels"}
        waiting = [""]
        while waiting:
            part = waiting.pop()
            relations = _relations_of(part, roots)
            if relations is None:
                continue
            reached.add(_rels_name(part))
            for identity, target, external in relations.values():
                if external:
                    continue
                if target not in names:
                    found.append(f"{part}: {identity} leads to {target}, which is missing")
                elif target not in reached:
                    reached.add(target)
                    waiting.append(target)
        found += [f"{name} is in the package and nothing leads to it" for name in names if name not in reached]
        for name in names:
            if name in roots and not name.endswith(".rels"):
                found += list(_dangling(name, roots[name], _relations_of(name, roots) or {}))
    return found


def _type_problems(names: list[str], types: etree._Element) -> Iterator[str]:
    defaults = {each.get("Extension", "").lower() for each in types if each.get("Extension")}
    overrides = {each.get("PartName", "").lstrip("/") for each in types if each.get("PartName")}
    for name in names:
        if name != "[Content_Types].xml" and name not in overrides and name.rpartition(".")[2].lower() not in defaults:
            yield f"{name} has no content type"
    for name in overrides - set(names):
        yield f"a content type for {name}, which is missing"


def _rels_name(part: str) -> str:
    folder, name = posixpath.split(part)
    return posixpath.join(folder, "_rels", f"{name}.rels")


def _relations_of(part: str, roots: dict[str, etree._Element]) -> dict[str, tuple[str, str, bool]] | None:
    root = roots.get(_rels_name(part))
    if root is None:
        return None
    found = {}
    for each in root:
        target = unquote(each.get("Target", "").partition("#")[0])
        external = each.get("TargetMode") == "External"
        if not external:
            target = posixpath.normpath(posixpath.join("/", posixpath.dirname(part), target)).lstrip("/")
        found[each.get("Id", "")] = (each.get("Id", ""), target, external)
    return found


def _dangling(part: str, root: etree._Element, relations: dict[str, tuple[str, str, bool]]) -> Iterator[str]:
    for element in root.iter():
        for name, value in element.attrib.items():
            if etree.QName(name).namespace in RELATIONSHIPS and value and value not in relations:
                yield f"{part}: {element.tag} refers to {value}, which is no relationship"


def word_problems(data: bytes) -> list[str]:
    """Return what a Word processor would stumble over in the body: unbalanced ranges and fields, missing notes."""
    _, main = main_part(data)
    root = etree.fromstring(main)
    found: list[str] = []
    depth = 0
    for each in root.iter(f"{{{W}}}fldChar", f"{{{STRICT_W}}}fldChar"):
        kind = next(value for name, value in each.attrib.items() if name.endswith("fldCharType"))
        depth += {"begin": 1, "end": -1}.get(kind, 0)
        if depth < 0:
            found.append("a field ends that never began")
            depth = 0
    if depth:
        found.append("a field never ends")
    for name in ("bookmark", "commentRange", "moveFromRange", "moveToRange", "perm"):
        starts, ends = (
            {_id(each) for each in root.iter(f"{{{W}}}{name}{edge}", f"{{{STRICT_W}}}{name}{edge}")}
            for edge in ("Start", "End")
        )
        if starts != ends:
            found.append(f"{name}: starts {sorted(starts - ends)} and ends {sorted(ends - starts)} are alone")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for kind, tag in (("footnotes", "footnote"), ("endnotes", "endnote"), ("comments", "comment")):
            wanted = {_id(each) for each in root.iter(f"{{*}}{tag}Reference")}
            part = f"word/{kind}.xml"
            there = (
                {_id(each) for each in etree.fromstring(archive.read(part))} if part in archive.namelist() else set()
            )
            if wanted - there:
                found.append(f"{kind} {sorted(wanted - there)} are missing")
    return found


def _id(element: etree._Element) -> str:
    return next((value for name, value in element.attrib.items() if etree.QName(name).localname == "id"), "")


def opens(data: bytes) -> None:
    """Open a package with python-docx and read all of its paragraphs."""
    from docx import Document

    document = Document(io.BytesIO(_plain(data)))
    for block in document.iter_inner_content():
        _ = block.style
    _ = [section.header.paragraphs for section in document.sections]


def _plain(data: bytes) -> bytes:
    """Return what python-docx opens: it knows neither Strict names nor macro-enabled documents."""
    if b"purl.oclc.org/ooxml" not in main_part(data)[1] and b"macroEnabled" not in entry(data, "[Content_Types].xml"):
        return data
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(out, "w") as plain:
        for name in archive.namelist():
            content = archive.read(name)
            if name.endswith((".xml", ".rels")):
                content = re.sub(
                    rb"http://purl\.oclc\.org/ooxml/(\w+)/", rb"http://schemas.openxmlformats.org/\1/2006/", content
                )
                content = content.replace(
                    b"ms-word.document.macroEnabled.main",
                    b"openxmlformats-officedocument.wordprocessingml.document.main",
                )
            plain.writestr(name, content)
    return out.getvalue()


def soffice() -> str | None:
    """Return LibreOffice's program, None when it is not installed."""
    return shutil.which("soffice") or shutil.which("libreoffice")


def converted(documents: dict[str, bytes], folder: Path, kind: str = "txt:Text (encoded):UTF8") -> dict[str, bytes]:
    """Convert documents with one run of LibreOffice; returns the results by name, those that failed are missing."""
    program = soffice()
    assert program is not None
    source, target = folder / "in", folder / "out"
    source.mkdir(parents=True)
    for name, data in documents.items():
        (source / name).write_bytes(data)
    subprocess.run(
        [program, f"-env:UserInstallation=file://{folder}/profile", "--headless", "--convert-to", kind,
         "--outdir", str(target), *(str(source / name) for name in documents)],
        check=True, capture_output=True, timeout=600,
    )  # fmt: skip
    extension = kind.partition(":")[0]
    results = {name: target / f"{Path(name).stem}.{extension}" for name in documents}
    return {name: path.read_bytes() for name, path in results.items() if path.exists()}
