"""The parts of a profile file only a service has: what it accepts, its models, rules, prices and speed."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Literal

from preflight.profile import (
    MEDIA,
    MEDIA_GROUPS,
    Acceptance,
    Fact,
    Mode,
    ModelInfo,
    Pricing,
    Profile,
    Refusal,
    Sees,
    ServerRate,
    Target,
    TextTokens,
)
from preflight.tokens import TOKENIZERS
from preflight.toml_reader import did_you_mean
from preflight.vision import ClaudeResize, Flat, GeminiTile, ImageRule, OpenAIPatch, OpenAITile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from preflight.toml_reader import Table

_RuleKind = Literal["flat", "claude-resize", "openai-patch", "openai-tile", "gemini-tile"]
_Per = Literal["token", "page"]


def media_types(entry: Table) -> frozenset[str]:
    """Read ``media``: short names and groups to media types."""
    found: set[str] = set()
    for name in entry.texts("media"):
        if name in MEDIA_GROUPS:
            found.update(MEDIA[member] for member in MEDIA_GROUPS[name])
        elif name in MEDIA:
            found.add(MEDIA[name])
        else:
            entry.complain("media", f"{name!r} is no media type{did_you_mean(name, (*MEDIA, *MEDIA_GROUPS))}")
    return frozenset(found)


def mode_names(entry: Table, modes: tuple[Mode, ...]) -> frozenset[str]:
    """Read ``modes`` of an entry and check that they exist."""
    names = entry.texts("modes")
    known = [mode.id for mode in modes]
    for name in names:
        if name not in known:
            entry.complain("modes", f"there is no [modes.{name}]{did_you_mean(name, known)}")
    return frozenset(names)


def fact_of(entry: Table, facts: Mapping[str, Fact], *, needed: bool) -> Fact | None:
    """Read ``fact`` of an entry and look it up."""
    name = entry.text("fact", None if needed else "")
    if name and name not in facts:
        entry.complain("fact", f"{name!r} is not in [facts]{did_you_mean(name, facts)}")
    return facts.get(name)


# Stands in for a fact that is not there, so that reading can go on.
NO_FACT = Fact(name="", value=None, unit="", status="unconfirmed", url="", as_of="")


def read_service(top: Table, base: Profile, facts: Mapping[str, Fact]) -> Target:
    """Add to a profile what only a service has."""
    rules = {name: _read_rule(entry, facts) for name, entry in top.table("rules").named()}
    models = tuple(model for entry in top.tables("models") for model in _read_models(entry, base, facts, rules))
    known = [model.id for model in models]
    default = top.text("default_model", "") or None
    if default not in {None, *known}:
        top.complain("default_model", f"{default!r} is not in [[models]]{did_you_mean(str(default), known)}")
    if models and default is None:
        top.complain("default_model", "is missing; name the model taken when the user names none")
    for mode in base.modes:
        if mode.default_model not in {None, *known}:
            top.report.add(("modes", mode.id, "default_model"), f"{mode.default_model!r} is not in [[models]]")
    reserve = top.whole("reserve_tokens", zero=True)
    return Target(
        id=base.id,
        name=base.name,
        kind=base.kind,
        notes=base.notes,
        facts=base.facts,
        modes=base.modes,
        mode=base.mode,
        limits=base.limits,
        models=models,
        default_model=default,
        reserve_tokens=reserve or 0,
        tokenizer=_tokenizer(top),
        page_rule=_rule_named(top, "page_rule", rules),
        image_rule=_rule_named(top, "image_rule", rules),
        accepts=tuple(_read_acceptance(entry, base.modes, facts) for entry in top.tables("accepts")),
        pricing=_read_pricing(top.table("pricing"), facts, known) if top.has("pricing") else None,
        rate=_read_rate(top.table("seconds"), facts) if top.has("seconds") else None,
    )


def _read_acceptance(entry: Table, modes: tuple[Mode, ...], facts: Mapping[str, Fact]) -> Acceptance:
    media = media_types(entry)
    if not media:
        entry.complain("media", "is missing or empty; say which media types this entry is about")
    sees: Sees = entry.choice("sees", Sees)
    text_tokens: TextTokens = entry.choice("text_tokens", TextTokens, "counted")
    refuses: list[Refusal] = []
    for word in entry.texts("refuses"):
        if word in {"encrypted", "xfa", "copy-protected"}:
            refuses.append(word)  # type: ignore[arg-type]
        else:
            entry.complain("refuses", f"{word!r} is not one of encrypted, xfa, copy-protected")
    accepted = Acceptance(
        media=media,
        modes=mode_names(entry, modes),
        sees=sees,
        text_tokens=text_tokens,
        images_per_unit=entry.whole("images_per_unit", zero=True) or 0,
        refuses=tuple(refuses),
        fact=fact_of(entry, facts, needed=False),
        note=entry.text("note", ""),
    )
    if accepted.fact is None and not accepted.note:
        entry.complain("note", "is missing: without a fact, say where this comes from")
    entry.done()
    return accepted


def _tokenizer(entry: Table) -> str | None:
    name = entry.text("tokenizer", "") or None
    if name not in {None, *TOKENIZERS}:
        entry.complain("tokenizer", f"{name!r} is no known family{did_you_mean(str(name), TOKENIZERS)}")
        return None
    return name


def _rule_named(entry: Table, key: str, rules: Mapping[str, ImageRule]) -> ImageRule | None:
    name = entry.text(key, "")
    if name and name not in rules:
        entry.complain(key, f"there is no [rules.{name}]{did_you_mean(name, rules)}")
    return rules.get(name)


def _read_models(
    entry: Table, base: Profile, facts: Mapping[str, Fact], rules: Mapping[str, ImageRule]
) -> tuple[ModelInfo, ...]:
    """Read one ``[[models]]`` entry: several ids that share everything else."""
    ids = entry.texts("ids")
    if not ids:
        entry.complain("ids", 'is missing or empty; list the model ids, such as ["gpt-4o"]')
    context = entry.whole("context_tokens")
    read = ModelInfo(
        id="",
        modes=mode_names(entry, base.modes),
        context_tokens=context,
        input_tokens=entry.whole("input_tokens"),
        fact=fact_of(entry, facts, needed=context is not None),
        tokenizer=_tokenizer(entry),
        page_rule=_rule_named(entry, "page_rule", rules),
        image_rule=_rule_named(entry, "image_rule", rules),
        note=entry.text("note", ""),
    )
    entry.done()
    return tuple(_renamed(read, name) for name in ids)


def _renamed(model: ModelInfo, name: str) -> ModelInfo:
    return ModelInfo(
        id=name,
        modes=model.modes,
        context_tokens=model.context_tokens,
        input_tokens=model.input_tokens,
        fact=model.fact,
        tokenizer=model.tokenizer,
        page_rule=model.page_rule,
        image_rule=model.image_rule,
        note=model.note,
    )


def _read_rule(entry: Table, facts: Mapping[str, Fact]) -> ImageRule:
    """Read ``[rules.*]``."""
    kind: _RuleKind = entry.choice("kind", _RuleKind)
    fact = fact_of(entry, facts, needed=True) or NO_FACT
    rule = _rule_of(kind, entry, fact, entry.text("note", ""))
    entry.done()
    return rule


def _rule_of(kind: _RuleKind, entry: Table, fact: Fact, note: str) -> ImageRule:
    match kind:
        case "flat":
            return _flat(entry, fact, note)
        case "claude-resize":
            edge, budget = entry.wanted("edge_px"), entry.wanted("budget_tokens")
            return ClaudeResize(fact=fact, edge_px=edge, budget_tokens=budget, note=note)
        case "openai-patch":
            factor = entry.number("multiplier")
            if factor is None:
                entry.complain("multiplier", "is missing; 1.2 for most models, 1 for none")
            return OpenAIPatch(
                fact=fact,
                per_mille=round((factor or 1) * 1000),
                max_patches=entry.wanted("max_patches"),
                max_side_px=entry.wanted("max_side_px"),
                page_px=_page_px(entry),
                note=note,
            )
        case "openai-tile":
            return OpenAITile(
                fact=fact,
                base_tokens=entry.wanted("base_tokens"),
                tile_tokens=entry.wanted("tile_tokens"),
                fit_px=entry.wanted("fit_px"),
                short_px=entry.wanted("short_px"),
                page_px=_page_px(entry),
                note=note,
            )
        case "gemini-tile":
            tokens, small, tile = entry.wanted("tokens"), entry.wanted("small_px"), entry.wanted("tile_px")
            return GeminiTile(fact=fact, tokens=tokens, small_px=small, tile_px=tile, note=note)


def _flat(entry: Table, fact: Fact, note: str) -> Flat:
    likely = fact.value
    if isinstance(likely, bool) or not isinstance(likely, int):
        if fact is not NO_FACT:
            entry.complain("fact", f"{fact.name!r} must be a whole number of tokens")
        likely = 1
    low, high = entry.whole("low", zero=True), entry.whole("high")
    low, high = likely if low is None else low, likely if high is None else high
    if not low <= likely <= high:
        entry.complain("low", "low, the fact and high must rise")
    return Flat(fact=fact, low=low, likely=likely, high=high, note=note)


def _page_px(entry: Table) -> tuple[int, int, int]:
    sides = entry.three("page_px")
    if sides is None or sides[0] < 1:
        if not entry.has("page_px") or sides is not None:
            entry.complain("page_px", "write the long side of a rendered page in pixels: [low, likely, high]")
        return 1, 1, 1
    return int(sides[0]), int(sides[1]), int(sides[2])


def _read_pricing(entry: Table, facts: Mapping[str, Fact], models: Sequence[str]) -> Pricing:
    per: _Per = entry.choice("per", _Per)
    as_of = entry.text("as_of")
    try:
        dt.date.fromisoformat(as_of)
    except ValueError:
        entry.complain("as_of", f"{as_of!r} is no day; write it as 2026-11-22")
    names = entry.table("names")
    for name in names.all_keys():
        if name not in models:
            names.complain(name, f"is not in [[models]]{did_you_mean(name, models)}")
    pricing = Pricing(
        provider=entry.text("provider"),
        per=per,
        as_of=as_of,
        fact=fact_of(entry, facts, needed=False),
        names=tuple((name, names.text(name)) for name in names.all_keys()),
    )
    entry.done()
    return pricing


def _read_rate(entry: Table, facts: Mapping[str, Fact]) -> ServerRate:
    nothing = (0.0, 0.0, 0.0)
    rate = ServerRate(
        request=entry.three("per_request") or nothing,
        page=entry.three("per_page") or nothing,
        ocr_page=entry.three("per_ocr_page") or nothing,
        megabyte=entry.three("per_megabyte") or nothing,
        fact=fact_of(entry, facts, needed=True) or NO_FACT,
    )
    entry.done()
    return rate
