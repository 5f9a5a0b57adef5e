"""Whether pieces of an encrypted document may be written without its encryption."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from extractors.facts import DocumentFacts

TO_BE_ALLOWED = ("copy", "modify", "assemble")
"""What taking pages out of a document and writing them anew is called among the permissions of a PDF."""


def may_be_decrypted(facts: DocumentFacts) -> bool:
    """Whether nobody is asked first: it is not encrypted, its owner opened it, or its author allows everybody all."""
    if not facts.encrypted:
        return True
    return facts.pdf is not None and (facts.pdf.opened_with == "owner" or not denied(facts))


def denied(facts: DocumentFacts) -> tuple[str, ...]:
    """What an encrypted PDF does not allow of :data:`TO_BE_ALLOWED`; empty for other documents."""
    if facts.pdf is None or not facts.encrypted:
        return ()
    return tuple(name for name in TO_BE_ALLOWED if not facts.pdf.permissions.get(name, False))
