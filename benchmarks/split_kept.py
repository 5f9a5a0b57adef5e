"""What of a PDF is still there in the pieces it was cut into, seen by pypdfium2 and pikepdf."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pikepdf

Kept = tuple[str, str, str, str]


def kept_in(source: Path, pieces: Sequence[Path], step: int) -> Kept:
    """Pages with the same text; links inside a piece that lead somewhere; outline entries; form fields: of how many."""
    import pikepdf

    before, after = _texts([source]), _texts(pieces)
    same = sum(one == other for one, other in zip(before, after, strict=False))
    with pikepdf.open(source) as document:
        possible, fields, outline = _inner_links(document, step), _fields(document), _entries(document)
    links = found_fields = found_entries = 0
    for piece in pieces:
        with pikepdf.open(piece) as document:
            links += _inner_links(document, 10**9)
            found_fields += _fields(document)
            found_entries += _entries(document)
    return (
        f"{same} of {len(before)}",
        f"{links} of {possible}",
        f"{min(found_entries, outline)} of {outline}",
        f"{found_fields} of {fields}",
    )


def _texts(files: Sequence[Path]) -> list[str]:
    import pypdfium2

    found = []
    for file in files:
        with pypdfium2.PdfDocument(file) as document:
            for page in document:
                text = page.get_textpage()
                found.append(text.get_text_bounded())
                text.close()
                page.close()
    return found


def _inner_links(document: pikepdf.Pdf, step: int) -> int:
    """Links whose page is in the same piece of ``step`` pages."""
    import pikepdf

    places = {page.obj.objgen: number for number, page in enumerate(document.pages)}
    named = _named(document)
    inside = 0
    for number, page in enumerate(document.pages):
        for note in page.obj.get("/Annots", []):
            goal = note.get("/Dest") or (note.A.get("/D") if "/A" in note else None)
            if isinstance(goal, (pikepdf.String, pikepdf.Name)):
                goal = named.get(str(goal))
            if goal is not None and isinstance(goal, pikepdf.Array) and isinstance(goal[0], pikepdf.Object):
                place = places.get(goal[0].objgen)
                inside += place is not None and place // step == number // step
    return inside


def _named(document: pikepdf.Pdf) -> dict[str, pikepdf.Object]:
    """Named destinations, old style and new."""
    import pikepdf

    names = {str(name): goal for name, goal in dict(document.Root.get("/Dests", {})).items()}
    if "/Names" in document.Root and "/Dests" in document.Root.Names:
        names |= {str(name): goal for name, goal in pikepdf.NameTree(document.Root.Names.Dests).items()}
    return {
        name: goal.D if isinstance(goal, pikepdf.Dictionary) and "/D" in goal else goal for name, goal in names.items()
    }


def _fields(document: pikepdf.Pdf) -> int:
    form = document.Root.get("/AcroForm")
    return len(form.get("/Fields", [])) if form is not None else 0


def _entries(document: pikepdf.Pdf) -> int:
    pending, found = [document.Root.get("/Outlines")], 0
    while pending:
        entry = pending.pop()
        if entry is not None and "/First" in entry:
            child = entry.First
            while child is not None:
                found += 1
                pending.append(child)
                child = child.get("/Next")
    return found
