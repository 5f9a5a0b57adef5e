"""Uploads of other people's tus clients, through a service that is killed in the middle: does every byte arrive?

    python benchmarks/tus_clients.py [--tools DIR] [--megabytes 40] [--json FILE]

tuspy (PyPI) and tus-js-client (npm) upload a file of random bytes to `preflight serve` on loopback, in parts of 1 MiB
and as one part. The service is killed with SIGKILL when a tenth, half and nine tenths of the bytes are in its file, and
started again; the clients go on by their own retries. Both are installed into a folder of their own (DIR, which is kept
and used again; a temporary one else), so that neither is a dependency. Prints a table in Markdown; exit code 1 when a
byte is lost. ``--json`` writes the same as data.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import httpx

PREFLIGHT = str(Path(sys.executable).with_name("preflight"))
POINTS = (0.1, 0.5, 0.9)
PART_BYTES = (1 << 20, 1 << 40)
"""Of 1 MiB, and larger than the file."""
PATIENCE_S = 120.0
TUSPY = """
import sys
from tusclient import client
address, file, part = sys.argv[1:]
uploader = client.TusClient(address).uploader(file, chunk_size=int(part), retries=200, retry_delay=0.1)
uploader.upload()
"""
TUS_JS = """
const fs = require("fs"), tus = require("tus-js-client");
const [address, file, part] = process.argv.slice(2);
const size = fs.statSync(file).size;
new tus.Upload(fs.createReadStream(file), {
  endpoint: address, uploadSize: size, chunkSize: Math.min(Number(part), size), retryDelays: Array(200).fill(100),
  onError: (error) => { console.error(String(error)); process.exit(1); },
}).start();
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One upload.

    Attributes:
        client: Whose it was.
        part_bytes: Bytes of one request; of all of them where the client was told no limit.
        killed_at: Bytes in the file of the service when it had been killed.
        total: Bytes of the upload.
        equal: Whether file and document are what was sent.
        seconds: From the first request to the client's end.
    """

    client: str
    part_bytes: int
    killed_at: int
    total: int
    equal: bool
    seconds: float


class Service:
    """`preflight serve` without workers, on one port and folder."""

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            self.address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        self.folder = folder
        port = self.address.rpartition(":")[2]
        self._command = [PREFLIGHT, "serve", "--port", port, "--data", str(folder), "--workers", "0"]

    def start(self) -> None:
        """Start, and wait for an answer."""
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            try:
                httpx.get(f"{self.address}/healthz")
                return
            except httpx.TransportError:
                time.sleep(0.05)
        raise TimeoutError("The service does not answer.")

    def kill(self) -> None:
        """End it as a crash would."""
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


def install(folder: Path) -> dict[str, list[str]]:
    """Return how to call each client, which are installed where they are missing."""
    folder.mkdir(parents=True, exist_ok=True)
    python = folder / "venv" / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    if subprocess.run([python, "-c", "import tusclient"], capture_output=True, check=False).returncode:
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "tuspy"], check=True)
    if not (folder / "node_modules" / "tus-js-client").exists():
        quiet = ["--silent", "--no-fund", "--no-audit"]
        subprocess.run(["npm", "install", *quiet, "tus-js-client"], cwd=folder, check=True)
    (folder / "tuspy_upload.py").write_text(TUSPY, encoding="utf-8")
    (folder / "tus_js_upload.js").write_text(TUS_JS, encoding="utf-8")
    return {
        "tuspy": [str(python), str(folder / "tuspy_upload.py")],
        "tus-js-client": ["node", str(folder / "tus_js_upload.js")],
    }


def reached(uploads: Path, known: set[str], size: int, client: subprocess.Popen[bytes]) -> Path:
    """Wait until the file of a new upload has so many bytes; return it."""
    while client.poll() is None:
        for one in uploads.iterdir() if uploads.is_dir() else ():
            data = one / "data"
            if one.name not in known and not one.name.startswith(".") and data.stat().st_size >= size:
                return data
    raise RuntimeError("The client ended before the service was killed. Send more bytes.")


def killed(service: Service, call: list[str], file: Path, part: int, point: float, name: str) -> Run:
    """Upload a file, kill the service on the way, start it again, and compare."""
    uploads, total = service.folder / "uploads", file.stat().st_size
    known = {one.name for one in uploads.iterdir()}
    began = time.monotonic()
    with subprocess.Popen([*call, f"{service.address}/v1/uploads", str(file), str(part)]) as client:
        data = reached(uploads, known, int(total * point), client)
        service.kill()
        at = data.stat().st_size
        service.start()
        code = client.wait(PATIENCE_S)
    seconds = time.monotonic() - began
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    document = httpx.get(f"{service.address}/v1/documents/{data.parent.name}").json()
    stored = hashlib.sha256(data.read_bytes()).hexdigest()
    equal = code == 0 and stored == digest == document.get("sha256") and document.get("size_bytes") == total
    return Run(client=name, part_bytes=min(part, total), killed_at=at, total=total, equal=equal, seconds=seconds)


def table(runs: list[Run]) -> str:
    """Return the runs in Markdown."""
    lines = ["client | one request | killed at | bytes equal | seconds", "--- | ---: | ---: | --- | ---:"]
    for one in runs:
        at = f"{one.killed_at:,} of {one.total:,}"
        lines.append(f"{one.client} | {one.part_bytes:,} | {at} | {'yes' if one.equal else 'NO'} | {one.seconds:.1f}")
    return "\n".join(lines)


def main() -> int:
    """Run and print; 1 when anything was lost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tools", type=Path)
    parser.add_argument("--megabytes", type=int, default=40)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    if shutil.which("npm") is None:
        parser.error("Install node and npm: tus-js-client needs them.")
    runs: list[Run] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        clients = install(asked.tools or folder / "tools")
        file = folder / "random.bin"
        file.write_bytes(os.urandom(asked.megabytes * 1_000_000))
        service = stack.enter_context(Service(folder / "data"))
        for name, call in clients.items():
            for part in PART_BYTES:
                runs += [killed(service, call, file, part, point, name) for point in POINTS]
    print(table(runs))
    if asked.json:
        asked.json.write_text(json.dumps([asdict(one) for one in runs], indent=1) + "\n", encoding="utf-8")
    return 0 if all(one.equal for one in runs) else 1


if __name__ == "__main__":
    sys.exit(main())
