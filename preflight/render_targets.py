"""Profiles for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

from preflight.profile import MEDIA, Hop, Target
from preflight.wording import limit_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from preflight.profile import LimitRule, Profile

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
        parts.append(table)
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
            parts.append(Text(f"models: {names}"))
    parts.append(_limits(profile))
    parts.append(_facts(profile))
    return Group(*parts)


def _acceptance(target: Target) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), title="what it reads", title_justify="left")
    table.add_column("media")
    table.add_column("sees", no_wrap=True)
    table.add_column("modes", style="dim")
    table.add_column("remark", style="dim")
    for entry in target.accepts:
        media = _media_words(entry.media)
        table.add_row(media, entry.sees, ", ".join(sorted(entry.modes)), entry.note)
    return table


def _media_words(media: frozenset[str]) -> str:
    """Short names of media types, as a profile file writes them."""
    return ", ".join(name for name, media_type in MEDIA.items() if media_type in media)


def _limits(profile: Profile) -> Table:
    table = Table(
        box=None, pad_edge=False, padding=(0, 2, 0, 0), title="limits that are enforced", title_justify="left"
    )
    table.add_column("limit", justify="right", no_wrap=True)
    table.add_column("when", style="dim")
    table.add_column("how sure", no_wrap=True)
    table.add_column("as of", no_wrap=True)
    table.add_column("source", style="dim", overflow="fold")
    for rule in profile.limits:
        fact = rule.fact
        status = Text(fact.status, _STATUS.get(fact.status, ""))
        table.add_row(limit_words(rule.measure, rule.max), _conditions(rule), status, fact.as_of, fact.url)
    return table


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


def _facts(profile: Profile) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), title="everything known", title_justify="left")
    for name in ("fact", "value", "how sure", "as of", "source"):
        table.add_column(name, overflow="fold", style="dim" if name == "source" else "")
    for fact in profile.facts:
        value = "not published" if fact.value is None else f"{fact.value} {fact.unit}"
        note = f" ({fact.note})" if fact.note else ""
        table.add_row(fact.name, value + note, Text(fact.status, _STATUS.get(fact.status, "")), fact.as_of, fact.url)
    return table
