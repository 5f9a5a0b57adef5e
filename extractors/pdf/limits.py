"""What the PDF parsers may cost, and which exceptions they may raise.

PDFium has no such switches: for it the limits of the worker process are the only defence. Sources of the figures:
shared/facts/security-and-http.md §1.3 and §1.4 (measured there: a 5 KB bomb falls from 12.6 s and 2 GB to 0.65 s and
154 MB).
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pikepdf
from pikepdf import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_WALKED = 100_000
"""Nodes (annotations, fields, outline entries) looked at in one document; what is beyond is said to be cut."""
MAX_DEPTH = 100
"""Levels followed downwards in a tree of a document."""
MAX_OUTLINE = 20_000
"""Outline entries handed on."""

_STREAM_BYTES = 75_000_000
_PYPDF_STREAM_BYTES = 10_000_000  # of what pypdf is asked, it unpacks cross-reference and object streams only
_PYPDF_RECOVERED_BYTES = 100_000  # a broken stream is recovered byte by byte in Python
_CONTAINER_ITEMS = 100_000
_WARNINGS = 20_000  # one a page is common: some programs leave /Resources out
_PAGES_BY_PYPDF = 20_000
_OUTLINE_BY_PYPDF = 5_000  # it reads shared branches once for each parent

PIKE_ERRORS = (pikepdf.PikepdfError, RuntimeError, ValueError, OverflowError)
"""What reading objects through pikepdf may raise on a damaged file.

qpdf's own errors are PikepdfError (PasswordError is one, but no PdfError); C++ exceptions arrive as the builtin ones.
"""


def apply_limits() -> None:
    """Set qpdf's limits for this process, and keep it from writing to stderr. Idempotent; every opening calls it."""
    logger = logging.getLogger("pikepdf._core")
    if logger.propagate:  # what it would say about a damaged file is an exception or a warning of the document, too
        logger.addHandler(logging.NullHandler())
        logger.propagate = False
    settings.set_qpdf_limits(
        doc_max_warnings=_WARNINGS,
        parser_max_container_size=_CONTAINER_ITEMS,
        max_stream_filters=6,
        flate_max_memory=_STREAM_BYTES,
        png_max_memory=_STREAM_BYTES,
        tiff_max_memory=_STREAM_BYTES,
        run_length_max_memory=_STREAM_BYTES,
        dct_max_memory=200_000_000,
    )


@contextmanager
def room_to_unpack(size_bytes: int) -> Iterator[None]:
    """Let qpdf unpack one stream of known size while the block runs, though it may be larger than any other.

    Args:
        size_bytes: What the stream should come to; what comes to more than this and the usual limit is still refused.
    """
    most = max(_STREAM_BYTES, size_bytes)
    settings.set_qpdf_limits(
        flate_max_memory=most, png_max_memory=most, tiff_max_memory=most, run_length_max_memory=most
    )
    try:
        yield
    finally:
        apply_limits()


def apply_pypdf_limits() -> None:
    """Set pypdf's limits for the current context.

    Kept apart from :func:`apply_limits` because importing pypdf costs more CPU than PDFium and qpdf together, and most
    documents do not need it. pypdf keeps its configuration in a context variable, so a new thread starts with the
    defaults: every reader is made after a call of this function.
    """
    import pypdf

    pypdf.overwrite_configuration(
        maximum_declared_stream_length=_STREAM_BYTES,
        zlib_maximum_output_length=_PYPDF_STREAM_BYTES,
        zlib_maximum_recovery_input_length=_PYPDF_RECOVERED_BYTES,
        lzw_maximum_output_length=_PYPDF_STREAM_BYTES,
        run_length_maximum_output_length=_PYPDF_STREAM_BYTES,
        array_based_stream_maximum_output_length=_PYPDF_STREAM_BYTES,
        stream_decoding_work_maximum_length=2 * _PYPDF_STREAM_BYTES,
        stream_filters_maximum_length=6,
        array_maximum_element_count=_CONTAINER_ITEMS,
        dictionary_maximum_element_count=_CONTAINER_ITEMS,
        outline_maximum_entries=_OUTLINE_BY_PYPDF,
        outline_maximum_depth=MAX_DEPTH,
        page_tree_maximum_entries=_PAGES_BY_PYPDF,
        page_tree_maximum_depth=MAX_DEPTH,
        named_destinations_maximum_entries=MAX_WALKED,
        named_destinations_maximum_depth=MAX_DEPTH,
        form_fields_maximum_entries=MAX_WALKED,
        form_fields_maximum_depth=MAX_DEPTH,
        jbig2dec_binary=None,  # never start another program
        disable_legacy_handling=True,  # saves the look at the old constants at every opening
    )
