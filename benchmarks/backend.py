"""A back end nobody here wrote: OCRmyPDF behind HTTP. Run by the environment of the peers; prints its port.

A request's body is a PDF; the answer is the PDF that OCRmyPDF makes of it, with 422 and OCRmyPDF's words where it
refuses. One process a request, one thread for OCR. A request whose client has gone is worked on all the same, as
in most services.
"""

from __future__ import annotations

import os
import tempfile
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from socketserver import ForkingMixIn

import ocrmypdf

_STARTED_BY = os.getppid()


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            source, made = Path(folder, "in.pdf"), Path(folder, "out.pdf")
            source.write_bytes(self.rfile.read(int(self.headers["Content-Length"])))
            try:
                ocrmypdf.ocr(source, made, mode="skip", jobs=1, output_type="pdf", progress_bar=False)
                status, answer = 200, made.read_bytes()
            except ocrmypdf.ExitCodeException as refusal:
                status, answer = 422, str(refusal).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Nothing: the standard error of a measured process stays empty."""


class _Server(ForkingMixIn, HTTPServer):
    def service_actions(self) -> None:
        """End with whoever started this."""
        super().service_actions()
        if os.getppid() != _STARTED_BY:
            raise SystemExit


if __name__ == "__main__":
    with _Server(("127.0.0.1", 0), _Handler) as server:
        print(server.server_port, flush=True)
        server.serve_forever()
