"""A process that serves uploads alone, for tests that kill it.

``upload_server.py FOLDER PORT MAX_BYTES TTL_S STALL_S``
"""

from __future__ import annotations

import sys
from pathlib import Path

import uvicorn
from fastapi import FastAPI, HTTPException, Request

from api.problems import install_problem_handlers
from api.tus import tus_router
from preflight.uploads import UploadStore


def owner(request: Request) -> str:
    """Let two keys in."""
    key = request.headers.get("x-key", "")
    if key not in ("ours", "theirs"):
        raise HTTPException(401, "Send a key as x-key.")
    return key


def main() -> None:
    folder, port, max_bytes, ttl_s, stall_s = sys.argv[1:]
    store = UploadStore(Path(folder), max_bytes=int(max_bytes), ttl_s=float(ttl_s), reserve_bytes=0)
    app = FastAPI()
    install_problem_handlers(app)
    app.include_router(tus_router(store, owner, stall_s=float(stall_s)))
    uvicorn.run(app, port=int(port), log_level="error")


if __name__ == "__main__":
    main()
