"""The record of a split: what was cut into which pieces, with fingerprints that prove that nothing was lost.

Equal input and options give equal bytes: no clock, host or path is in it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from extractors.base import Change
from extractors.clean import safe_label
from extractors.facts import Finding, Source, UnitName
from preflight.document import open_regular
from preflight.errors import BadManifest, FileMissing
from preflight.model import Limit, Range, SecondsRange
from preflight.names import MANIFEST_NAME
from preflight.wire import adapter, json_bytes

SCHEMA = "preflight/manifest/1"
MAX_BYTES = 512_000_000
"""A manifest of 500,000 blocks has 100 MB."""
Form = Literal["document", "text", "markdown"]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """What wrote it."""

    name: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PieceMaximum:
    """What one piece may hold at most; None where nothing limits it.

    Attributes:
        bytes: Bytes of the file, before base64.
        pages: Pages or frames.
        tokens: Tokens.
        seconds: Seconds at the target.
        words: Words.
        images: Images the target counts.
    """

    bytes: int | None = None
    pages: int | None = None
    tokens: int | None = None
    seconds: float | None = None
    words: int | None = None
    images: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitSettings:
    """What was asked for.

    Attributes:
        target: Id of the receiving service; None when only limits of the user's own were given.
        hops: Gateways on the way.
        model: Model at the target.
        form: ``document``, or pieces of its ``text`` or ``markdown``.
        limits: What one piece may hold.
        limits_used: Every limit with where it comes from.
        active_content: What happened to scripts and the like.
        shrink: Whether images may be re-encoded where one unit alone is too large.
        with_text: Whether the text of each piece lies beside it.
        ocr: OCR engine and languages used for text; empty when none was.
        ocr_mode: Which units OCR was asked for: those that need it (``auto``), none, or all; None where no text was
            written, and in manifests of versions that did not say.
    """

    target: str | None
    hops: tuple[str, ...]
    model: str | None
    form: Annotated[Form, Field(alias="as")]
    limits: PieceMaximum
    limits_used: tuple[Limit, ...]
    active_content: Literal["strip", "keep", "reject"] = "strip"
    shrink: Literal["auto", "never"] = "auto"
    with_text: bool = False
    ocr: str = ""
    ocr_mode: Literal["auto", "never", "always"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestUnit:
    """One unit in a piece.

    Attributes:
        number: Its number in the source.
        content: Fingerprint of what a reader sees of it in the piece; empty for kinds of documents that have none. In
            pieces of text, the hash of its bytes.
        text: Fingerprint of its text: native text, in pieces of text all that stands there.
        original: Fingerprint of its content in the source, where that is another: its images were made smaller, active
            content was taken out, or only a part of it is in this piece.
        part: Which part of it is in this piece, from 1, where it is cut into several.
        parts: How many parts there are.
        size_bytes: In pieces of text, bytes it takes there.
        ocr: In pieces of text, whether OCR read some of it.
    """

    number: int
    content: str
    text: str
    original: str | None = None
    part: int | None = None
    parts: int | None = None
    size_bytes: int | None = None
    ocr: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TextFile:
    """The text of a piece, beside it."""

    name: str
    size_bytes: int
    sha256: Sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestPiece:
    """One piece.

    Attributes:
        index: From 1.
        name: Its file name, beside the manifest.
        media_type: What it is.
        first: Number of its first unit.
        last: Number of its last unit.
        rows: First and last row, where the one unit is a table cut by rows.
        size_bytes: Size of the file.
        sha256: Its hash.
        tokens: What the target will count; None when that is unknown.
        seconds: What the target will take; None when that is unknown.
        words: Words of its text.
        images: Images the target counts.
        units: Its units, in order.
        changes: What it does not carry as the source does.
        text: Its text, when that lies beside it.
    """

    index: int
    name: str
    media_type: str
    first: int
    last: int
    rows: tuple[int, int] | None = None
    size_bytes: int
    sha256: Sha256
    tokens: Range | None
    seconds: SecondsRange | None = None
    words: int = 0
    images: int = 0
    units: tuple[ManifestUnit, ...]
    changes: tuple[Change, ...] = ()
    text: TextFile | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """A unit that is in no piece, and why."""

    number: int
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The record of a split (CONTRACT.md).

    Attributes:
        schema: Which definition it follows.
        tool: What wrote it.
        source: The document that was cut.
        settings: What was asked for.
        unit_kind: What one unit is.
        unit_count: Units of the source.
        pieces: The pieces in order.
        quarantined: Units that are in no piece.
        findings: What is to be told of the split besides: units that OCR could not read, limits nobody can hold.
        seal: SHA-256 of the manifest without this field: tells a change by accident, not by an adversary.
    """

    schema: Literal["preflight/manifest/1"] = "preflight/manifest/1"
    tool: Tool
    source: Source
    settings: SplitSettings
    unit_kind: UnitName
    unit_count: int
    pieces: tuple[ManifestPiece, ...]
    quarantined: tuple[Quarantined, ...] = ()
    findings: tuple[Finding, ...] = ()
    seal: str = ""

    def file_names(self) -> Iterator[str]:
        """Names of all files that belong to it."""
        for piece in self.pieces:
            yield piece.name
            if piece.text is not None:
                yield piece.text.name


