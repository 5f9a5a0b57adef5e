"""From the text of a profile file to a :class:`~preflight.profile.Target` or :class:`~preflight.profile.Hop`.

Reading and checking are one pass: :func:`parse` returns what it could read and every complaint. docs/targets.md is the
description for people; keep the two together.
"""

from __future__ import annotations

import re
import tomllib
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from preflight.model import LimitStatus, Measure
from preflight.profile import MEDIA, MEDIA_GROUPS, OVERHEAD_BYTES, Fact, Hop, Kind, LimitRule, Mode, Target, Transport
from preflight.target_parts import NO_FACT, fact_of, media_types, mode_names, read_service
from preflight.toml_reader import Complaint, Report, Table, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMA = "preflight/target/1"
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_UNIT: dict[str, str] = {
    "bytes": "bytes",
    "pages": "pages",
    "tokens": "tokens",
    "seconds": "s",
    "images": "images",
    "pixels-per-side": "px/side",
    "megapixels": "MP",
    "page-points": "pt",
    "words": "words",
}
_PAGED = frozenset(MEDIA[name] for name in ("pdf", *MEDIA_GROUPS["image"]))


def parse(text: str) -> tuple[Target | Hop | None, tuple[Complaint, ...]]:
    """Read a profile.

    Args:
        text: The file's text.

    Returns:
        The profile in the first of its modes, and what is wrong with it. The profile is usable only without
        complaints, and None when the text is no TOML or names no mode.
    """
    report = Report(text)
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        return None, (Complaint("", f"is not valid TOML: {error}"),)
    top = Table(data, (), report)
    schema = top.text("schema")
    if schema and schema != SCHEMA:
        top.complain("schema", f"{schema!r} is not known; write {SCHEMA!r}")
    profile = _read_profile(top)
    top.done()
    return profile, tuple(report.complaints)


def _read_profile(top: Table) -> Target | Hop | None:
    profile_id = top.text("id")
    if profile_id and not _ID.fullmatch(profile_id):
        top.complain("id", "must be lower-case letters, digits and single hyphens")
    kind: Kind = top.choice("kind", Kind)
    name = top.text("name")
    notes = top.texts("notes")
    facts = _read_facts(top)
    modes = _read_modes(top, gateway=kind == "gateway")
    limits = tuple(_read_limit(entry, facts, modes, gateway=kind == "gateway") for entry in top.tables("limits"))
    if not modes:
        return None
    base = Hop(
        id=profile_id,
        name=name,
        kind=kind,
        notes=notes,
        facts=tuple(facts.values()),
        modes=modes,
        mode=modes[0],
        limits=limits,
    )
    if kind == "gateway":
        return base
    target = read_service(top, base, facts)
    _check_models(top, limits, tuple(model.id for model in target.models))
    return target


def _read_facts(top: Table) -> dict[str, Fact]:
    """Read ``[sources]`` and ``[facts]``."""
    sources: dict[str, tuple[str, str]] = {}
    for name, entry in top.table("sources").named():
        sources[name] = (entry.text("url"), entry.text("as_of"))
        entry.done()
    facts: dict[str, Fact] = {}
    used: set[str] = set()
    for name, entry in top.table("facts").named():
        source = entry.text("source")
        if source and source not in sources:
            entry.complain("source", f"{source!r} is not in [sources]{did_you_mean(source, sources)}")
        used.add(source)
        url, as_of = sources.get(source, ("", ""))
        status: LimitStatus = entry.choice("status", LimitStatus)
        facts[name] = Fact(
            name=name,
            value=_read_value(entry),
            unit=entry.text("unit"),
            status=status,
            url=url,
            as_of=as_of,
            note=entry.text("note", ""),
        )
        entry.done()
    for name in sources.keys() - used:
        top.report.add(("sources", name), "no fact refers to it; remove it or say where it is used")
    return facts


