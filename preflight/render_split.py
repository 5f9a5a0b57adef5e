"""Splits and verifications for people: what to show and how, no decisions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from preflight.wording import counted, ranges, size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from extractors.base import Change
    from preflight.manifest import Manifest
    from preflight.splitting import SplitResult
    from preflight.verifier import Verification

PIECES_SHOWN = 14
"""More pieces are shown by the first and the last of them, so that a report fits a screen of 24 lines."""
_FIRST, _LAST = 10, 3
_NAME_CHARS = 46
"""Longer names lose their beginning, which all of them share: what tells them apart is at the end."""
DISCREPANCIES_SHOWN = 50
_REMEDIES = (
    (
        {"file-missing"},
        "Copy the missing files back beside the manifest, or split the document again.",
    ),
    (
        {"unlisted-file"},
        "Move what does not belong there out of the folder, so that nobody sends it.",
    ),
    (
        {"source-differs", "original-text-differs", "original-content-differs", "original-rows-differ"},
        "Is --against the very file that was split? If it has changed since, split it again.",
    ),
    (
        {"limits-differ", "over-limit"},
        "Do not send these pieces: split the document again for this target.",
    ),
    (
        {"ocr-reads-otherwise", "ocr-not-needed", "changed-otherwise", "repaired-undamaged"},
        "The original does not come out so here. If the pieces come from somebody else, do not send them; if they are "
        "your own, split the original again with this version (--force).",
    ),
    (
        {"looks-not-compared"},
        "Verify again with more time (--timeout), or look at these pieces yourself.",
    ),
)
_OTHERWISE = "Files or manifest are not as they were written. Do not send them: split the document again (--force)."
_MARKS = {"error": ("✗", "red"), "warning": ("!", "yellow"), "info": ("i", "blue")}


def split_view(result: SplitResult, shown_folder: str) -> RenderableType:
    """Return what came out of a split: the pieces, what they do not carry, what is left to do."""
    manifest = result.manifest
    kind = manifest.unit_kind
    held = manifest.unit_count - len(manifest.quarantined)
    count = len(manifest.pieces)
    line = Text.assemble(
        (
            f" {count:,} {'PIECE' if count == 1 else 'PIECES'} ",
            "bold green reverse" if result.complete and result.seen else "bold yellow reverse",
        ),
        " ",
        (manifest.source.name, "bold"),
        f"  {held:,} {kind}{'' if held == 1 else 's'}, {size(sum(piece.size_bytes for piece in manifest.pieces))}",
        (f"  → {shown_folder}", "bold"),
    )
    told = _told(result)
    parts = [_pieces(manifest), told] if told.row_count else [_pieces(manifest)]
    return Group(line, *(Padding(part, (0, 0, 0, 2)) for part in parts))


def verification_view(found: Verification) -> RenderableType:
    """Return one line where all is well, else every discrepancy."""
    if found.ok:
        against = ""
        if found.against:
            looks = f", {found.compared:,} of {found.units:,} compared by their looks" if found.compared else ""
            against = f"; equal to the original{looks}"
        missing = f" ({found.quarantined:,} left out, as the manifest says)" if found.quarantined else ""
        held = f"{counted(found.pieces, 'piece')}, {counted(found.units, 'unit')}"
        line = Text(f"whole: {held}, each exactly once and in order{missing}, within every limit{against}")
        return Group(line, _notes(found)) if found.notes else line
    table = Table.grid(padding=(0, 1, 0, 0))
    for one in found.discrepancies[:DISCREPANCIES_SHOWN]:
        where = f" [{ranges(one.units)}]" if one.units else ""
        table.add_row(Text("✗", "red"), Text.assemble(one.message, (where, "dim")))
    more = len(found.discrepancies) - DISCREPANCIES_SHOWN
    if more > 0:
        table.add_row("", Text(f"… {more} more: --json shows them", "dim"))
    count = len(found.discrepancies)
    head = Text(f"{count:,} discrepanc{'y' if count == 1 else 'ies'}", "bold red")
    return Group(head, table, *(Text(f"→ {remedy}") for remedy in _remedies(found)))


def _remedies(found: Verification) -> list[str]:
    """Return what to do about what is amiss, each only once."""
    codes = {one.code for one in found.discrepancies}
    told = [remedy for about, remedy in _REMEDIES if codes & about]
    known = set[str]().union(*(about for about, _ in _REMEDIES))
    return [*told, _OTHERWISE] if codes - known else told


def _notes(found: Verification) -> Table:
    table = Table.grid(padding=(0, 1, 0, 0))
    for one in found.notes[:DISCREPANCIES_SHOWN]:
        table.add_row(Text("i", "blue"), Text(one.message))
    return table


def _pieces(manifest: Manifest) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("file", overflow="fold")
    table.add_column(f"{manifest.unit_kind}s", justify="right")
    table.add_column("size", justify="right")
    table.add_column("~ tokens", justify="right")
    shown, hidden = list(manifest.pieces), 0
    if len(shown) > PIECES_SHOWN:
        shown, hidden = [*shown[:_FIRST], *shown[-_LAST:]], len(shown) - _FIRST - _LAST
    for row, piece in enumerate(shown):
        if hidden and row == _FIRST:
            table.add_row(f"… {hidden:,} more: manifest.json lists them", "", "", "")
        units = f"{len({unit.number for unit in piece.units}):,}"
        tokens = f"{piece.tokens.likely:,}" if piece.tokens else "–"
        table.add_row(_short(piece.name), units, size(piece.size_bytes), tokens)
    return table


def _short(name: str) -> str:
    return name if len(name) <= _NAME_CHARS else f"…{name[1 - _NAME_CHARS :]}"


def _told(result: SplitResult) -> Table:
    """What the split did not carry, the same over all pieces in one line; and findings."""
    table = Table.grid(padding=(0, 1, 0, 0))
    for finding in result.findings:
        mark, style = _MARKS[finding.severity]
        where = f" [{ranges(finding.units)}]" if finding.units else ""
        table.add_row(Text(mark, style), Text.assemble(finding.message, (where, "dim")))
    for code, changes in _changes(result.manifest).items():
        units = sorted({number for change in changes for number in change.units})
        where = f" [{ranges(units)}]" if units else ""
        table.add_row(
            Text("i", "blue"), Text.assemble((f"{code}: ", "bold"), _in_one_sentence(code, changes), (where, "dim"))
        )
    return table


def _changes(manifest: Manifest) -> dict[str, list[Change]]:
    found: dict[str, list[Change]] = {}
    for piece in manifest.pieces:
        for change in piece.changes:
            found.setdefault(change.code, []).append(change)
    return found


def _in_one_sentence(code: str, changes: Sequence[Change]) -> str:
    """Say the same change of several pieces once; figures of one must not stand for all."""
    messages = list(dict.fromkeys(change.message for change in changes))
    if len(messages) == 1:
        return messages[0]
    if code == "shrunk":
        before, after = (sum(int(side.get("bytes", 0)) for side in sides) for sides in _sides(changes))
        return (
            f"Images re-encoded where one alone was too large: {size(before)} to {size(after)}; manifest.json says how."
        )
    return f"{messages[0]} And the like in {counted(len(changes) - 1, 'more place')}: manifest.json lists them."


def _sides(changes: Sequence[Change]) -> tuple[list[dict[str, int | str]], list[dict[str, int | str]]]:
    return [change.before for change in changes], [change.after for change in changes]
