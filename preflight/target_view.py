"""A profile as plain lists and texts, for ``targets show`` and the HTTP API."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING

from preflight.profile import Fact

if TYPE_CHECKING:
    from preflight.profile import Hop, Target


def summary(profile: Target | Hop) -> dict[str, object]:
    """Return what a list of profiles shows of one."""
    modes = [{"id": mode.id, "about": mode.about} for mode in profile.modes]
    return {"id": profile.id, "name": profile.name, "kind": profile.kind, "modes": modes}


def target_data(profile: Target | Hop) -> dict[str, object]:
    """Return everything a profile says, ready for JSON.

    ``facts`` holds the figures with their sources; everywhere else a fact is its name. What is empty or unknown is
    left out, except the value of a fact, where null says that it is not known. ``ref`` is the id with the chosen mode.
    """
    plain = _plain(profile)
    assert isinstance(plain, dict)  # noqa: S101 - a dataclass always becomes a dict
    plain["ref"] = profile.ref
    plain["mode"] = profile.mode.id
    plain["facts"] = [_fact(fact) for fact in profile.facts]
    return plain


def _fact(fact: Fact) -> dict[str, object]:
    return {
        "name": fact.name,
        "value": fact.value,
        "unit": fact.unit,
        "status": fact.status,
        "source": fact.url,
        "as_of": fact.as_of,
        "note": fact.note,
    }


def _plain(value: object) -> object:
    if isinstance(value, Fact):
        return value.name
    if is_dataclass(value) and not isinstance(value, type):
        pairs = ((one.name, _plain(getattr(value, one.name))) for one in fields(value))
        return {name: plain for name, plain in pairs if plain is not None and plain not in ("", [], {})}
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value
