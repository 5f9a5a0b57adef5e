"""The bytes of a PDF where PDFium can read them, without a copy of the file."""

from __future__ import annotations

import ctypes
import io
import mmap
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

import pypdfium2.internal as pdfium_internal
import pypdfium2.raw as pdfium_c

if TYPE_CHECKING:
    from collections.abc import Iterator


class _View(ctypes.Structure):
    """``Py_buffer``: ctypes itself takes the address of writable buffers only."""

    _fields_ = (
        ("address", ctypes.c_void_p),
        ("owner", ctypes.py_object),
        ("length", ctypes.c_ssize_t),
        ("item_size", ctypes.c_ssize_t),
        ("read_only", ctypes.c_int),
        ("dimensions", ctypes.c_int),
        ("format", ctypes.c_char_p),
        ("shape", ctypes.c_void_p),
        ("strides", ctypes.c_void_p),
        ("sub_offsets", ctypes.c_void_p),
        ("internal", ctypes.c_void_p),
    )


class PdfiumSource:
    """Bytes PDFium may read for as long as this object lives.

    A file is mapped (read-only, nothing is read before PDFium touches it), so a 2 GB file costs no memory; a mapping
    that may be written would count against a worker's limit on memory (RLIMIT_DATA). Where the address space does not
    allow that, PDFium asks for blocks through ``file`` instead. A file must not be shortened while it is mapped: the
    process would get SIGBUS.

    Attributes:
        size: Size in bytes, at least 1.
        mapped: The bytes are in the address space; False when they are read in blocks.
    """

    def __init__(self, file: BinaryIO | bytes) -> None:
        self._mapping: mmap.mmap | None = None
        self._view: _View | None = None
        self._array: int | bytes | None = None
        self._reader: tuple[object, object] | None = None
        if isinstance(file, bytes):
            self.size, self._array = len(file), file
        else:
            self._attach(file)
        self.mapped = self._array is not None

    def _attach(self, file: BinaryIO) -> None:
        self.size = file.seek(0, os.SEEK_END)
        file.seek(0)
        try:
            self._mapping = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            self._view = _View()
            ctypes.pythonapi.PyObject_GetBuffer(ctypes.py_object(self._mapping), ctypes.byref(self._view), 0)
            self._array = self._view.address
        except (OSError, ValueError):  # no descriptor (io.UnsupportedOperation is both), or no room
            if isinstance(file, io.BytesIO):
                self._array = file.getvalue()
            else:
                self._reader = pdfium_internal.get_bufreader(file)

    def load(self, password: bytes | None) -> tuple[object | None, int]:
        """Open the document.

        Args:
            password: Exact bytes of the password without NUL; None or empty for none.

        Returns:
            The raw ``FPDF_DOCUMENT`` (the caller closes it before this source), or None with PDFium's error code.
        """
        secret = None if password is None else password + b"\0"
        if self._reader is not None:
            document = pdfium_c.FPDF_LoadCustomDocument(self._reader[0], secret)
        else:
            document = pdfium_c.FPDF_LoadMemDocument64(self._array, self.size, secret)
        return (document, 0) if document else (None, pdfium_c.FPDF_GetLastError())

    def close(self) -> None:
        """Give the bytes back. No document loaded from here may be used any more."""
        self._array = self._reader = None
        if self._view is not None:
            ctypes.pythonapi.PyBuffer_Release(ctypes.byref(self._view))
            self._view = None
        if self._mapping is not None:
            self._mapping.close()
            self._mapping = None


@contextmanager
def pdfium_source(file: BinaryIO | bytes) -> Iterator[PdfiumSource]:
    """Hold the bytes of ``file`` for PDFium while the block runs."""
    source = PdfiumSource(file)
    try:
        yield source
    finally:
        source.close()
