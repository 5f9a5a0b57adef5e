"""What is to be done with documents, as a stored value: units of work carry its name only."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from preflight.errors import UsageError
from preflight.judging import Order, UserLimits, prepare
from preflight.settings import Settings
from preflight.splitting import SplitOptions
from preflight.wording import LIBRARY_WORDS

if TYPE_CHECKING:
    from preflight.artifacts import Artifacts
    from preflight.ledger.records import Json

_PARSERS = ("pypdfium2", "pikepdf", "pypdf", "python-docx", "lxml", "Pillow", "toktok-rs", "genai-prices", "tesserocr")
"""Whose version may change an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextWish:
    """That the text of documents is wanted.

    Attributes:
        form: ``text``, ``markdown`` or ``json``.
        ocr: ``auto`` for the units that need it, ``never``, or ``always``.
    """

    form: str = "text"
    ocr: str = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is to be done.

    Attributes:
        orders: Targets to judge for; pieces are for the first.
        split: How to split; None to check only.
        text: The text is wanted instead of reports and pieces.
        settings: How the work is done.
        made_by: Versions and contents of everything else that the answer depends on.
    """

    orders: tuple[Order, ...]
    split: SplitOptions | None = None
    text: TextWish | None = None
    settings: Settings = field(default_factory=Settings)
    made_by: str = ""

    @property
    def profile(self) -> str:
        """Hash of all that decides what comes out: settings, profiles of targets, versions of parsers."""
        return hashlib.sha256(self._data()).hexdigest()

    def store(self, artifacts: Artifacts) -> str:
        """Keep it; return its name.

        Raises:
            OutputError: It cannot be written.
        """
        return artifacts.put(self._data())

    @classmethod
    def load(cls, name: str, artifacts: Artifacts) -> Request:
        """Fetch a request that was stored; what we stored ourselves needs no checking field by field."""
        data = json.loads(artifacts.get(name))
        split = data["split"]
        return cls(
            orders=tuple(_order(one) for one in data["orders"]),
            split=None if split is None else SplitOptions(**split),
            text=None if data["text"] is None else TextWish(**data["text"]),
            settings=Settings(**data["settings"] | {"languages": tuple(data["settings"]["languages"])}),
            made_by=data["made_by"],
        )

    def _data(self) -> bytes:
        return json.dumps(asdict(self), sort_keys=True).encode()


def _order(data: Json) -> Order:
    limits = UserLimits(**data["limits"])
    return Order(target=data["target"], hops=tuple(data["hops"]), model=data["model"], limits=limits)


def make_request(
    orders: tuple[Order, ...], settings: Settings, split: SplitOptions | None = None, *, text: TextWish | None = None
) -> Request:
    """Return a request with everything pinned that its answers depend on.

    Raises:
        SettingsError: A target or gateway is not known.
        UsageError: There is a password, which would lie in the store for all to read.
    """
    if split is not None and split.password is not None:
        raise UsageError("Passwords are not kept. Check and split documents that need one by themselves.")
    profiles = [prepare(one) for one in orders]
    plain = [_plain((one.target, one.hops, one.model, one.limits)) for one in profiles]
    seen = hashlib.sha256(json.dumps(plain, sort_keys=True, default=str).encode())
    versions = {name: _version(name) for name in ("upload-preflight", *_PARSERS)}
    made_by = json.dumps({"versions": versions, "profiles": seen.hexdigest()}, sort_keys=True)
    # How many workers there are says how fast it is done, and never what comes out.
    orders = tuple(replace(one, words=LIBRARY_WORDS) for one in orders)  # what the caller calls things has been used
    return Request(orders=orders, split=split, text=text, settings=replace(settings, jobs=0), made_by=made_by)


def wants_text(options: SplitOptions) -> bool:
    """Whether a split reads the text of a document, for which it may need OCR."""
    return options.form != "document" or options.with_text


def _plain(value: object) -> object:
    """Return a value as plain data, written the same in every process; sets have another order in each."""
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(map(str, value))
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
