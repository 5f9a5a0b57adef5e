"""Callers of other services, who change one address: their requests as they send them, read as they read answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote

import httpx
import pytest
from service import Service

from api.docling import Options, options_from
from preflight.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    made = Service(tmp_path_factory.mktemp("data"), "--workers", "2")
    with made:
        yield made
        made.stop()


def open_webui(service: Service, file: Path, mime_type: str | None, name: str | None = None) -> list[dict[str, object]]:
    """Load a document as Open WebUI's ExternalDocumentLoader does: what it sends, and how it reads the answer."""
    headers = {"Authorization": "Bearer whatever"}
    if mime_type is not None:
        headers["Content-Type"] = mime_type
    headers["X-Filename"] = quote(name or file.name)
    response = httpx.put(f"{service.address}/process", content=file.read_bytes(), headers=headers, timeout=300)
    if not response.is_success:
        raise ValueError(f"Error loading document: {response.status_code} {response.text}")
    data = response.json()
    assert data, "an empty answer would be taken for an error"
    documents = [data] if isinstance(data, dict) else data
    assert all(isinstance(one.get("page_content"), str) for one in documents)
    assert all(isinstance(one.get("metadata"), dict) for one in documents)
    return documents


def test_open_webui_gets_pages_with_their_numbers(service: Service, samples: Path) -> None:
    documents = open_webui(service, samples / "mixed.pdf", "application/pdf", "Übersicht (1).pdf")

    assert [one["metadata"]["page"] for one in documents] == list(range(len(documents)))
    first, second = documents[0], documents[1]
    assert first["metadata"]["page_label"] == "1"
    assert first["metadata"]["source"] == "Übersicht (1).pdf"
    assert first["metadata"]["total_pages"] == len(documents) == 5
    assert first["metadata"]["complete"] is True
    assert len(str(second["page_content"]).split()) > 20, "the second page is a scan, which OCR has read"
    assert all(isinstance(value, (str, int, bool)) for one in documents for value in one["metadata"].values()), (
        "vector stores take plain values only"
    )


def test_open_webui_gets_flowing_text_whole(service: Service, samples: Path) -> None:
    mime = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    (document,) = open_webui(service, samples / "letter.docx", mime)

    assert len(str(document["page_content"]).split()) > 20
    (document,) = open_webui(service, samples / "notes.md", "text/markdown")
    assert "page" not in document["metadata"]


def test_open_webui_hears_of_what_cannot_be_read(service: Service, tmp_path: Path) -> None:
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7\nno such thing")

    with pytest.raises(ValueError, match=r"(?s)422.*damaged"):
        open_webui(service, tmp_path / "broken.pdf", "application/pdf")
    (tmp_path / "x.bin").write_bytes(bytes(range(256)))
    with pytest.raises(ValueError, match="415"):
        open_webui(service, tmp_path / "x.bin", None)


def test_nothing_is_kept_of_what_only_passed_through(service: Service, samples: Path) -> None:
    open_webui(service, samples / "report.pdf", "application/pdf")

    assert httpx.get(f"{service.address}/v1/documents").json()["items"] == []
    assert httpx.get(f"{service.address}/v1/jobs").json()["items"] == []
    assert not [one for one in (service.folder / "uploads").iterdir() if len(one.name) == 32]


def docling(service: Service, file: Path, fields: dict[str, object] | None = None) -> httpx.Response:
    """Convert a document as clients of docling-serve do: multipart, `files`, options as fields."""
    with file.open("rb") as opened:
        files = {"files": (file.name, opened, "application/pdf")}
        url = f"{service.address}/v1/convert/file"
        return httpx.post(url, files=files, data=fields or {}, headers={"X-Api-Key": "k"}, timeout=300)


