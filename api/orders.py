"""What is asked for, as it comes over HTTP: targets by id alone, and nothing of it repeated in a failure."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

from preflight.errors import UnknownTarget
from preflight.judging import Order, UserLimits, prepare
from preflight.target import load_profile, profile_ids
from preflight.wording import JSON_WORDS, QUERY_WORDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from preflight.judging import Prepared
    from preflight.profile import Hop, Target
    from preflight.wording import OrderWords

_ID = re.compile(r"[a-z0-9][a-z0-9:-]{0,63}")
IN_QUERY, IN_BODY = QUERY_WORDS, JSON_WORDS


def order_of(
    target: str | None,
    via: Sequence[str],
    model: str | None,
    *,
    words: OrderWords,
    limits: UserLimits | None = None,
) -> Order:
    """Return what is asked for.

    Raises:
        UnknownTarget: A target or gateway is not known. The message has nothing of what was asked for.
    """
    return Order(
        target=None if target is None else known(target),
        hops=tuple(known(hop) for hop in via),
        model=model,
        limits=limits or UserLimits(),
        words=words,
    )


def known(reference: str) -> str:
    """Let ids of our own pass, never paths: a caller must not make the service read its own files.

    Raises:
        UnknownTarget: Not one of our ids, with or without a mode. The message has nothing of what was asked for.
    """
    name, ids = reference.partition(":")[0], profile_ids()
    if _ID.fullmatch(reference) and name in ids:
        return reference
    near = get_close_matches(name[:64], ids, n=3, cutoff=0.5)
    hint = f" Nearest: {', '.join(near)}." if near else ""
    raise UnknownTarget(f"There is no such target or gateway.{hint} GET /v1/targets lists them.")


def profile(reference: str) -> Target | Hop:
    """Load a profile of our own.

    Raises:
        UnknownTarget: There is none, or it has no such mode. The message has nothing of what was asked for.
    """
    ours = known(reference)
    try:
        return load_profile(ours, files=False)
    except UnknownTarget as error:
        raise UnknownTarget("The target has no such mode. GET /v1/targets lists the modes of each.") from error


def prepared(order: Order) -> Prepared:
    """Load what an order names.

    Raises:
        UnknownTarget: As :func:`preflight.judging.prepare` says, in words that have nothing of the request.
    """
    try:
        return prepare(order)
    except UnknownTarget as error:
        raise UnknownTarget(
            "The target has no such mode or model, or a service is named where a gateway is wanted, or the other way "
            "round. GET /v1/targets lists services and gateways, GET /v1/targets/{id} the modes and models of one."
        ) from error