def this_tool() -> Tool:
    """Return what writes manifests here."""
    from preflight import __version__

    return Tool(name="upload-preflight", version=__version__)


def manifest_data(manifest: Manifest) -> dict[str, Any]:
    """Return a manifest as plain JSON data, sealed; what does not apply to a unit or piece is left out."""
    data: dict[str, Any] = adapter(Manifest).dump_python(manifest, mode="json", by_alias=True)
    for piece in data["pieces"]:
        for key in ("rows", "text"):
            if piece[key] is None:
                del piece[key]
        piece["units"] = [{key: value for key, value in unit.items() if value is not None} for unit in piece["units"]]
    data["seal"] = seal_of(data)
    return data


def manifest_json(manifest: Manifest) -> bytes:
    """Return a manifest as the JSON that stands in ``manifest.json``."""
    return json_bytes(manifest_data(manifest))


def seal_of(data: dict[str, Any]) -> str:
    """Return the seal of a manifest's plain data."""
    return hashlib.sha256(json_bytes({key: value for key, value in data.items() if key != "seal"})).hexdigest()


def load_manifest(path: Path) -> tuple[Path, Manifest, bool]:
    """Read a manifest from its path, or from the folder it lies in; tell whether its seal is intact.

    Raises:
        FileMissing: There is none, or it cannot be read.
        BadManifest: It is none.
    """
    path = path / MANIFEST_NAME if path.is_dir() else path
    if not os.path.lexists(path):
        shown = safe_label(os.fsencode(path).decode("utf-8", "replace"), 300)
        raise FileMissing(f"There is no manifest at {shown}. Name the one that lies beside the pieces.")
    with open_regular(path, follow_links=True) as file:
        data = file.read(min(os.fstat(file.fileno()).st_size, MAX_BYTES) + 1)  # a larger number would be reserved
    if len(data) > MAX_BYTES:
        raise BadManifest(f"{path.name} has more than {MAX_BYTES:,} bytes, which no manifest has. Check the path.")
    return path, *read_manifest(data)


def read_manifest(data: bytes) -> tuple[Manifest, bool]:
    """Read a manifest, which may come from anywhere.

    Returns:
        The manifest, and whether its seal is intact.

    Raises:
        BadManifest: The bytes are no manifest of this version.
    """
    remedy = "Split the document again."
    try:
        plain = json.loads(data)
        manifest = adapter(Manifest).validate_python(plain, by_alias=True, strict=False)
    except (ValueError, RecursionError) as error:
        told = _first_complaint(error) if isinstance(error, ValidationError) else "it is no JSON"
        raise BadManifest(f"This is no manifest of the kind {SCHEMA}: {told}. {remedy}") from error
    if not manifest.pieces:
        raise BadManifest(f"This manifest names no pieces. {remedy}")
    return manifest, manifest.seal == seal_of(plain)


def _first_complaint(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, first['loc'])) or 'the whole'}: {first['msg'].lower()}"