def test_docling_clients_get_markdown(service: Service, samples: Path) -> None:
    """The fields that Open WebUI's loader for docling-serve sends."""
    fields = {"image_export_mode": "placeholder", "table_mode": "accurate", "do_picture_description": "false"}
    answer = docling(service, samples / "mixed.pdf", fields)
    data = answer.json()

    assert answer.status_code == 200
    assert set(data) == {"document", "status", "errors", "processing_time", "timings"}
    assert data["status"] == "success"
    assert data["errors"] == []
    assert data["document"]["filename"] == "mixed.pdf"
    assert len(data["document"]["md_content"].split()) > 100
    assert data["document"]["text_content"] is None
    assert data["processing_time"] > 0
    assert "x-preflight-ignored" not in answer.headers


def test_docling_clients_get_what_they_ask_for_or_hear_that_they_do_not(service: Service, samples: Path) -> None:
    answer = docling(
        service,
        samples / "mixed.pdf",
        {"to_formats": ["md", "text", "json"], "page_range": ["1", "1"], "ocr_lang": ["en"], "new_option": "1"},
    )
    data = answer.json()

    assert data["status"] == "partial_success"
    assert [one["error_message"] for one in data["errors"]] == ["json is not made by this service."]
    assert data["document"]["text_content"]
    assert data["document"]["json_content"] is None
    assert answer.headers["x-preflight-ignored"] == "new_option"
    whole = docling(service, samples / "mixed.pdf", {"to_formats": "text"}).json()["document"]["text_content"]
    assert whole.startswith(data["document"]["text_content"])
    assert len(whole) > len(data["document"]["text_content"])


def test_a_text_that_is_not_whole_is_never_given_as_whole(service: Service, samples: Path) -> None:
    data = docling(service, samples / "mixed.pdf", {"do_ocr": "false", "to_formats": ["text"]}).json()

    assert data["status"] == "partial_success"
    assert data["errors"]
    assert "[page 2 was not read]" in data["document"]["text_content"]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"to_formats": "html"}, 422),
        ({"target_type": "zip"}, 422),
        ({"return_as_file": "true"}, 422),
        ({"do_ocr": "perhaps"}, 422),
        ({"ocr_lang": "../../etc"}, 422),
        ({"page_range": ["2", "1"]}, 422),
    ],
)
def test_options_that_make_no_sense_are_refused(
    service: Service, samples: Path, fields: dict[str, object], status: int
) -> None:
    answer = docling(service, samples / "notes.md", fields)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert "etc" not in answer.text


def test_a_language_that_ocr_does_not_have_is_refused(service: Service, samples: Path) -> None:
    assert docling(service, samples / "notes.md", {"ocr_lang": "en"}).status_code == 200, "who works is there now"

    answer = docling(service, samples / "notes.md", {"ocr_lang": "zzz"})

    assert (answer.status_code, answer.json()["code"]) == (422, "ocr-language-not-offered")
    assert "zzz" not in answer.text


def test_forms_that_are_none_are_refused(service: Service) -> None:
    url = f"{service.address}/v1/convert/file"
    two = [("files", ("a.txt", b"a")), ("files", ("b.txt", b"b"))]
    assert httpx.post(url, files=two).status_code == 422
    assert httpx.post(url, files={"file": ("a.txt", b"a")}).status_code == 400
    assert httpx.post(url, data={"to_formats": "md"}).status_code == 400
    assert httpx.post(url, content=b"raw").status_code == 400
    assert httpx.post(url, files={"files": ("a.txt", b"")}).status_code == 422


def test_options_are_read_as_docling_serve_reads_them() -> None:
    assert options_from([]) == Options()
    read = options_from([
        ("to_formats", "text"), ("to_formats", "md"), ("force_ocr", "true"), ("ocr_lang", "en"), ("ocr_lang", "deu"),
        ("page_range", json.dumps([2, 5])), ("table_mode", "fast"),
    ])  # fmt: skip

    assert read == Options(formats=("md", "text"), ocr="always", languages=("eng", "deu"), pages=(2, 5))
    with pytest.raises(UsageError):
        options_from([("to_formats", "exe")])
