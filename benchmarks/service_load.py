"""The service under load: many uploads at a time while every core is at OCR.

    python benchmarks/service_load.py [--clients 50] [--megabytes 20] [--large-gigabytes 0] [--no-ocr]

Starts `preflight serve` on loopback with a folder of its own, asks for OCR of as many scans as keep all workers busy,
lets the clients upload a file each by tus in parts of 8 MiB, and asks all the while how the service is. A plain
streaming PUT to a bare ASGI application (uvicorn, a file, one fsync at its end) of the same bytes by as many clients is
what throughput is compared with. Prints failures by status, waits for `/healthz`, the most memory the HTTP process had
(VmHWM), and throughput. Clients, service and workers share the machine, so that waits are those of a machine that is
more than full: `--no-ocr` shows how much of them is the service's.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

SAMPLES = Path(__file__).resolve().parent.parent / "samples"
PREFLIGHT = str(Path(sys.executable).with_name("preflight"))
CHUNK = 8 << 20
TUS = {"tus-resumable": "1.0.0"}
BARE = """
import os, sys, uvicorn
async def app(scope, receive, send):
    with open(os.path.join(sys.argv[1], scope["path"].strip("/")), "wb") as file:
        more = True
        while more:
            message = await receive()
            file.write(message.get("body", b""))
            more = message.get("more_body", False)
        os.fsync(file.fileno())
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})
uvicorn.run(app, port=int(sys.argv[2]), log_level="error", lifespan="off")
"""
PULSE = """
import http.client, sys, threading, time
ended = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
client = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]))
while not ended.is_set():
    began = time.perf_counter()
    client.request("GET", "/healthz")
    answer = client.getresponse()
    answer.read()
    assert answer.status == 200, answer.status
    print(time.perf_counter() - began)
    time.sleep(0.02)
"""


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@contextmanager
def started(command: list[str], address: str) -> Iterator[int]:
    """Run a server until the block ends; yields its process id when it listens."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            port = int(address.rpartition(":")[2])
            while process.poll() is None:
                with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                    break
                time.sleep(0.05)
            yield process.pid
        finally:
            process.terminate()


def peak_mib(pid: int) -> float:
    """Return the most memory a process has had."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


async def keep_busy(client: httpx.AsyncClient, jobs: int) -> None:
    """Ask for OCR of a scan, again and again, so that no worker is idle."""
    scan = (SAMPLES / "scan.pdf").read_bytes()
    made = await client.post("/v1/documents?filename=scan.pdf", content=scan)
    for _ in range(jobs):
        await client.post(f"/v1/documents/{made.json()['id']}/texts", json={"ocr": "always"})


async def upload(client: httpx.AsyncClient, data: bytes, said: Counter[str]) -> None:
    """Upload bytes by tus; what the service puts off is tried again, as it asks."""
    made = await client.post("/v1/uploads", headers={**TUS, "upload-length": str(len(data))})
    said[f"POST {made.status_code}"] += 1
    place, offset = made.headers["location"], 0
    headers = {**TUS, "content-type": "application/offset+octet-stream"}
    while offset < len(data):
        part = data[offset : offset + CHUNK]
        answer = await client.patch(place, headers={**headers, "upload-offset": str(offset)}, content=part)
        said[f"PATCH {answer.status_code}"] += 1
        if answer.status_code in (429, 503):
            await asyncio.sleep(float(answer.headers["retry-after"]))
        else:
            answer.raise_for_status()
            offset = int(answer.headers["upload-offset"])


@contextmanager
def pulse(address: str, waits: list[float]) -> Iterator[None]:
    """Ask how the service is up to fifty times a second, from a process of its own: this one is busy with uploads."""
    command = [sys.executable, "-c", PULSE, address.rpartition(":")[2]]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield
        finally:
            told, _ = process.communicate("")
            waits += [float(line) for line in told.split()]


async def load(address: str, clients: int, data: bytes, said: Counter[str], waits: list[float]) -> float:
    """Let clients upload side by side; return the seconds it took."""
    limits = httpx.Limits(max_connections=clients)
    async with httpx.AsyncClient(base_url=address, timeout=600, limits=limits) as client:
        with pulse(address, waits):
            began = time.perf_counter()
            await asyncio.gather(*(upload(client, data, said) for _ in range(clients)))
            return time.perf_counter() - began


async def bare(address: str, clients: int, data: bytes) -> float:
    """The same bytes by plain PUT; return the seconds it took."""

    async def parts() -> AsyncIterator[bytes]:
        for at in range(0, len(data), 1 << 18):
            yield data[at : at + (1 << 18)]

    async with httpx.AsyncClient(base_url=address, timeout=600, limits=httpx.Limits(max_connections=clients)) as client:
        began = time.perf_counter()
        answers = await asyncio.gather(*(client.put(f"/{one}", content=parts()) for one in range(clients)))
        taken = time.perf_counter() - began
    for answer in answers:
        answer.raise_for_status()
    return taken


async def grow(address: str, gigabytes: int) -> None:
    """Upload one large file from memory that is used again and again."""
    total, block = gigabytes << 30, bytes(CHUNK)
    async with httpx.AsyncClient(base_url=address, timeout=600) as client:
        made = await client.post("/v1/uploads", headers={**TUS, "upload-length": str(total)})
        headers = {**TUS, "content-type": "application/offset+octet-stream"}
        for offset in range(0, total, CHUNK):
            place = made.headers["location"]
            answer = await client.patch(place, headers={**headers, "upload-offset": str(offset)}, content=block)
            answer.raise_for_status()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--megabytes", type=int, default=20)
    parser.add_argument("--large-gigabytes", type=int, default=0)
    parser.add_argument("--no-ocr", action="store_true")
    asked = parser.parse_args()
    data, said, waits = os.urandom(asked.megabytes * 1_000_000), Counter[str](), list[float]()
    total_mb = asked.clients * asked.megabytes
    with tempfile.TemporaryDirectory() as folder:
        address = f"http://127.0.0.1:{free_port()}"
        command = [PREFLIGHT, "serve", "--port", address.rpartition(":")[2], "--data", f"{folder}/data"]
        with started(command, address) as pid:

            async def both() -> float:
                if not asked.no_ocr:
                    async with httpx.AsyncClient(base_url=address, timeout=60) as client:
                        await keep_busy(client, 20)
                return await load(address, asked.clients, data, said, waits)

            seconds = asyncio.run(both())
            peak = peak_mib(pid)
            large = 0.0
            if asked.large_gigabytes:
                asyncio.run(grow(address, asked.large_gigabytes))
                large = peak_mib(pid)
        bare_address = f"http://127.0.0.1:{free_port()}"
        bare_command = [sys.executable, "-c", BARE, folder, bare_address.rpartition(":")[2]]
        with started(bare_command, bare_address):
            plain = asyncio.run(bare(bare_address, asked.clients, data))
    load_now = os.getloadavg()[0]
    centiles = statistics.quantiles(waits, n=100)
    print(f"{asked.clients} clients × {asked.megabytes} MB, OCR {'off' if asked.no_ocr else 'on'}, load {load_now:.1f}")
    print(f"answers: {dict(sorted(said.items()))}")
    print(f"/healthz: {len(waits)} looks, p50 {centiles[49] * 1000:.0f} ms, p99 {centiles[98] * 1000:.0f} ms")
    print(f"memory of the HTTP process: {peak:.0f} MiB" + (f", after one large file {large:.0f} MiB" if large else ""))
    print(f"throughput: tus {total_mb / seconds:.0f} MB/s, plain PUT {total_mb / plain:.0f} MB/s (OCR off)")


if __name__ == "__main__":
    main()
