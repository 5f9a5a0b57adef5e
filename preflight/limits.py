"""Which limits hold for one request or piece, and which of them is the tightest.

Limits come from the chosen mode of the target, from the model's context window, and from every gateway on the way. Of
each measure the tightest binds and keeps its source. A byte limit may count the file or the encoded request; they are
compared by the file size they leave (:func:`raw_bytes_max`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from preflight.errors import SettingsError
from preflight.model import Limit, Measure
from preflight.profile import MEDIA, MEDIA_GROUPS, matches
from preflight.target import model_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from preflight.profile import Hop, LimitRule, Mode, ModelInfo, Profile, Target

_MEASURES: tuple[Measure, ...] = get_args(Measure)
_IMAGES = frozenset(MEDIA[name] for name in MEDIA_GROUPS["image"])
# What only pages or pictures have. Flowing text has no pages until it is printed, and its blocks are not pages.
_ONLY_FOR: dict[Measure, frozenset[str]] = {
    "pages": _IMAGES | {MEDIA["pdf"]},
    "page-points": frozenset({MEDIA["pdf"]}),
    "pixels-per-side": _IMAGES,
    "megapixels": _IMAGES,
}


def effective_limits(
    target: Target,
    hops: Sequence[Hop] = (),
    *,
    media_type: str,
    model: str | None = None,
    reserve_tokens: int | None = None,
) -> tuple[Limit, ...]:
    """Return the tightest limit of each measure along the way.

    Args:
        target: The receiving service in its mode.
        hops: Gateways on the way, in any order.
        media_type: Media type of the pieces.
        model: Model id; None for the default.
        reserve_tokens: Part of the context window to keep free; None takes the profile's.

    Returns:
        At most one limit a measure, in the order of :data:`preflight.model.Measure`. Of equal ones the target's own
        comes first, then the gateways as given.

    Raises:
        UnknownTarget: The target does not know the model.
        SettingsError: Nothing of the context window is left.
    """
    return tightest(applicable_limits(target, hops, media_type=media_type, model=model, reserve_tokens=reserve_tokens))


def tightest(limits: Iterable[Limit]) -> tuple[Limit, ...]:
    """Return the tightest limit of each measure; of equal ones the first."""
    best: dict[Measure, Limit] = {}
    for limit in limits:
        known = best.get(limit.measure)
        if known is None or _room(limit) < _room(known):
            best[limit.measure] = limit
    return tuple(best[measure] for measure in _MEASURES if measure in best)


def applicable_limits(
    target: Target,
    hops: Sequence[Hop] = (),
    *,
    media_type: str,
    model: str | None = None,
    reserve_tokens: int | None = None,
) -> tuple[Limit, ...]:
    """Return every limit that holds, tight or not, for ``--explain``; see :func:`effective_limits`."""
    chosen = model_of(target, model)
    limits = list(_of_profile(target, target, media_type, chosen))
    context = _context_limit(target, chosen, media_type, reserve_tokens)
    if context is not None:
        limits.append(context)
    for hop in hops:
        limits.extend(_of_profile(hop, target, media_type, chosen))
    return tuple(limits)


def user_limit(measure: Measure, value: float) -> Limit:
    """Return a limit the user set."""
    return Limit(
        measure=measure,
        max=value,
        by="user",
        field=f"max-{measure}",
        source="set by the user",
        as_of="",
        status="user",
    )


def raw_bytes_max(limit: Limit) -> int:
    """Return the largest file, in bytes, that a limit on bytes lets through.

    Base64 writes 4 characters for every 3 bytes begun (RFC 4648), so an encoded limit leaves three quarters of what
    remains after the overhead, in whole groups.

    Raises:
        ValueError: The limit is not on bytes.
    """
    if limit.measure != "bytes":
        raise ValueError(f"{limit.field} of {limit.by} limits {limit.measure}, not bytes; give a limit on bytes")
    room = max(0, int(limit.max) - limit.overhead_bytes)
    return room // 4 * 3 if limit.encoded else room


def counted_bytes(size_bytes: int, limit: Limit) -> int:
    """Return what a limit on bytes counts for a file of this size; the inverse of :func:`raw_bytes_max`."""
    return (_base64_bytes(size_bytes) if limit.encoded else size_bytes) + limit.overhead_bytes


def request_bytes(size_bytes: int, mode: Mode) -> int:
    """Return the bytes on the wire for a file sent in this mode, overhead included."""
    if mode.transport == "json-base64":
        return _base64_bytes(size_bytes) + mode.overhead_bytes
    return size_bytes + mode.overhead_bytes


def _base64_bytes(size_bytes: int) -> int:
    return -(-size_bytes // 3) * 4


def _room(limit: Limit) -> float:
    return raw_bytes_max(limit) if limit.measure == "bytes" else limit.max


def _of_profile(profile: Profile, target: Target, media_type: str, model: ModelInfo | None) -> Iterable[Limit]:
    """Yield the limits of a target or gateway that hold for this request."""
    for rule in profile.limits:
        if _holds(rule, profile, target, media_type, model):
            yield _limit(rule, profile, target)


def _holds(rule: LimitRule, profile: Profile, target: Target, media_type: str, model: ModelInfo | None) -> bool:
    """Whether a rule applies. What is not known (no model, no context window) counts as applying: the safe reading."""
    if rule.modes and profile.mode.id not in rule.modes:
        return False
    if (rule.media and media_type not in rule.media) or media_type not in _ONLY_FOR.get(rule.measure, {media_type}):
        return False
    if profile is not target and not _passes(rule, target):
        return False
    if rule.models and model is not None and not matches(model.id, rule.models):
        return False
    context = model.context_tokens if model else None
    return context is None or (rule.context_from or 0) <= context < (rule.context_below or context + 1)


def _passes(rule: LimitRule, target: Target) -> bool:
    """Whether what a gateway limits comes past it, given how the target takes the file."""
    transport = target.mode.transport
    if rule.transport and transport not in rule.transport:
        return False
    # A file in a bucket does not pass the gateway; only a short request naming it does.
    return not (rule.measure == "bytes" and transport == "reference")


def _limit(rule: LimitRule, profile: Profile, target: Target) -> Limit:
    is_json = target.mode.transport == "json-base64"
    if profile is target:
        encoded = rule.encoded and is_json
        around = target.mode.overhead_bytes if encoded else 0
    else:
        encoded = rule.encoded or is_json
        around = target.mode.overhead_bytes
    if rule.overhead_bytes is not None:
        around = rule.overhead_bytes
    fact = rule.fact
    return Limit(
        measure=rule.measure,
        max=rule.max,
        by=profile.ref,
        field=fact.name,
        source=fact.url,
        as_of=fact.as_of,
        status=fact.status,
        encoded=encoded and rule.measure == "bytes",
        overhead_bytes=around if rule.measure == "bytes" else 0,
        note="; ".join(note for note in (fact.note, rule.note) if note),
    )


def _context_limit(
    target: Target, model: ModelInfo | None, media_type: str, reserve_tokens: int | None
) -> Limit | None:
    """Return the model's context window less what question and answer need; None when the text is not read whole."""
    seen = target.acceptance(media_type)
    if model is None or model.context_tokens is None or model.fact is None or (seen and seen.sees == "retrieval"):
        return None
    reserve = target.reserve_tokens if reserve_tokens is None else reserve_tokens
    room = min(model.input_tokens or model.context_tokens, model.context_tokens - reserve)
    if room < 1:
        raise SettingsError(
            f"Nothing of the {model.context_tokens:,} tokens of {model.id} is left when {reserve:,} are kept free. "
            "Keep fewer."
        )
    note = f"{model.id}: {model.context_tokens:,} in all, {reserve:,} kept for question and answer"
    if model.input_tokens:
        note += f", at most {model.input_tokens:,} of input"
    return Limit(
        measure="tokens",
        max=room,
        by=target.ref,
        field=model.fact.name,
        source=model.fact.url,
        as_of=model.fact.as_of,
        status=model.fact.status,
        note=note,
    )
