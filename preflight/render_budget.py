"""What a folder would cost, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

from extractors.clean import safe_label
from preflight.wording import size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from preflight.batch_budget import Budget

_SHOWN = 20


def budget_view(budgets: Sequence[Budget]) -> RenderableType:
    """Show the sums of each target side by side, then the files that do not get through as they are."""
    table = Table(title="what it would cost", title_justify="left", box=None, pad_edge=False)
    for name in ("target", "files", "tokens", "money", "upload", "not through"):
        of_target = name == "target"
        table.add_column(name, justify="left" if of_target else "right", overflow="fold", no_wrap=of_target)
    for one in budgets:
        stopped = f"{len(one.stopped):,}"
        table.add_row(one.target, f"{one.files:,}", _tokens(one), _money(one), size(one.upload_bytes), stopped)
    parts: list[RenderableType] = [table]
    for one in budgets:
        if one.stopped:
            parts.append(Text(f"\nwill not get through {one.target} as they are:"))
            parts += [
                Text(f"  {safe_label(path, 300)}: {verdict}; {why}") for path, verdict, why in one.stopped[:_SHOWN]
            ]
        if len(one.stopped) > _SHOWN:
            parts.append(Text(f"  and {len(one.stopped) - _SHOWN:,} more; budget.json names them all"))
    return Group(*parts)


def _tokens(one: Budget) -> str:
    low, likely, high = one.tokens
    unknown = f"\nunknown for {one.unknown_tokens:,}" if one.unknown_tokens else ""
    return f"{likely:,}\n({low:,} to {high:,}){unknown}" if high or not unknown else unknown.strip()


def _money(one: Budget) -> str:
    sums = [
        f"{likely:,.2f} {currency}\n({low:,.2f} to {high:,.2f})"
        for currency, (low, likely, high) in sorted(one.cost.items())
    ]
    if one.unknown_cost:
        sums.append(f"unknown for {one.unknown_cost:,}")
    return "\n".join(sums) or "0"
