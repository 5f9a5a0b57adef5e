"""Profiles for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from preflight.profile import MEDIA, Hop, Target
from preflight.wording import limit_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import RenderableType

    from preflight.profile import Fact, LimitRule, Profile

NAME_WIDTH = 28
_WORDS = frozenset({"bool", "formula", "list", "rule", "text"})
_STATUS = {"confirmed": "green", "documented-via-mirror": "", "conflict": "yellow", "unconfirmed": "yellow"}


def targets_view(profiles: Sequence[Target | Hop]) -> RenderableType:
    """Return all profiles, services first."""
    parts: list[RenderableType] = []
    for title, kind in (("services (--for)", Target), ("gateways (--via)", Hop)):
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), title=title, title_justify="left")
        table.add_column("id", no_wrap=True, style="bold")
        table.add_column("name")
        table.add_column("modes", style="dim")
        for profile in profiles:
            if isinstance(profile, kind):
                modes = ", ".join(mode.id for mode in profile.modes) if len(profile.modes) > 1 else ""
                table.add_row(profile.id, profile.name, modes)
        parts += [table, Text()]
    parts.append(Text("A mode is named behind a colon: textract:async. `preflight targets show ID` shows the limits."))
    return Group(*parts)


def target_view(profile: Target | Hop) -> RenderableType:
    """Return one profile: modes, how it sees which files, limits, models, every fact with its source."""
    parts: list[RenderableType] = [Text.assemble((profile.id, "bold"), f"  {profile.name} ({profile.kind})")]
    parts += [Text(f"  {note}") for note in profile.notes]
    if len(profile.modes) > 1:
        parts += [Text(f"  mode {mode.id}: {mode.about}", "dim") for mode in profile.modes]
    if isinstance(profile, Target):
        parts.append(_acceptance(profile))
        if profile.models:
            default = profile.default_model
            names = ", ".join(model.id + (" (default)" if model.id == default else "") for model in profile.models)
            parts.append(_part("models", [(f"{len(profile.models)}", Text(names))]))
    parts.append(_limits(profile))
    parts.append(_facts(profile))
    return Group(*parts)


def _part(title: str, rows: Iterable[tuple[str | Text, Text]]) -> RenderableType:
    """Rows of a name and what there is to say of it, under a title."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, max_width=NAME_WIDTH, overflow="ellipsis")
    table.add_column(overflow="fold")
    for name, words in rows:
        table.add_row(name, words)
    return Group(Text(f"\n{title}", "bold"), Padding(table, (0, 0, 0, 2), expand=False))


def _acceptance(target: Target) -> RenderableType:
    rows = []
    for entry in target.accepts:
        words = Text(_media_words(entry.media))
        if entry.modes:
            words.append(f"; mode {', '.join(sorted(entry.modes))}")
        if entry.note:
            words.append(f"; {entry.note}", "dim")
        rows.append((entry.sees, words))
    return _part("how it sees what it gets", rows)


def _media_words(media: frozenset[str]) -> str:
    """Short names of media types, as a profile file writes them."""
    return ", ".join(name for name, media_type in MEDIA.items() if media_type in media)


def _limits(profile: Profile) -> RenderableType:
    rows = []
    for rule in profile.limits:
        conditions = _conditions(rule)
        words = Text(conditions + ("; " if conditions else ""))
        rows.append((limit_words(rule.measure, rule.max), words.append_text(_cited(rule.fact))))
    return _part("limits that are enforced", rows)


def _cited(fact: Fact) -> Text:
    """How sure a fact is, its date and its source."""
    words = Text.assemble((fact.status, _STATUS.get(fact.status, "")))
    return words.append(f", {fact.as_of}: {fact.url}", "dim")


def _conditions(rule: LimitRule) -> str:
    """When a limit applies, in words."""
    words = []
    if rule.media:
        words.append(_media_words(rule.media))
    if rule.modes:
        words.append("mode " + ", ".join(sorted(rule.modes)))
    if rule.models:
        words.append("models " + ", ".join(rule.models))
    if rule.context_from:
        words.append(f"context from {rule.context_from:,}")
    if rule.context_below:
        words.append(f"context below {rule.context_below:,}")
    if rule.encoded:
        words.append("encoded request")
    return "; ".join(words)


def _facts(profile: Profile) -> RenderableType:
    rows = []
    for fact in profile.facts:
        words = Text(f"{_value(fact)}; ").append_text(_cited(fact))
        if fact.note:
            words.append(f"; {fact.note}", "dim")
        rows.append((fact.name, words))
    return _part("everything known", rows)


def _value(fact: Fact) -> str:
    """A fact's value with its unit; what is no number has none."""
    match fact.value:
        case None:
            return "not published"
        case bool():
            return "yes" if fact.value else "no"
        case int() | float():
            return f"{fact.value:,} {fact.unit}"
        case _:
            return str(fact.value) if fact.unit in _WORDS else f"{fact.value} {fact.unit}"
