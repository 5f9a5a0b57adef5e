"""What the actions of a PDF may do in a piece: go to a page, open a web page, write a mail, and little else.

``pikepdf.sanitize`` removes whole kinds of actions, every link to the web among them; here each action is looked at by
itself, and what is not known to be harmless goes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, String

from extractors.pdf.cutting.objects import text_in

if TYPE_CHECKING:
    from collections import Counter

_KINDS = {
    "/JavaScript": "javascript",
    "/Launch": "launch",
    "/SubmitForm": "submit-form",
    "/ImportData": "import-data",
    "/GoToR": "goto-remote",
    "/GoToE": "goto-embedded",
    "/Rendition": "rendition",
    "/Movie": "movie",
    "/Sound": "sound",
    "/RichMediaExecute": "rich-media",
    "/GoTo3DView": "3d",
    "/Thread": "thread",
    "/Hide": "hide",
    "/ResetForm": "reset-form",
    "/Named": "named",
}
_NAMED = ("/NextPage", "/PrevPage", "/FirstPage", "/LastPage")
_HARMLESS = ("/SetOCGState", "/Trans")
_WEB = re.compile(r"(?:https?|mailto):", re.IGNORECASE)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_HOST = re.compile(r"www\.[^\\]*\Z", re.IGNORECASE | re.DOTALL)
_SCHEMES = {"javascript": "script-uri", "vbscript": "script-uri", "data": "script-uri", "file": "file-link"}
_CHAIN = 50
"""Actions that may follow one another; a longer chain is cut there."""


@dataclass(frozen=True, slots=True)
class Actions:
    """Decides on the actions of one document.

    Attributes:
        keep: Keep active content. What leads to other pages is never kept here: callers re-make it.
        base: The document's own base for relative web addresses, empty when it has none.
    """

    keep: bool
    base: str = ""

    @classmethod
    def of(cls, root: Object, *, keep: bool) -> Actions:
        """Return the judge for the document with this catalog."""
        uri = root.get(Name.URI)
        base = text_in(uri.get(Name.Base)) if isinstance(uri, Dictionary) else ""
        return cls(keep, base if _WEB.match(base) else "")

    def cleaned(self, action: object, found: Counter[str]) -> Dictionary | None:
        """Return ``action`` without what a piece must not carry, or None when nothing is left.

        Args:
            action: Value of an ``/A`` or of an entry of an ``/AA``; changed in place. Its own jump within the document
                counts as harmless only when it is a jump by name.
            found: Told what was taken out, by kind.
        """
        if not isinstance(action, Dictionary):
            return None
        if Name.Next not in action:
            kind = self._kind(action)
            found.update(() if kind is None else (kind,))
            return action if kind is None else None
        flat: list[pikepdf.Dictionary] = []
        seen = pikepdf.ObjectSet()
        pending: list[object] = [action]
        while pending:
            step = pending.pop()
            if not isinstance(step, Dictionary) or not seen.add(step):
                continue
            following = step.get(Name.Next)
            if isinstance(following, Array):
                pending += [following[index] for index in reversed(range(min(len(following), _CHAIN)))]
            else:
                pending.append(following)
            kind = self._kind(step) if len(flat) < _CHAIN else "chain"
            if kind is None:
                flat.append(step)
            else:
                found[kind] += 1
        for index, step in enumerate(flat):
            if index + 1 < len(flat):
                step.Next = flat[index + 1]
            elif Name.Next in step:
                del step[Name.Next]
        return flat[0] if flat else None

    def _kind(self, action: Dictionary) -> str | None:
        """Return the slug of an action that has to go, None for one that may stay."""
        verb = text_in(action.get(Name.S))
        if verb == "/GoTo":
            return "goto"  # told apart by the caller; inside a chain it could lead out of the piece
        if verb == "/URI":
            kind = self._uri_kind(action)
            return None if self.keep else kind
        if self.keep or verb in _HARMLESS:
            return None
        harmless = (
            (verb == "/Named" and text_in(action.get(Name.N)) in _NAMED)
            or (verb == "/GoToR" and _is_web(action.get(Name.F)))
            or (verb == "/Hide" and _only_names(action.get(Name.T)))
            or (verb == "/ResetForm" and _only_names(action.get(Name.Fields)))
        )
        return None if harmless else _KINDS.get(verb, "unknown-action")

    def _uri_kind(self, action: Dictionary) -> str | None:
        uri = action.get(Name.URI)
        if not isinstance(uri, String):
            return "unknown-action"
        kind = uri_kind(text_in(uri))
        if kind == "relative-uri" and self.base:
            absolute = urljoin(self.base, text_in(uri))
            if uri_kind(absolute) is None:
                action.URI = String(absolute)
                return None
        return kind


def uri_kind(uri: str) -> str | None:
    """Return the slug of an address that must not be followed, None for web pages and mail.

    Viewers drop white space and control characters before they look at the scheme, so these must not hide it.
    """
    bare = "".join(char for char in uri if char > " " and char != "\x7f")
    if _WEB.match(bare) or _HOST.match(bare) or bare.startswith("#"):
        return None
    if bare.startswith(("\\\\", "//")):
        return "unc-link"
    scheme = _SCHEME.match(bare)
    if scheme is None:
        return "relative-uri"
    return _SCHEMES.get(scheme[0][:-1].lower(), "uri-scheme")


def _is_web(spec: object) -> bool:
    """Tell whether a file specification is an address on the web."""
    if not isinstance(spec, Dictionary) or text_in(spec.get(Name.FS)) != "/URL":
        return False
    names = [spec.get(key) for key in (Name.F, Name.UF) if key in spec]
    return bool(names) and all(isinstance(name, String) and uri_kind(text_in(name)) is None for name in names)


def _only_names(wanted: object) -> bool:
    """Tell whether fields or annotations are named, not referred to: a reference could lead to another page."""
    if isinstance(wanted, Array):
        return all(isinstance(item, String) for item in wanted)
    return wanted is None or isinstance(wanted, String)