def _read_value(entry: Table) -> int | float | bool | str | None:
    value = entry.raw("value")
    unknown = entry.flag("unknown")
    if value is None and not unknown:
        entry.complain("value", "is missing; write unknown = true when it is not published")
    if value is not None and unknown:
        entry.complain("unknown", "cannot stand beside a value; remove one of them")
    if value is None or isinstance(value, int | float | bool | str):
        return value
    entry.complain("value", "must be a number, true, false or text")
    return None


def _read_modes(top: Table, *, gateway: bool) -> tuple[Mode, ...]:
    """Read ``[modes.*]``; the first is what the bare id means."""
    modes = []
    for name, entry in top.table("modes").named():
        if not _ID.fullmatch(name):
            top.report.add(entry.path, "the name must be lower-case letters, digits and single hyphens")
        transport: Transport | None = None
        overhead = 0
        if not gateway:
            transport = entry.choice("transport", Transport)
            given = entry.whole("overhead_bytes", zero=True)
            overhead = OVERHEAD_BYTES[transport] if given is None else given
        model = None if gateway else entry.text("default_model", "") or None
        about = entry.text("about")
        modes.append(Mode(id=name, about=about, transport=transport, overhead_bytes=overhead, default_model=model))
        entry.done()
    if not modes:
        top.complain("modes", "is missing; every profile has at least one, such as [modes.default]")
    return tuple(modes)


def _read_limit(entry: Table, facts: Mapping[str, Fact], modes: tuple[Mode, ...], *, gateway: bool) -> LimitRule:
    fact = fact_of(entry, facts, needed=True) or NO_FACT
    measure: Measure = entry.choice("measure", Measure)
    media = media_types(entry)
    transports = entry.texts("transport") if gateway else ()
    for name in transports:
        if name not in OVERHEAD_BYTES:
            entry.complain("transport", f"{name!r} is no way to travel{did_you_mean(name, OVERHEAD_BYTES)}")
    if measure == "pages" and media and not media & _PAGED:
        entry.complain("media", "pages are counted of PDF and images only; flowing text has no pages until printed")
    rule = LimitRule(
        fact=fact,
        measure=measure,
        max=_read_max(entry, fact, measure),
        media=media,
        modes=mode_names(entry, modes),
        models=() if gateway else entry.texts("models"),
        context_from=None if gateway else entry.whole("context_from"),
        context_below=None if gateway else entry.whole("context_below"),
        transport=frozenset(transports),
        encoded=entry.flag("encoded"),
        overhead_bytes=entry.whole("overhead_bytes", zero=True),
        note=entry.text("note", ""),
    )
    if measure != "bytes" and (rule.encoded or rule.overhead_bytes is not None):
        entry.complain("encoded", "only limits on bytes know encoding and overhead; remove it")
    entry.done()
    return rule


def _read_max(entry: Table, fact: Fact, measure: Measure) -> int | float:
    """Return ``max`` or the fact's own number, whose unit must then be the measure's."""
    given = entry.number("max")
    if given is not None:
        return given
    value = fact.value
    if isinstance(value, bool) or not isinstance(value, int | float):
        if fact is not NO_FACT and not entry.has("max"):
            entry.complain("max", f"is missing: the fact {fact.name!r} is no number, so write the number here")
        return 1
    if fact.unit != _UNIT[measure]:
        entry.complain("measure", f"{measure} are counted in {_UNIT[measure]!r}, but the fact is in {fact.unit!r}")
    if value <= 0:
        entry.complain("fact", f"{fact.name!r} must be above zero to be a limit")
    return value


def _check_models(top: Table, limits: tuple[LimitRule, ...], models: tuple[str, ...]) -> None:
    """Complain about patterns of models that fit none, most likely a misspelling."""
    for index, rule in enumerate(limits):
        for pattern in rule.models:
            if not any(fnmatchcase(model, pattern) for model in models):
                hint = did_you_mean(pattern, models)
                top.report.add(("limits", index, "models"), f"{pattern!r} fits no model of [[models]]{hint}")
