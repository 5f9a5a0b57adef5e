"""Text a reader sees on a page though it is no page content: values of form fields, text boxes, stamps, comments."""

from __future__ import annotations

import contextlib
import io
from typing import TYPE_CHECKING

import pikepdf
import pypdfium2
from pikepdf import Array, Dictionary, Name, Object, Stream, String

from extractors.clean import safe_label, safe_text
from extractors.facts import Role, TextPart
from extractors.pdf.cutting.objects import text_in
from extractors.pdf.limits import PIKE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from extractors.pdf.opening import OpenPdf

MAX_ANNOTATIONS = 5_000
"""Annotations of one page that are read."""
_MAX_DRAWN = 20
"""Appearances of one page that are read by drawing; each takes a small document of its own."""
_MAX_VALUE_CHARS = 200_000
_MAX_OPTIONS = 20_000
"""Options of choice fields read for one page; many fields may share one long list."""
_ANCESTORS = 50
_HIDDEN = 1 << 1 | 1 << 5
"""Hidden and NoView (ISO 32000-2, table 167)."""
_PASSWORD = 1 << 13
_PUSHBUTTON = 1 << 16
_COMBO = 1 << 17
_SILENT = frozenset({"/Popup", "/Link"})
_DRAWN = frozenset({"/FreeText", "/Stamp", "/Watermark", "/Redact"})


def annotation_parts(opened: OpenPdf, page_number: int) -> tuple[TextPart, ...]:
    """Return the text of a page's annotations and form fields in the order of the file.

    Hidden annotations and passwords are left out. Costs a few microseconds where a page has no annotations. Nothing
    comes back of what qpdf cannot read; a finding ``not-examined`` of the structure says so.

    Args:
        opened: The open document.
        page_number: From 1.
    """
    pages = opened.page_objects
    if not 1 <= page_number <= len(pages):
        return ()
    parts: list[TextPart] = []
    with contextlib.suppress(*PIKE_ERRORS):
        annotations = pages[page_number - 1].get(Name.Annots)
        if isinstance(annotations, Array):
            reader = _Reader()
            for index in range(min(len(annotations), MAX_ANNOTATIONS)):
                with contextlib.suppress(*PIKE_ERRORS):  # one damaged annotation does not hide the others
                    parts += reader.parts(annotations[index])
    return tuple(parts)


class _Reader:
    """Reads the annotations of one page."""

    def __init__(self) -> None:
        self._drawn = 0
        self._options = _MAX_OPTIONS

    def parts(self, annotation: object) -> Iterator[TextPart]:
        """Yield the text of one annotation, if it shows any."""
        if not isinstance(annotation, Dictionary) or _integer(annotation, Name.F) & _HIDDEN:
            return
        subtype = text_in(annotation.get(Name.Subtype))
        if subtype == "/Widget":
            text, role, label = self._field_text(annotation), Role.FORM_FIELD, _field_name(annotation)
        elif subtype in _SILENT:
            return
        else:
            text, role, label = self._comment(annotation, subtype), Role.ANNOTATION, _string(annotation, Name.T)
        text = safe_text(text[:_MAX_VALUE_CHARS]).strip()
        if text:
            yield TextPart(text=text, role=role, label=safe_label(label) or None)

    def _comment(self, annotation: Dictionary, subtype: str) -> str:
        written = _string(annotation, Name.Contents)
        return self._appearance(annotation) if subtype in _DRAWN and not written else written

    def _field_text(self, widget: Dictionary) -> str:
        kind = text_in(_inherited(widget, Name.FT))
        flags = _inherited(widget, Name.Ff)
        bits = flags if isinstance(flags, int) else 0
        if kind == "/Sig":
            return self._appearance(widget)
        if kind == "/Btn":
            return _button_text(widget, bits)
        if kind == "/Tx" and bits & _PASSWORD:
            return ""
        value = _inherited(widget, Name.V)
        if kind != "/Ch":
            return _value_text(value)
        options = _inherited(widget, Name.Opt)
        known = min(len(options), self._options) if isinstance(options, Array) else 0
        self._options -= known
        pairs = [options[index] for index in range(known)] if isinstance(options, Array) else []
        return _choices(value, pairs, as_list=not bits & _COMBO)

    def _appearance(self, annotation: Dictionary) -> str:
        """Return the text drawn by the normal appearance, read by PDFium from a page that shows nothing else."""
        looks = annotation.get(Name.AP)
        normal = looks.get(Name.N) if isinstance(looks, Dictionary) else None
        if not isinstance(normal, Stream) or self._drawn == _MAX_DRAWN:
            return ""
        self._drawn += 1
        try:
            return _drawn_text(normal)
        except (*PIKE_ERRORS, pypdfium2.PdfiumError):
            return ""


