"""The nouns of the receiving side: what a service or gateway file says, as values.

A file in ``preflight/targets/`` (or one of the user's own) becomes one :class:`Target` or :class:`Hop`; docs/targets.md
describes the file. Every figure is a :class:`Fact` with its source; limits, rules and models only refer to facts, so
no number can lose where it comes from.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from preflight.model import LimitStatus, Measure
    from preflight.vision import ImageRule

Kind = Literal["chat", "llm-api", "ocr", "rag", "gateway"]
Transport = Literal["json-base64", "multipart", "raw", "reference"]
Sees = Literal["text", "image", "text+image", "retrieval", "refused"]
TextTokens = Literal["counted", "free", "unclear"]
Refusal = Literal["encrypted", "xfa", "copy-protected"]

_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
MEDIA: dict[str, str] = {
    "pdf": "application/pdf",
    "docx": _WORD,
    "docm": "application/vnd.ms-word.document.macroEnabled.12",
    "png": "image/png",
    "jpeg": "image/jpeg",
    "tiff": "image/tiff",
    "webp": "image/webp",
    "txt": "text/plain",
    "md": "text/markdown",
    "csv": "text/csv",
    "html": "text/html",
}
MEDIA_GROUPS: dict[str, tuple[str, ...]] = {
    "image": ("png", "jpeg", "tiff", "webp"),
    "text": ("txt", "md", "csv", "html"),
}

# Room around the file in the request when a profile does not say: our own allowance, not a published figure. JSON holds
# keys, model name and a question of about 500 words; multipart holds two part headers and the boundary lines.
OVERHEAD_BYTES: dict[Transport, int] = {"json-base64": 4096, "multipart": 1024, "raw": 0, "reference": 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One statement about a service, as found.

    Attributes:
        name: Name inside the profile.
        value: Number, yes/no or prose; None when it is not published or not known.
        unit: Unit of the value, ``rule``, ``list`` … for prose.
        status: How sure it is.
        url: Address or document it was read in.
        as_of: Date of that document, as precise as known.
        note: Remark.
    """

    name: str
    value: int | float | bool | str | None
    unit: str
    status: LimitStatus
    url: str
    as_of: str
    note: str = ""

    @property
    def cited(self) -> str:
        """Name, status, date and address in one line."""
        return f"{self.name}, {self.status}, {self.as_of}: {self.url}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """One way to use a service: plan, tier, synchronous or not, inline or by file.

    Attributes:
        id: What stands after the colon in ``--for textract:async``.
        about: One line for people.
        transport: How the file travels; None for gateways, which take what comes.
        overhead_bytes: Bytes of the request around the file.
        default_model: Model of this mode, when it is another than the profile's.
    """

    id: str
    about: str
    transport: Transport | None = None
    overhead_bytes: int = 0
    default_model: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitRule:
    """A limit and when it applies. Empty conditions always hold.

    Attributes:
        fact: Where the figure comes from.
        measure: What is counted.
        max: Largest allowed value.
        media: Media types it is about.
        modes: Modes it is about.
        models: Shell patterns of model ids it is about.
        context_from: Only for models with at least this context window, in tokens.
        context_below: Only for models with a smaller context window, in tokens.
        transport: Gateways: only for bodies that travel so.
        encoded: For bytes: counts base64 and what is around it.
        overhead_bytes: For bytes: bytes around the file that count; None takes the mode's.
        note: Remark besides the fact's own.
    """

    fact: Fact
    measure: Measure
    max: int | float
    media: frozenset[str] = frozenset()
    modes: frozenset[str] = frozenset()
    models: tuple[str, ...] = ()
    context_from: int | None = None
    context_below: int | None = None
    transport: frozenset[str] = frozenset()
    encoded: bool = False
    overhead_bytes: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """How a service sees some media types.

    Attributes:
        media: Media types it is about.
        modes: Modes it is about; empty for all.
        sees: ``text`` (extracted, images lost), ``image`` (its own vision or OCR), ``text+image``, ``retrieval`` (text
            is indexed, not read whole) or ``refused``.
        text_tokens: With ``text+image``: whether native text counts besides the page image.
        images_per_unit: Images the service counts for one page or frame.
        refuses: Properties it does not take.
        fact: Where that comes from; None when nobody said so and ``note`` explains.
        note: Remark.
    """

    media: frozenset[str]
    sees: Sees
    modes: frozenset[str] = frozenset()
    text_tokens: TextTokens = "counted"
    images_per_unit: int = 0
    refuses: tuple[Refusal, ...] = ()
    fact: Fact | None = None
    note: str = ""

    @property
    def status(self) -> LimitStatus:
        """How sure it is."""
        return self.fact.status if self.fact else "unconfirmed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInfo:
    """One model of a service.

    Attributes:
        id: Its name in requests.
        modes: Modes that offer it; empty for all.
        context_tokens: Context window, input and output together; None when unknown.
        input_tokens: Largest input, when that is published apart.
        fact: Where the window comes from.
        tokenizer: Family, a key of :data:`preflight.tokens.TOKENIZERS`; None when it counts none.
        page_rule: What a page image costs; None when unknown.
        image_rule: What an uploaded image costs; None when unknown.
        note: Remark.
    """

    id: str
    modes: frozenset[str] = frozenset()
    context_tokens: int | None = None
    input_tokens: int | None = None
    fact: Fact | None = None
    tokenizer: str | None = None
    page_rule: ImageRule | None = None
    image_rule: ImageRule | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pricing:
    """How a service is priced.

    Attributes:
        provider: Provider id in genai-prices.
        per: ``token`` or ``page``.
        as_of: Day whose prices are taken (RFC 3339 date), so that the same input gives the same output.
        fact: USD per 1,000 pages, taken when the price list has none.
        names: Model ids the price list does not find, each with the name to look up instead.
    """

    provider: str
    per: Literal["token", "page"]
    as_of: str
    fact: Fact | None = None
    names: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerRate:
    """Measured speed of a service: low, likely and high seconds.

    Attributes:
        request: Seconds a request takes besides its pages.
        page: Seconds a page.
        ocr_page: Seconds more for a page of up to A4 that has no text of its own, or needs OCR for another reason; a
            larger one counts by its area.
        megabyte: Seconds 10^6 bytes of the file.
        fact: Where it was measured.
    """

    request: tuple[float, float, float] = (0.0, 0.0, 0.0)
    page: tuple[float, float, float] = (0.0, 0.0, 0.0)
    ocr_page: tuple[float, float, float] = (0.0, 0.0, 0.0)
    megabyte: tuple[float, float, float] = (0.0, 0.0, 0.0)
    fact: Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What every file has.

    Attributes:
        id: Name for ``--for`` or ``--via``.
        name: Name for people.
        kind: What it is.
        notes: Remarks on the whole.
        facts: Everything found, enforced or not.
        modes: Ways to use it; at least one.
        mode: The chosen one.
        limits: All limits of all modes.
    """

    id: str
    name: str
    kind: Kind
    notes: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()
    modes: tuple[Mode, ...]
    mode: Mode
    limits: tuple[LimitRule, ...] = ()

    @property
    def ref(self) -> str:
        """Id, with the mode when the file has several (the first is what the bare id means)."""
        return self.id if self.mode == self.modes[0] else f"{self.id}:{self.mode.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop(Profile):
    """A gateway on the way: proxy, CDN, load balancer, application server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target(Profile):
    """A receiving service.

    Attributes:
        models: Models of all modes; empty when there is nothing to choose.
        default_model: Id of the model taken when none is named.
        reserve_tokens: Part of the context window kept for question and answer.
        tokenizer: Family used when there are no models.
        page_rule: What a page image costs when there are no models.
        image_rule: What an uploaded image costs when there are no models.
        accepts: How it sees which media types, of all modes.
        pricing: None when it has no price by token or page.
        rate: None when its speed is unknown.
    """

    models: tuple[ModelInfo, ...] = ()
    default_model: str | None = None
    reserve_tokens: int = 0
    tokenizer: str | None = None
    page_rule: ImageRule | None = None
    image_rule: ImageRule | None = None
    accepts: tuple[Acceptance, ...] = ()
    pricing: Pricing | None = None
    rate: ServerRate | None = None

    def acceptance(self, media_type: str) -> Acceptance | None:
        """How the chosen mode sees a media type; None when that is not known."""
        for entry in self.accepts:
            if media_type in entry.media and (not entry.modes or self.mode.id in entry.modes):
                return entry
        return None

    def offered(self) -> tuple[ModelInfo, ...]:
        """Models of the chosen mode."""
        return tuple(model for model in self.models if not model.modes or self.mode.id in model.modes)


def matches(name: str, patterns: tuple[str, ...]) -> bool:
    """Whether a model id fits one of the shell patterns."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)
