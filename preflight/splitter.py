"""Splitting: from a document to pieces that fit, with a manifest that proves it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from extractors.facts import Finding
from preflight.document import storage_error
from preflight.errors import UsageError
from preflight.manifest import (
    Manifest,
    ManifestPiece,
    PieceMaximum,
    Quarantined,
    SplitSettings,
    TextFile,
    manifest_json,
    this_tool,
)
from preflight.names import MANIFEST_NAME, piece_name, safe_stem, suffix_of
from preflight.output import find_folder, no_empty_folders, publish, staging
from preflight.plan import PieceLimits
from preflight.split_document import document_pieces
from preflight.split_text import text_pieces, with_texts
from preflight.splitting import SplitOptions, SplitResult
from preflight.survey import examine_source
from preflight.unheld import about_unheld
from preflight.unseen import about_unseen

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from preflight.document import Document
    from preflight.execution import Executor
    from preflight.judging import Prepared
    from preflight.model import Limit
    from preflight.reading import Progress
    from preflight.settings import Settings
    from preflight.splitting import Ready
    from preflight.survey import Surveyed

__all__ = ["SplitOptions", "SplitResult", "split_document"]


def split_document(
    document: Document,
    out: Path,
    prepared: Prepared,
    settings: Settings,
    executor: Executor,
    *,
    options: SplitOptions | None = None,
    on_progress: Progress | None = None,
) -> SplitResult:
    """Split one document into pieces that each fit, and write them with a manifest into a folder.

    Args:
        document: What to split.
        out: Folder for the pieces; new, empty, or with a former result that may be replaced.
        prepared: Target, gateways and the user's own limits, loaded.
        settings: How the work is done.
        executor: Where untrusted bytes are read and pieces are written.
        options: How it is split.
        on_progress: Takes a stage and a count.

    Raises:
        UsageError: Nothing says what a piece may hold, or nobody can hold a piece to it.
        Stopped: The document cannot be read or cut; the problem says why.
        NotAccepted: The target takes no such document.
        DecryptionNotAllowed: Pieces would be without the encryption of the document.
        UnitOverLimit: A unit alone is over a limit, and nothing helps.
        OutputError: The folder cannot be used; DiskFull when there is no space.
    """
    options = options or SplitOptions()
    if prepared.target is None and not prepared.limits:
        raise UsageError("Say what the pieces are for: a target, or a limit of your own such as pages.")
    with no_empty_folders(out):
        folder = find_folder(out, force=options.force)
        surveyed = examine_source(document, prepared, settings, executor, options, on_progress)
        unheld = about_unheld(surveyed)
        with staging(folder, needed_bytes=surveyed.least_bytes) as staged:
            ready, quarantined, findings, ocr = _pieces(surveyed, staged, on_progress)
            findings = (*unheld, *about_unseen(surveyed), *findings)
            manifest = _named(ready, surveyed, quarantined, staged, ocr)
            manifest = replace(manifest, findings=findings)
            _write(staged / MANIFEST_NAME, manifest_json(manifest))
            publish(staged, folder, force=options.force)
    return SplitResult(
        report=surveyed.report,
        manifest=manifest,
        folder=folder.path,
        findings=(*findings, *_about_quarantine(manifest)),
    )


def _pieces(
    surveyed: Surveyed, staged: Path, on_progress: Progress | None
) -> tuple[list[Ready], list[Quarantined], tuple[Finding, ...], str]:
    """Write the pieces; returns them, the units that are in none, what is to be told, and the OCR engine used."""
    if surveyed.options.form != "document":
        return text_pieces(surveyed, staged, on_progress)
    ready, quarantined, findings = document_pieces(surveyed, staged, on_progress)
    if not surveyed.options.with_text:
        return ready, quarantined, findings, ""
    ready, more, ocr = with_texts(ready, surveyed, on_progress)
    return ready, quarantined, (*findings, *more), ocr


def _named(
    ready: Sequence[Ready], surveyed: Surveyed, quarantined: Sequence[Quarantined], staged: Path, ocr: str
) -> Manifest:
    """Give the pieces their names and write the record of them."""
    source, facts = surveyed.examined.source, surveyed.examined.facts
    stem = safe_stem(source.name)
    pieces = []
    for index, one in enumerate(ready, start=1):
        span = (one.span.first, one.span.last)
        base = piece_name(stem, index, len(ready), span, of=facts.unit_count, kind=facts.unit_kind)
        name = base + suffix_of(one.media_type, source.name)
        one.path.rename(staged / name)
        text = None
        if one.text is not None:
            text = TextFile(name=f"{base}.txt", size_bytes=len(one.text), sha256=hashlib.sha256(one.text).hexdigest())
            _write(staged / text.name, one.text)
        pieces.append(
            ManifestPiece(
                index=index,
                name=name,
                media_type=one.media_type,
                first=one.span.first,
                last=one.span.last,
                rows=one.span.rows,
                size_bytes=one.size_bytes,
                sha256=one.sha256,
                tokens=one.tokens,
                seconds=one.seconds,
                words=one.words,
                images=one.images,
                units=one.units,
                changes=one.changes,
                text=text,
            )
        )
    return Manifest(
        tool=this_tool(),
        source=source,
        settings=_settings(surveyed, ocr),
        unit_kind=facts.unit_kind,
        unit_count=facts.unit_count,
        pieces=tuple(pieces),
        quarantined=tuple(sorted(quarantined, key=lambda one: one.number)),
    )


def _settings(surveyed: Surveyed, ocr: str) -> SplitSettings:
    options, reference = surveyed.options, surveyed.prepared.reference
    return SplitSettings(
        target=reference.id if reference else None,
        hops=reference.hops if reference else (),
        model=reference.model if reference else None,
        form=options.form,
        limits=_maximum(surveyed.limits),
        limits_used=tuple(surveyed.limits),
        active_content=options.active_content,
        shrink=options.shrink,
        with_text=options.with_text,
        ocr=ocr,
        ocr_mode=options.ocr if options.with_text or options.form != "document" else None,
    )


def _maximum(limits: Sequence[Limit]) -> PieceMaximum:
    most = PieceLimits.of(limits)
    return PieceMaximum(
        bytes=most.bytes,
        pages=most.pages,
        tokens=most.tokens,
        seconds=most.seconds,
        words=most.words,
        images=most.images,
    )


def _about_quarantine(manifest: Manifest) -> tuple[Finding, ...]:
    if not manifest.quarantined:
        return ()
    numbers = tuple(one.number for one in manifest.quarantined)
    first = manifest.quarantined[0].message
    return (
        Finding(
            severity="error",
            code="units-left-out",
            message=f"{len(numbers):,} {manifest.unit_kind}(s) are in no piece, because they cannot be read: {first}",
            units=numbers,
        ),
    )


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise storage_error(error, path.name) from error