def _drawn_text(form: Stream) -> str:
    out = io.BytesIO()
    with pikepdf.new() as pdf:
        page = pdf.add_blank_page(page_size=(200, 200))
        page.obj.MediaBox = Array([-14_400, -14_400, 14_400, 14_400])
        page.obj.Resources = Dictionary(XObject=Dictionary(A=pdf.copy_foreign(form)))
        page.obj.Contents = pdf.make_stream(b"/A Do")
        pdf.save(out, deterministic_id=True)
    with pypdfium2.PdfDocument(out.getvalue()) as document:
        text: str = document[0].get_textpage().get_text_bounded()
        return text


def _button_text(widget: Dictionary, bits: int) -> str:
    """Return the caption of a push button, or ``[x]`` for a ticked box."""
    if bits & _PUSHBUTTON:
        looks = widget.get(Name.MK)
        return _string(looks, Name.CA) if isinstance(looks, Dictionary) else ""
    state = widget.get(Name.AS)
    return "[x]" if isinstance(state, Name) and text_in(state) != "/Off" else ""


def _choices(value: object, options: Iterable[pikepdf.Object], *, as_list: bool) -> str:
    """Return what a choice field shows, one option a line: a list all of them, a drop-down the chosen one."""
    shown: dict[str, str] = {}
    for option in options:
        pair = list(option) if isinstance(option, Array) and len(option) == 2 else [option, option]
        shown[_plain_text(pair[0])] = _plain_text(pair[1])
    chosen = [_plain_text(item) for item in value] if isinstance(value, Array) else [_value_text(value)]
    if as_list and shown:
        return "\n".join(f"[x] {text}" if {key, text} & set(chosen) else text for key, text in shown.items())
    return "\n".join(shown.get(item, item) for item in chosen)


def _value_text(value: object) -> str:
    """Return the text of a field value, which is a string or, when long, a stream (ISO 32000-2, 7.9.3)."""
    if isinstance(value, Stream):
        data = value.read_bytes()
        return text_in(String(data[:_MAX_VALUE_CHARS]))
    return text_in(value) if isinstance(value, String) else ""


def _plain_text(value: object) -> str:
    return text_in(value) if isinstance(value, Object) else str(value)


def _inherited(node: Dictionary, key: Name) -> object:
    """Return a value of a field or of the nearest of its ancestors."""
    current: object = node
    for _ in range(_ANCESTORS):
        if not isinstance(current, Dictionary):
            return None
        value: object = current.get(key)
        if value is not None:
            return value
        current = current.get(Name.Parent)
    return None


def _field_name(widget: Dictionary) -> str:
    """Return the name a field has for people, or its own."""
    for key in (Name.TU, Name.T):
        name = _inherited(widget, key)
        if isinstance(name, String):
            return text_in(name)
    return ""


def _string(node: Dictionary, key: Name) -> str:
    value = node.get(key)
    return text_in(value) if isinstance(value, String) else ""


def _integer(node: Dictionary, key: Name) -> int:
    value: object = node.get(key)
    return value if isinstance(value, int) else 0
