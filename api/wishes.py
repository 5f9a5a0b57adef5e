"""From the body of a request to what is wanted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from api.orders import IN_BODY, order_of
from preflight.engine.request import TextWish
from preflight.errors import BadWebhook, LanguageNotOffered, UsageError
from preflight.judging import UserLimits
from preflight.service.jobs import Wish
from preflight.service.workers import languages_spoken, workers_alive
from preflight.splitting import SplitOptions
from preflight.webhooks import endpoint_from

if TYPE_CHECKING:
    from api.context import Context
    from api.models import HookIn, SplitIn, TextIn
    from preflight.service.space import Space


def text_wish(body: TextIn) -> Wish:
    """Return what is wanted of a text."""
    return Wish(text=TextWish(form=body.form, ocr=body.ocr), languages=_languages(body.languages))


def split_wish(body: SplitIn) -> Wish:
    """Return what is wanted of a split.

    Raises:
        UsageError: Nothing says what a piece may hold.
        UnknownTarget: A target or gateway is not known.
    """
    limits = body.own_limits()
    if body.target is None and limits == UserLimits():
        raise UsageError("Say what the pieces are for: `for`, or a limit of your own such as `max_pages`.")
    options = SplitOptions(
        form=body.form,
        with_text=body.with_text,
        shrink=body.shrink,
        active_content=body.active_content,
        decrypt=body.decrypt,
        ocr=body.ocr,
        model=body.model,
    )
    order = order_of(body.target, body.via, body.model, words=IN_BODY, limits=limits)
    return Wish(order=order, split=options, languages=_languages(body.languages))


def with_hook(wish: Wish, hook: HookIn | None, context: Context) -> Wish:
    """Return a wish whose end somebody is told of.

    Raises:
        BadWebhook: Webhooks are off, or the address may not be used.
    """
    if hook is None:
        return wish
    if not context.options.webhooks:
        raise BadWebhook("Webhooks are switched off here. Leave `webhook` out and follow the job instead.")
    endpoint_from(hook.url, context.options.trusted_hooks)
    return replace(wish, hook=(hook.url, hook.secret))


def check_languages(wish: Wish, space: Space) -> None:
    """Check that OCR has data for the languages that are asked for, as far as those who work are there to be asked.

    Raises:
        LanguageNotOffered: It has none for one of them. The message has nothing of what was asked for.
    """
    if wish.languages is None:
        return
    spoken = languages_spoken(workers_alive(space))
    if spoken and not set(wish.languages) <= spoken:
        there = ", ".join(sorted(spoken))
        raise LanguageNotOffered(
            f"OCR has no data for one of the languages, but for {there}. Ask for these, or leave the languages out."
        )


def _languages(given: str | None) -> tuple[str, ...] | None:
    return None if given is None else tuple(given.split("+"))
