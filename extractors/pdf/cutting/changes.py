"""What a piece does not carry as the document does, said in the words of the manifest."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from extractors.base import Change

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from extractors.pdf.cutting.catalog import Catalog
    from extractors.pdf.cutting.fields import Form
    from extractors.pdf.cutting.sheets import Sheet


def piece_changes(
    sheets: Sequence[Sheet], links: Mapping[int, tuple[int, int]], catalog: Catalog, form: Form
) -> list[Change]:
    """Return the changes of one piece, those of the document as a whole first.

    Args:
        sheets: Its pages.
        links: For each page number the jumps that lead out of the piece, and those that led nowhere before.
        catalog: What stood around the pages.
        form: The document's form.
    """
    changes = [*catalog.changes(), *_form(sheets, form), *_stripped(sheets, catalog.stripped), *_links(links)]
    extras = {sheet.number: sheet.extras for sheet in sheets if sheet.extras}
    if extras:
        kinds = sorted({extra for found in extras.values() for extra in found})
        message = f"Of the pages, what no reader sees is left out: {', '.join(kinds)}."
        changes.append(Change(code="page-extras-dropped", units=tuple(extras), message=message))
    files = {sheet.number: sheet.notes.files for sheet in sheets if sheet.notes.stripped["file"]}
    if files:
        total = sum(files.values())
        changes.append(
            Change(
                code="page-attachments-dropped",
                units=tuple(files),
                message=f"{total} file(s) attached to pages are not in the piece; the marks that stood for them are.",
                before={"files": total},
                after={"files": 0},
            )
        )
    return changes


def _form(sheets: Sequence[Sheet], form: Form) -> list[Change]:
    changes = []
    if form.xfa:
        message = "The XFA form is not in the piece; the plain form fields of its pages are."
        changes.append(Change(code="xfa-dropped", message=message))
    if form.unseen:
        message = f"{form.unseen} form field(s) that are on no page are in the original only."
        changes.append(Change(code="fields-dropped", message=message, before={"fields": form.unseen}))
    if form.signatures:
        signed = tuple(sheet.number for sheet in sheets if any(node.signed for node in sheet.widgets))
        message = (
            f"{form.signatures} signature(s) hold for the original only and were taken out; what they look like stays."
        )
        changes.append(
            Change(
                code="signatures-invalidated",
                units=signed,
                message=message,
                before={"signatures": form.signatures},
                after={"signatures": 0},
            )
        )
    return changes


def _stripped(sheets: Sequence[Sheet], of_document: Counter[str]) -> list[Change]:
    found = Counter(of_document)
    pages = []
    for sheet in sheets:
        kinds = {kind: count for kind, count in sheet.notes.stripped.items() if kind != "file"}
        if kinds:
            found.update(kinds)
            pages.append(sheet.number)
    before: dict[str, int | str] = {kind: found[kind] for kind in sorted(found)}
    if not before:
        return []
    message = f"Taken out: {', '.join(f'{kind} ({count})' for kind, count in before.items())}."
    return [Change(code="active-content-stripped", units=tuple(pages), message=message, before=before)]


def _links(links: Mapping[int, tuple[int, int]]) -> list[Change]:
    changes = []
    away = {number: counts[0] for number, counts in links.items() if counts[0]}
    if away:
        total = sum(away.values())
        changes.append(
            Change(
                code="links-to-other-pieces",
                units=tuple(away),
                message=f"{total} link(s) lead to pages in other pieces; each says which page of the original it was.",
                before={"links": total},
                after={"links": 0},
            )
        )
    nowhere = {number: counts[1] for number, counts in links.items() if counts[1]}
    if nowhere:
        total = sum(nowhere.values())
        message = f"{total} link(s) led nowhere already in the original; they lead nowhere in the piece."
        changes.append(Change(code="links-dead", units=tuple(nowhere), message=message, before={"links": total}))
    return changes
