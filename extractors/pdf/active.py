"""Things in a PDF that do something: scripts, launches, submissions, media, links to other machines.

They are named, never run, and nothing they point to is opened. Looked at are the document catalog, the pages, their
annotations, the form fields and the outline; actions are followed along ``/Next``. Going to a place in the same
document and ordinary web links are no active content.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pikepdf
from pikepdf import Array, Dictionary, Name, String

from extractors.clean import safe_label
from extractors.pdf.cutting.objects import text_in
from extractors.pdf.limits import MAX_WALKED, PIKE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from extractors.pdf.walk import Cuts, FormField

_ACTIONS = {
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
}
_ANNOTATIONS = {"/RichMedia": "rich-media", "/Movie": "movie", "/Sound": "sound", "/3D": "3d"}
_SCRIPT_URI = re.compile(r"(?:javascript|vbscript|data):", re.IGNORECASE)
_UNC_PATH = re.compile(r"\\\\|//")
_UNC_URI = re.compile(r"\\\\|file:/*\\\\|file://(?!/|localhost/)", re.IGNORECASE)
_FILE_URI = re.compile(r"file:", re.IGNORECASE)
_CHAIN = 1_000
_BRANCHES = 100
_TRIGGERS = "E X D U Fo Bl PO PC PV PI O C K F V WC WS DS WP DP"
_EVENTS = [Name(f"/{trigger}") for trigger in re.findall(r"\w+", _TRIGGERS)]
"""All triggers there are (ISO 32000-2, tables 197 to 200); listing the keys of a hostile dictionary could take long."""


@dataclass(slots=True)
class ActiveContent:
    """What was found.

    Attributes:
        kinds: Slugs of the kinds found.
        pages: Numbers of the pages that hold some of it; what the document as a whole does is on none.
        attached: Names of files attached to pages (the document's own list of attachments is another).
    """

    kinds: set[str] = field(default_factory=set)
    pages: set[int] = field(default_factory=set)
    attached: list[str] = field(default_factory=list)


def find_active_content(
    pike: pikepdf.Pdf, outline: Sequence[tuple[Dictionary, int]], fields: Sequence[FormField], cuts: Cuts
) -> ActiveContent:
    """Look through the whole document once.

    Args:
        pike: The document.
        outline: From :func:`extractors.pdf.walk.outline_nodes`.
        fields: From :func:`extractors.pdf.walk.form_fields`.
        cuts: Told what could not be looked at.
    """
    found = ActiveContent()
    try:
        _document_level(pike.Root, found)
        for node, _ in outline:
            found.kinds |= _kinds(node.get(Name.A))
        for form_field in fields:
            found.kinds |= _holder_kinds(form_field.node)
    except PIKE_ERRORS:
        cuts.damaged.add("document actions")
    _page_level(pike, found, cuts)
    return found


def _document_level(root: pikepdf.Object, found: ActiveContent) -> None:
    opening = _kinds(root.get(Name.OpenAction))
    if opening:
        found.kinds |= opening | {"open-action"}
    found.kinds |= _additional(root)
    names = root.get(Name.Names)
    if isinstance(names, Dictionary) and isinstance(names.get(Name.JavaScript), Dictionary):
        found.kinds.add("javascript")


def _page_level(pike: pikepdf.Pdf, found: ActiveContent, cuts: Cuts) -> None:
    budget = MAX_WALKED
    for number, page in enumerate(pike.pages, 1):
        try:
            kinds = _additional(page.obj)
            annotations = page.obj.get(Name.Annots)
            if isinstance(annotations, Array):
                budget -= len(annotations)
                if budget < 0:
                    cuts.short.add("annotations")
                    return
                for annotation in annotations:
                    if isinstance(annotation, Dictionary):
                        kinds |= _annotation_kinds(annotation, found.attached)
        except PIKE_ERRORS:
            cuts.damaged.add("annotations")
            continue
        if kinds:
            found.kinds |= kinds
            found.pages.add(number)


def _annotation_kinds(annotation: Dictionary, attached: list[str]) -> set[str]:
    kinds = _holder_kinds(annotation)
    subtype = str(annotation.get(Name.Subtype))
    if subtype in _ANNOTATIONS:
        kinds.add(_ANNOTATIONS[subtype])
    elif subtype == "/FileAttachment":
        attached.append(safe_label(_file_name(annotation.get(Name.FS))) or "(no name)")
    return kinds


def _holder_kinds(holder: Dictionary) -> set[str]:
    """Kinds in the ``/A`` and ``/AA`` of an annotation or field."""
    action = holder.get(Name.A)
    kinds = _kinds(action) if action is not None else set()
    return kinds | _additional(holder)


def _additional(holder: pikepdf.Object) -> set[str]:
    """Kinds among the actions a viewer starts by itself (``/AA``)."""
    events = holder.get(Name.AA)
    if not isinstance(events, Dictionary):
        return set()
    kinds: set[str] = set()
    for event in _EVENTS:
        kinds |= _kinds(events.get(event))
    return kinds | {"additional-actions"} if kinds else kinds


def _kinds(action: object) -> set[str]:
    """Kinds of an action and of all that follow it along ``/Next``."""
    if not isinstance(action, Dictionary):
        return set()
    kinds: set[str] = set()
    seen = pikepdf.ObjectSet()
    pending: list[object] = [action]
    while pending and len(seen) < _CHAIN:
        step = pending.pop()
        if not isinstance(step, Dictionary) or not seen.add(step):
            continue
        kinds |= _one_action(step)
        following = step.get(Name.Next)
        if isinstance(following, Array):
            pending.extend(following[index] for index in range(min(len(following), _BRANCHES)))
        else:
            pending.append(following)
    return kinds


def _one_action(action: Dictionary) -> set[str]:
    verb = text_in(action.get(Name.S))
    if verb == "/URI":
        return _uri_kinds(text_in(action.get(Name.URI)))
    kind = _ACTIONS.get(verb)
    if kind is None:
        return set()
    target = action.get(Name.F)
    windows = action.get(Name.Win)
    if target is None and isinstance(windows, Dictionary):
        target = windows.get(Name.F)
    return {kind, "unc-link"} if _UNC_PATH.match(_file_name(target)) else {kind}


def _uri_kinds(uri: str) -> set[str]:
    # Viewers drop white space and control characters before they look at the scheme, so these must not hide it.
    bare = "".join(char for char in uri[:200] if char > " ")
    if _SCRIPT_URI.match(bare):
        return {"script-uri"}
    if _UNC_URI.match(bare):
        return {"unc-link"}
    return {"file-link"} if _FILE_URI.match(bare) else set()


def _file_name(spec: object) -> str:
    """Return the name in a file specification, which is a string or a dictionary."""
    if isinstance(spec, Dictionary):
        for key in (Name.UF, Name.F, Name.Unix, Name.DOS):
            name = spec.get(key)
            if isinstance(name, String):
                return text_in(name)
        return ""
    return text_in(spec) if isinstance(spec, String) else ""
