"""Importing starts nothing and loads nothing heavy."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("pypdfium2", "pikepdf", "pypdf", "docx", "PIL", "tesserocr", "pytesseract", "fastapi", "starlette", "uvicorn")


def loaded(code: str) -> set[str]:
    """Return the modules a fresh interpreter has loaded after running ``code``."""
    run = f"{code}\nimport sys\nprint('\\n'.join(sys.modules))"
    out = subprocess.run([sys.executable, "-c", run], capture_output=True, text=True, check=True)
    return set(out.stdout.split())


@pytest.mark.parametrize("code", ["import preflight", "from preflight import check", "import preflight.cli"])
def test_import_loads_neither_web_stack_nor_parsers(code: str) -> None:
    assert loaded(code).isdisjoint(HEAVY)


def test_import_preflight_starts_no_process_or_thread() -> None:
    code = (
        "import threading, os, preflight\n"
        "assert threading.active_count() == 1\n"
        "children = open(f'/proc/{os.getpid()}/task/{os.getpid()}/children').read()\n"
        "assert not children, children"
    )

    loaded(code)


def test_public_surface_is_what_it_says() -> None:
    import preflight

    assert preflight.__all__ == sorted(preflight.__all__)
    for name in preflight.__all__:
        assert getattr(preflight, name) is not None
