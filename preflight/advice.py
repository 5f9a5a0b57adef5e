"""Findings in words: what keeps a document from a target, and what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extractors.facts import Finding, UnitKind
from preflight.margins import CUTTABLE
from preflight.protection import may_be_decrypted
from preflight.wording import amount, counted, kinds_of_file, share_of, upper_first

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from extractors.facts import DocumentFacts, Severity
    from preflight.case import Case, TargetView
    from preflight.margins import Reading
    from preflight.model import Limit, Measure

NEAR_MARGIN = 0.1
"""Less than this share of a limit left is near: estimates, question and answer may use it up."""
PICTURE_SHARE = 0.25
"""Share of a page under images from which a reader would miss them."""

_LESS: dict[Measure, str] = {
    "seconds": " or use the service's asynchronous way",
    "tokens": " or choose a model with a larger context window",
}


def refusals(case: Case) -> tuple[Finding, ...]:
    """What the target does not take at all, however small it is made."""
    target, facts = case.target, case.facts
    if target is None:
        return ()
    if target.sees == "refused":
        return (
            _error(
                "media-not-accepted", f"{target.id} does not take {_kind(case)}{_because(target)}. {_instead(target)}"
            ),
        )
    return () if may_be_decrypted(facts) else tuple(_locked(target, facts))


def mendable(case: Case) -> tuple[Finding, ...]:
    """What the target does not take as it is, and what writing it anew takes away."""
    target, facts = case.target, case.facts
    if target is None:
        return ()
    found = list(_locked(target, facts)) if may_be_decrypted(facts) else []
    if facts.pdf is not None and facts.pdf.xfa and "xfa" in target.refuses:
        remedy = (
            "`preflight split` leaves the XFA part out; where the pages then show no more than a notice, open it in "
            "Adobe Acrobat and print it to PDF"
        )
        found.append(_error("xfa-not-accepted", f"{target.id} takes no XFA forms. {remedy}."))
    return tuple(found)


def _locked(target: TargetView, facts: DocumentFacts) -> Iterator[Finding]:
    """What encryption keeps the target from, with who may take it away."""
    if not facts.encrypted:
        return
    needs_password = facts.pdf is not None and facts.pdf.needs_password
    if may_be_decrypted(facts):
        remedy = "`preflight split` writes it without encryption"
    else:
        remedy = (
            "If you may save it without its encryption, `preflight split --decrypt` does (so does the password of its "
            "owner); otherwise ask its author for a copy without the restriction"
        )
    if "encrypted" in target.refuses:
        yield _error("encrypted-not-accepted", f"{target.id} takes no encrypted files. {remedy}.")
    elif needs_password:
        message = f"It opens only with a password, and nobody says that {target.id} can be given one: it sees nothing."
        yield _error("password-needed", f"{message} {remedy}.")
    if _copy_protected(facts) and "copy-protected" in target.refuses:
        message = f"{target.id} takes no PDF that forbids copying its text."
        yield _error("copy-protected-not-accepted", f"{message} {remedy}.")


def ocr(case: Case) -> Iterator[Finding]:
    """Units whose text cannot be read without OCR."""
    scans, target = case.scans, case.target
    if not scans:
        return
    kind = case.facts.unit_kind
    what = share_of(len(scans), case.facts.unit_count, kind)
    unread = unreadable_words(case.facts, len(scans))
    first = "Run OCR first: `preflight text` writes the text, `ocrmypdf IN OUT` a PDF with a text layer"
    if target is None:
        yield _warning("needs-ocr", f"The visible text of {what} is not in the file as text. {first}.", scans)
    elif case.sees_images:
        looks = "pages themselves" if kind == "page" else "picture itself" if len(scans) == 1 else "pictures themselves"
        message = f"{unread}; {target.id} looks at the {looks}, so no OCR is needed."
        yield Finding(severity="info", code="scans-seen", message=message, units=scans)
    elif target.sees == "retrieval":
        message = f"{unread}, and nobody says that {target.id} runs OCR. {first}."
        yield _warning("scans-invisible", message, scans)
    elif target.sees == "text":
        pronoun = "it" if len(scans) == 1 else "them"
        message = f"{unread}, and {target.id} takes text only: nothing of {pronoun} arrives. {first}."
        yield _warning("scans-invisible", message, scans)


def unreadable_words(facts: DocumentFacts, count: int) -> str:
    """Say that so many units are no text: ``1 of 3 pages cannot be read as text``."""
    if 1 < count == facts.unit_count:
        return f"None of the {count:,} {facts.unit_kind}s can be read as text"
    return f"{upper_first(share_of(count, facts.unit_count, facts.unit_kind))} cannot be read as text"


def over_limits(case: Case, told: Collection[Reading]) -> Iterator[Finding]:
    """Limits the document as a whole exceeds, but for those that units exceed alone, of which has been told."""
    for reading in case.readings:
        limit, value = reading.limit, reading.value
        if value is None or not reading.over or limit.measure not in CUTTABLE:
            continue  # what is about one unit is said unit by unit
        if reading in told or (len(reading.alone) == case.facts.unit_count and _undivided(case)):
            continue  # units are over by themselves, which has been said
        takes = "takes" if limit.measure == "seconds" else "has"
        if reading.likely is not None and reading.likely <= limit.max:
            message = (
                f"Likely it {takes} {amount(limit.measure, reading.likely)}, which is within {allowed(limit)}; but it "
                f"may be up to {amount(limit.measure, value)}, and the verdict goes by that. {_cut(case)} to be sure, "
                "or have the service count it."
            )
            yield _warning("high-end-over", message)
        else:
            coded = " once encoded" if limit.encoded else ""
            message = (
                f"It {takes} {amount(limit.measure, value)}{coded}, more than {allowed(limit)}. "
                f"{_cut(case)}{_LESS.get(limit.measure, '')}."
            )
            yield _warning(f"over-{limit.measure}", message)


def decryption(case: Case) -> Iterator[Finding]:
    """What stands before cutting a document that is taken encrypted, but too large."""
    if may_be_decrypted(case.facts) or not any(reading.over for reading in case.readings):
        return
    message = (
        "Pieces are written without its encryption, which its author does not allow everybody to take away: "
        "`preflight split` wants --decrypt, or the password of its owner."
    )
    yield _warning("decryption-not-allowed", message)


def doubts(case: Case, bound: Reading | None) -> Iterator[Finding]:
    """What is not known, or not known for sure."""
    target = case.target
    if target is not None and target.sees is None:
        message = f"It is not known whether {target.id} takes {_kind(case)}. Try it with a small one first."
        yield _warning("acceptance-unknown", message)
    for reading in case.readings:
        if reading.value is not None:
            continue
        limit = reading.limit
        if limit.measure == "seconds" and target is not None and limit.by == target.id:
            continue  # a long patience of the service itself; the figures say that the time is unknown
        if limit.measure == "seconds":
            message = (
                f"How long it takes on the server is not known, nor whether {allowed(limit)} are enough. "
                "If it times out, cut it into smaller pieces or use an asynchronous way."
            )
            yield _info("time-unknown", message)
        else:
            message = f"Its {limit.measure} are not known, nor whether they are within {allowed(limit)}."
            yield _info(f"{limit.measure}-unknown", f"{message} Count them with the service's own counter.")
    if bound is not None and bound.limit.status not in {"confirmed", "user"}:
        yield _unsure(bound.limit)


def near_limits(case: Case) -> Iterator[Finding]:
    """Limits with little room left."""
    for reading in case.readings:
        value, limit = reading.value, reading.limit
        if value is None or reading.over or not 0 <= reading.margin < NEAR_MARGIN:
            continue
        if limit.measure not in CUTTABLE or limit.max <= 1:
            continue  # one page of one page allowed is no close call
        left = amount(limit.measure, limit.max - value)
        message = f"It has {amount(limit.measure, value)} of {allowed(limit)}: {left} left."
        yield _info("near-limit", f"{message} Send nothing else with it, or cut it.")


def unseen_images(case: Case) -> Iterator[Finding]:
    """Pictures a reader sees and the target does not."""
    target = case.target
    if target is None or target.sees not in {"text", "retrieval"} or case.media_type.startswith("image/"):
        return
    numbers = tuple(
        unit.number
        for unit in case.facts.units
        if unit.image_count
        and not unit.needs_ocr
        and (unit.kind is UnitKind.IMAGE or unit.image_coverage >= PICTURE_SHARE or case.facts.unit_kind == "block")
    )
    if numbers:
        where = counted(len(numbers), case.facts.unit_kind)
        message = f"{target.id} takes text only: the pictures on {where} do not arrive. Describe those that matter."
        yield Finding(severity="info", code="images-unseen", message=message, units=numbers)


def allowed(limit: Limit) -> str:
    """A limit in words, with who sets it."""
    who = "you allow" if limit.by == "user" else f"{limit.by} allows"
    return f"the {amount(limit.measure, limit.max)} {who}"


def _undivided(case: Case) -> bool:
    return case.plan is None or not any(piece.rows for piece in case.plan.pieces)


def _cut(case: Case) -> str:
    if case.plan is None:
        return "Cut it into pieces"
    if len(case.plan.pieces) == 1:
        return "Its units alone are small enough: save it anew without attachments and leftovers"
    return f"Cut it into {len(case.plan.pieces):,} pieces (`preflight plan` shows where)"


def _unsure(limit: Limit) -> Finding:
    what = f"the limit of {amount(limit.measure, limit.max)} set by {limit.by}"
    told = f"{limit.source}, {limit.as_of}"
    match limit.status:
        case "conflict":
            how = f"Sources disagree on {what} ({told}); the lower value was taken."
        case "documented-via-mirror":
            how = f"T{what[1:]} was read in a copy of the vendor's page ({told})."
        case _:
            how = f"T{what[1:]} is not confirmed ({told})."
    note = f" Remark: {limit.note.rstrip('.')}." if limit.note else ""
    return _info("limit-not-confirmed", f"{how}{note} Check it before you rely on it.")


def _kind(case: Case) -> str:
    return kinds_of_file((case.media_type,))


def _because(target: TargetView) -> str:
    return f" ({target.note})" if target.note else ""


def _instead(target: TargetView) -> str:
    if not target.takes:
        return "Choose another target."
    as_text = ", or send its text: `preflight split --as text` writes it" if "text/plain" in target.takes else ""
    return f"Convert it (it takes {kinds_of_file(target.takes)}){as_text}."


def _copy_protected(facts: DocumentFacts) -> bool:
    return facts.pdf is not None and facts.encrypted and facts.pdf.permissions.get("copy") is False


def _error(code: str, message: str, units: Sequence[int] = ()) -> Finding:
    return _finding("error", code, message, units)


def _warning(code: str, message: str, units: Sequence[int] = ()) -> Finding:
    return _finding("warning", code, message, units)


def _info(code: str, message: str) -> Finding:
    return _finding("info", code, message, ())


def _finding(severity: Severity, code: str, message: str, units: Sequence[int]) -> Finding:
    return Finding(severity=severity, code=code, message=message, units=tuple(units))
