"""What the peers are asked to do; run by their environment: `python peer_tool.py TASK ARGUMENT…`. Prints text or JSON.

Each task is what the documentation of the tool shows first, with nothing tuned against it.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path


def pypdfium2_text(*files: str) -> None:
    """Text of every page by PDFium's own calls."""
    import pypdfium2

    for file in files:
        with pypdfium2.PdfDocument(file) as document:
            for page in document:
                text = page.get_textpage()
                print(text.get_text_bounded())
                text.close()
                page.close()


def kreuzberg_text(*files: str) -> None:
    """Text as kreuzberg gives it, with its defaults."""
    import kreuzberg

    for file in files:
        print(kreuzberg.extract_file_sync(file).content)


def pdf_inspector_kinds(*files: str) -> None:
    """Classification alone; the numbers of pages said to need OCR, from 1."""
    import pdf_inspector

    found = []
    for file in files:
        try:
            found.append([number + 1 for number in pdf_inspector.classify_pdf(file).pages_needing_ocr])
        except ValueError:  # what it raises for a document it cannot read
            found.append(None)
    print(json.dumps(found))


def ocrmypdf_kinds(*files: str) -> None:
    """The pages OCRmyPDF would read with --skip-text: those without any text, from 1."""
    from ocrmypdf.exceptions import ExitCodeException
    from ocrmypdf.pdfinfo import PdfInfo

    found = []
    for file in files:
        try:
            info = PdfInfo(Path(file))
            found.append([number for number, page in enumerate(info.pages, 1) if not page.has_text])
        except ExitCodeException:
            found.append(None)
    print(json.dumps(found))


def pypdf_text(*files: str) -> None:
    """Text by pypdf."""
    import pypdf

    for file in files:
        for page in pypdf.PdfReader(file).pages:
            print(page.extract_text())


def pdfplumber_text(*files: str) -> None:
    """Text by pdfplumber, pages closed as its documentation advises."""
    import pdfplumber

    for file in files:
        with pdfplumber.open(file) as document:
            for page in document.pages:
                print(page.extract_text())
                page.close()


def markitdown_text(*files: str) -> None:
    """Markdown by markitdown."""
    from markitdown import MarkItDown

    converter = MarkItDown(enable_plugins=False)
    for file in files:
        print(converter.convert(file).text_content)


def docx2txt_text(*files: str) -> None:
    """Text by docx2txt."""
    import docx2txt

    for file in files:
        print(docx2txt.process(file))


def python_docx_text(*files: str) -> None:
    """Paragraphs and tables in their order, as python-docx gives them."""
    import docx

    for file in files:
        for block in docx.Document(file).iter_inner_content():
            if isinstance(block, docx.table.Table):
                for row in block.rows:
                    print(*(cell.text for cell in row.cells), sep="\t")
            else:
                print(block.text)


def pikepdf_split(file: str, step: str, folder: str) -> None:
    """A new file for each piece, pages appended."""
    import pikepdf

    with pikepdf.open(file) as document:
        for first in range(0, len(document.pages), int(step)):
            with pikepdf.new() as piece:
                piece.pages.extend(document.pages[first : first + int(step)])
                piece.remove_unreferenced_resources()
                piece.save(Path(folder, f"{first + 1:05}.pdf"))


def pypdf_split(file: str, step: str, folder: str) -> None:
    """A writer for each piece, a range of pages appended."""
    import pypdf

    reader = pypdf.PdfReader(file)
    for first in range(0, len(reader.pages), int(step)):
        writer = pypdf.PdfWriter()
        writer.append(reader, pages=(first, min(first + int(step), len(reader.pages))))
        writer.write(Path(folder, f"{first + 1:05}.pdf"))


def pypdfium2_split(file: str, step: str, folder: str) -> None:
    """PDFium's import of pages."""
    import pypdfium2

    with pypdfium2.PdfDocument(file) as document:
        for first in range(0, len(document), int(step)):
            with pypdfium2.PdfDocument.new() as piece:
                piece.import_pages(document, list(range(first, min(first + int(step), len(document)))))
                piece.save(Path(folder, f"{first + 1:05}.pdf"))


def tesserocr_text(file: str, dpi: str, workers: str) -> None:
    """Pages rendered, and recognized by one API object a process: what a short program of one's own would do."""
    from multiprocessing import Pool

    with Pool(int(workers)) as pool:
        print(json.dumps(pool.starmap(_recognized, [(file, int(dpi), page) for page in range(_pages(file))], 1)))


_ENGINES: list[object] = []


def _recognized(file: str, dpi: int, page: int) -> str:
    import pypdfium2
    import tesserocr

    if not _ENGINES:
        _ENGINES.append(tesserocr.PyTessBaseAPI(path=f"{sys.prefix}/share/tessdata/", lang="eng"))
    (engine,) = _ENGINES
    if not file.endswith(".pdf"):
        engine.SetImageFile(file)
    else:
        with pypdfium2.PdfDocument(file) as document:
            engine.SetImage(document[page].render(scale=dpi / 72, grayscale=True).to_pil())
    text: str = engine.GetUTF8Text()
    return text


def _pages(file: str) -> int:
    import pypdfium2

    if not file.endswith(".pdf"):
        return 1
    with pypdfium2.PdfDocument(file) as document:
        return len(document)


def count_tokens(file: str) -> None:
    """Count the o200k tokens of a text by toktok, as exact as tiktoken; seconds of CPU with loading the vocabulary."""
    from toktok import batch_count

    text = Path(file).read_text(encoding="utf-8")
    start = time.process_time()
    (count,) = batch_count([text], "o200k_base", threads=1)
    print(json.dumps({"tokens": count, "cpu_s": time.process_time() - start}))


TASKS = {
    task.__name__.replace("_", "-"): task
    for task in (
        *(pypdfium2_text, kreuzberg_text, pdf_inspector_kinds, ocrmypdf_kinds, pypdf_text, pdfplumber_text),
        *(markitdown_text, docx2txt_text, python_docx_text, pikepdf_split, pypdf_split, pypdfium2_split),
        *(tesserocr_text, count_tokens),
    )
}

if __name__ == "__main__":
    TASKS[sys.argv[1]](*sys.argv[2:])
