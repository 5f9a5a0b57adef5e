"""Splits and verifications for people: what to show and how, no decisions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from preflight.wording import counted, ranges, size

if TYPE_CHECKING:
    from rich.console import RenderableType

    from preflight.manifest import Manifest
    from preflight.splitting import SplitResult
    from preflight.verifier import Verification

PIECES_SHOWN = 24
DISCREPANCIES_SHOWN = 50
_MARKS = {"error": ("✗", "red"), "warning": ("!", "yellow"), "info": ("i", "blue")}


def split_view(result: SplitResult, shown_folder: str) -> RenderableType:
    """Return what came out of a split: the pieces, what they do not carry, what is left to do."""
    manifest = result.manifest
    kind = manifest.unit_kind
    held = manifest.unit_count - len(manifest.quarantined)
    count = len(manifest.pieces)
    line = Text.assemble(
        (f" {count:,} {'PIECE' if count == 1 else 'PIECES'} ", "bold green reverse"),
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
            looks = f", {found.compared:,} of them compared by their looks" if found.compared else ""
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
    return Group(Text(f"{count:,} discrepanc{'y' if count == 1 else 'ies'}", "bold red"), table)


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
    for piece in manifest.pieces[:PIECES_SHOWN]:
        units = f"{len({unit.number for unit in piece.units}):,}"
        table.add_row(piece.name, units, size(piece.size_bytes), f"{piece.tokens.likely:,}" if piece.tokens else "–")
    if len(manifest.pieces) > PIECES_SHOWN:
        table.add_row(f"… {len(manifest.pieces) - PIECES_SHOWN:,} more: manifest.json lists them", "", "", "")
    return table


def _told(result: SplitResult) -> Table:
    """What the split did not carry, the same over all pieces in one line; and findings."""
    table = Table.grid(padding=(0, 1, 0, 0))
    for finding in result.findings:
        mark, style = _MARKS[finding.severity]
        where = f" [{ranges(finding.units)}]" if finding.units else ""
        table.add_row(Text(mark, style), Text.assemble(finding.message, (where, "dim")))
    changed: dict[str, tuple[str, set[int]]] = {}
    for piece in result.manifest.pieces:
        for change in piece.changes:
            message, units = changed.setdefault(change.code, (change.message, set()))
            units.update(change.units)
    for code, (message, units) in changed.items():
        where = f" [{ranges(sorted(units))}]" if units else ""
        table.add_row(Text("i", "blue"), Text.assemble((f"{code}: ", "bold"), message, (where, "dim")))
    return table
