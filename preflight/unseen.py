"""Units that the target will not read although they are in a piece: scans, for a target that takes text only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extractors.facts import Finding
from preflight.advice import unreadable_words
from preflight.case import Case, TargetView

if TYPE_CHECKING:
    from preflight.survey import Surveyed

UNSEEN = "scans-invisible"


def about_unseen(surveyed: Surveyed) -> tuple[Finding, ...]:
    """Tell of units whose visible text does not reach the target as text, nor as a picture it looks at."""
    options, target, facts = surveyed.options, surveyed.prepared.target, surveyed.examined.facts
    if target is None or options.form != "document":
        return ()
    view = TargetView.of(target, surveyed.media_type)
    case = Case(media_type=surveyed.media_type, facts=facts, target=view, readings=(), plan=None)
    numbers = tuple(number for number in case.scans if number not in surveyed.bad)
    if not numbers or view.sees not in {"text", "retrieval"} or case.sees_images:
        return ()
    why = "takes text only" if view.sees == "text" else "is not known to run OCR"
    unread = f"{unreadable_words(facts, len(numbers))}, and {view.id} {why}"
    if options.with_text and options.ocr != "never":
        message = f"{unread}: send the text beside each piece with it."
        return (Finding(severity="info", code=UNSEEN, message=message, units=numbers),)
    message = (
        f"{unread}: what they show does not arrive. Split with --as text, which recognizes it, or with --with-text, "
        "and send that text."
    )
    return (Finding(severity="warning", code=UNSEEN, message=message, units=numbers),)
