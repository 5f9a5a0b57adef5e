"""Parts, content types and relationships: what is where in the package, and which part is the document."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from extractors.clean import safe_label
from extractors.docx import names, safexml
from extractors.errors import DamagedDocument, ExtractionError, NotADocx, SafetyLimitExceeded
from extractors.facts import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lxml.etree import _Element as Element

    from extractors.docx.container import Container

CONTENT_TYPES = "[Content_Types].xml"
# What content types of a main part say; the first that is found names a file that is no Word document.
_OTHERS = (
    ("spreadsheetml", "an Excel workbook (.xlsx)"),
    ("ms-excel", "an Excel workbook"),
    ("presentationml", "a PowerPoint presentation (.pptx)"),
    ("ms-powerpoint", "a PowerPoint presentation"),
    ("visio", "a Visio drawing"),
    ("oxps", "an XPS document"),
    ("fixedrepresentation", "an XPS document"),
)
_WORD = ("wordprocessingml", "ms-word")
MAX_WHOLE_BYTES = 40_000_000  # of a part that is parsed as one tree (styles, notes, comments …); 1 MB is large
_MANY_RELATIONS = 65_536


@dataclass(frozen=True, slots=True)
class Relation:
    """One relationship of a part.

    Attributes:
        id: As the part's XML names it.
        kind: Last segment of the relationship type (``image``, ``header``, …), the same for Strict and Transitional.
        target: Part name without a leading slash, or the address when external.
        external: Points outside the package.
    """

    id: str
    kind: str
    target: str
    external: bool


class Package:
    """A Word package behind the gate.

    Attributes:
        container: The archive.
        main: Name of the main document part.
        main_type: Content type of the main part.
        strict: Written in the Strict spelling of the standard.
        findings: What was noticed so far (damaged parts).
    """

    def __init__(self, container: Container) -> None:
        self.container = container
        self.findings: list[Finding] = []
        self._relations: dict[str, dict[str, Relation]] = {}
        self._defaults, self._overrides = self._read_content_types()
        self.strict = False
        self.main = ""
        self.main = self._find_main()
        self.main_type = self.content_type(self.main)
        self._refuse_other_formats()

    def content_type(self, part: str) -> str:
        """Return the content type of a part in lower case; empty when the package does not say."""
        extension = posixpath.splitext(part)[1].lstrip(".").lower()
        return self._overrides.get(part.lower()) or self._defaults.get(extension, "")

    def relations(self, part: str) -> Mapping[str, Relation]:
        """Return the relationships of a part by id; of the package itself for an empty name."""
        found = self._relations.get(part)
        if found is None:
            found = self._relations[part] = self._relations_of(part)
        return found

    def related(self, part: str, kind: str) -> list[str]:
        """Return the parts inside the package that ``part`` points to by relationships of ``kind``."""
        return [
            relation.target
            for relation in self.relations(part).values()
            if relation.kind == kind and not relation.external and relation.target in self.container
        ]

    def data(self, part: str) -> bytes:
        """Return a part's XML as ASCII-compatible bytes in the Transitional spelling.

        Raises:
            DamagedDocument: Missing, broken, or in an encoding that Office parts must not have.
        """
        raw = safexml.as_utf8(self.container.read(part), part)
        plain = names.transitional(raw)
        if plain is not raw:
            self.strict = True
        return plain

    def root(self, part: str) -> Element:
        """Parse a part as a whole.

        Raises:
            DamagedDocument: Missing or broken.
            SafetyLimitExceeded: Over :data:`MAX_WHOLE_BYTES` or a limit of :mod:`extractors.docx.safexml`.
        """
        if self.container.unpacked_bytes(part) > MAX_WHOLE_BYTES:
            raise SafetyLimitExceeded(
                f"The part {safe_label(part)} has over {MAX_WHOLE_BYTES} bytes; only the body may be that large. "
                "Save the document anew in Word, or remove what makes this part so large."
            )
        return safexml.parse(self.data(part), part)

    def optional(self, part: str | None, what: str) -> Element | None:
        """Parse a part the document can do without; when it is broken a finding says so and None is returned.

        Raises:
            SafetyLimitExceeded: Over a limit of :mod:`extractors.docx.safexml`.
        """
        if part is None or part not in self.container:
            return None
        try:
            return self.root(part)
        except DamagedDocument as error:
            self.damaged(part, what, error)
            return None

    def damaged(self, part: str, what: str, error: ExtractionError) -> None:
        """Note that a part could not be used."""
        self._relations.setdefault(part, {})
        self.findings.append(_damaged(what, error))

    def _relations_of(self, part: str) -> dict[str, Relation]:
        try:
            return {relation.id: relation for relation in self._read_relations(part)}
        except DamagedDocument as error:
            if part in {"", self.main}:
                raise
            self.findings.append(_damaged("What the part refers to", error))
            return {}

    def _read_content_types(self) -> tuple[dict[str, str], dict[str, str]]:
        if CONTENT_TYPES not in self.container:
            raise NotADocx(f"The file is {self._other_archive()}, not a Word document. Save it as .docx and try again.")
        root = safexml.parse(self.container.read(CONTENT_TYPES), CONTENT_TYPES)
        defaults: dict[str, str] = {}
        overrides: dict[str, str] = {}
        for child in root:
            kind = (child.get("ContentType") or "").lower()
            if child.tag == f"{{{names.TYPES}}}Default":
                defaults[(child.get("Extension") or "").lower()] = kind
            elif child.tag == f"{{{names.TYPES}}}Override":
                overrides[(child.get("PartName") or "").lstrip("/").lower()] = kind
        return defaults, overrides

    def _other_archive(self) -> str:
        if "mimetype" in self.container and self.container.unpacked_bytes("mimetype") < 200:
            declared = self.container.read("mimetype").decode("ascii", "replace")
            if "opendocument.text" in declared:
                return "an OpenDocument text (.odt)"
            if "epub" in declared:
                return "an EPUB book"
            return f"a ZIP archive of type {safe_label(declared, 60)}"
        return "a ZIP archive"

    def _find_main(self) -> str:
        for part in self.related("", names.OFFICE_DOCUMENT):
            return part
        for part, kind in self._overrides.items():
            if kind.endswith("main+xml") and any(word in kind for word in _WORD) and part in self.container:
                return part
        for relation in self.relations("").values():
            if relation.kind == names.OFFICE_DOCUMENT:
                raise DamagedDocument(
                    f"The main part {safe_label(relation.target)} is missing from the file. "
                    "Download or copy it again, or save it anew in Word."
                )
        raise NotADocx("The file is an Office package without a Word document. Save it as .docx and try again.")

    def _refuse_other_formats(self) -> None:
        for word, name in _OTHERS:
            if word in self.main_type:
                raise NotADocx(f"The file is {name}, not a Word document. Export it as PDF or .docx and try again.")

    def _read_relations(self, part: str) -> Iterator[Relation]:
        folder, name = posixpath.split(part)
        source = posixpath.join(folder, "_rels", f"{name}.rels")
        if source not in self.container:
            return
        data = self.container.read(source)
        if names.STRICT_MARK in data:
            self.strict = True
        root = safexml.parse(data, source)
        for child in list(root)[:_MANY_RELATIONS]:
            identity, kind, target = child.get("Id"), child.get("Type"), child.get("Target")
            if identity is None or kind is None or target is None:
                continue
            external = child.get("TargetMode", "Internal").lower() == "external"
            place = target if external else _resolve(folder, target)
            yield Relation(identity, kind.rsplit("/", 1)[-1], place, external)


def _damaged(what: str, error: ExtractionError) -> Finding:
    message = f"{what} could not be read and is missing here: {error}"
    return Finding(severity="error", code="damaged-part", message=message)


def _resolve(folder: str, target: str) -> str:
    """Return the part name a relationship target means; a name that climbs out of the package is simply not there."""
    path = unquote(target.partition("#")[0]).replace("\\", "/")
    joined = path if path.startswith("/") else posixpath.join("/", folder, path)
    return posixpath.normpath(joined).lstrip("/")
