"""Writing HTML markup, and telling which of it is active: run, or loaded, when the page is opened."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MARK = "data-preflight"
"""The attribute by which pieces say what stands in them only because the document was cut."""
CONTINUED = "continued"
"""An element that began in an earlier piece."""
PASSED = "passed"
"""A row or cell that began in an earlier piece and is over, though its element is still open in broken markup."""
REPEATED = "repeated"
"""A table header from an earlier piece; its rows are not part of this one."""

_VOID_TAGS = "area base basefont br col frame hr img input isindex link meta param"
VOID = frozenset(_VOID_TAGS.split())
"""Elements without an end, as the parser has them: for it ``wbr``, ``source``, ``track`` and ``embed`` do have one."""
RAW = frozenset({"script", "style", "xmp", "iframe", "noembed", "noframes"})
"""Elements whose text is not escaped."""
ACTIVE = frozenset({"script", "iframe", "frame", "object", "embed", "applet"})
_NAME = re.compile(r"[a-zA-Z][^\s/>\0<\"'=]*")
_ATTRIBUTE = re.compile(r"[^\s\"'<>/=\0-\x1f\x7f]+")
_URL_ATTRIBUTES = "href src action formaction data background poster xlink:href from to values"
_URLS = frozenset(_URL_ATTRIBUTES.split())
_WHOLE = re.compile(r"\s*-?[0-9]{1,9}\s*")
_BLANK = re.compile(r"[\s\0-\x1f]+")
_RUNS = ("javascript:", "vbscript:", "data:text/html", "data:application/xhtml", "data:image/svg")


def is_name(tag: str) -> bool:
    """Whether a tag can be written so that it is read again as the same."""
    return _NAME.fullmatch(tag) is not None and tag != "plaintext"


def start_tag(tag: str, attributes: Mapping[str, str]) -> str:
    """Return the tag that begins an element; attributes that cannot be written are left out."""
    written = (
        f' {name}="{_quoted(value)}"' if value else f" {name}"
        for name, value in attributes.items()
        if _ATTRIBUTE.fullmatch(name)
    )
    return f"<{tag}{''.join(written)}>"


def escaped(text: str) -> str:
    """Return text as it stands between tags."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")


def whole_number(text: str | None) -> int | None:
    """Return the number of a list or an item, as browsers read it; None where there is none."""
    return int(text) if text is not None and _WHOLE.fullmatch(text) else None


def _quoted(value: str) -> str:
    return escaped(value).replace('"', "&quot;")


def doctype(name: str, public: str | None, system: str | None) -> str:
    """Return a document type declaration; nothing for one that cannot be written."""
    if not is_name(name) or '"' in f"{public}{system}" or ">" in f"{public}{system}":
        return ""
    ids = f' PUBLIC "{public}"' if public else " SYSTEM" if system else ""
    where = f' "{system}"' if system else ""
    return f"<!DOCTYPE {name}{ids}{where}>\n"


def comment(text: str) -> str:
    """Return a comment; nothing for one that would end early."""
    return "" if "--" in text or text.startswith((">", "->")) or text.endswith("-") else f"<!--{text}-->"


def active_attributes(tag: str, attributes: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield attributes that run something, with what kind they are: event handlers, script links, and refreshing."""
    for name, value in attributes.items():
        if name.startswith("on"):
            yield name, "event-handler"
        elif name == "srcdoc" or (name in _URLS and _BLANK.sub("", value).lower().startswith(_RUNS)):
            yield name, "script-link"
        elif tag == "meta" and name == "http-equiv" and value.strip().lower() == "refresh":
            yield name, "refresh"
