"""The client for programs that wait."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from preflight.client import flows, transfer
from preflight.client.common import display_name
from preflight.client.sending import Sender
from preflight.client.values import TextWish
from preflight.document import find_document
from preflight.storage import write_file

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Literal

    from preflight.client.values import Document, Job, Json, Sent, SplitWish
    from preflight.judging import UserLimits


class Client(Sender):
    """A service, as whoever has work for it sees it."""

    def check(
        self,
        file: str | Path,
        *,
        target: str | None = None,
        via: Sequence[str] = (),
        model: str | None = None,
        limits: UserLimits | None = None,
        name: str | None = None,
        password: str | None = None,
    ) -> Json:
        """Say whether a document will get through, which limit binds, what it costs, and what to do.

        Args:
            file: The document.
            target: Receiving service.
            via: Gateways on the way.
            model: Model at the target; its default when None.
            limits: Limits of your own, such as ``UserLimits(pages=20)``.
            name: Display name; the file's when None.
            password: Password of the document. The report then has to come within ``timeout_s``: nothing is kept.

        Returns:
            The report, as ``preflight check --json`` has it.

        Raises:
            PreflightError: The service or the request is at fault.
            ExtractionError: The document is.
        """
        path = find_document(file).path
        return self._run(
            flows.check(
                path,
                self._service,
                name=display_name(path, name),
                target=target,
                via=tuple(via),
                model=model,
                limits=limits,
                password=password,
            )
        )

    def upload(
        self,
        file: str | Path,
        *,
        name: str | None = None,
        resume: str | None = None,
        chunk_bytes: int = transfer.CHUNK_BYTES,
        on_progress: Callable[[Sent], None] | None = None,
    ) -> Document:
        """Send a document to be kept; broken connections are gone on with where the service is.

        Args:
            file: The document.
            name: Display name; the file's when None.
            resume: Upload of an earlier call to go on with (:attr:`Sent.upload_id`).
            chunk_bytes: Bytes in one request.
            on_progress: Told how far it is.

        Raises:
            PreflightError: It cannot be sent, or what arrived is not what was sent.
        """
        path = find_document(file).path
        return self._run(
            transfer.upload(
                path,
                self._service.retries,
                name=display_name(path, name),
                resume=resume,
                chunk_bytes=chunk_bytes,
                on_progress=on_progress,
            )
        )

    def text(self, document_id: str, wish: TextWish | None = None) -> Job:
        """Ask for the text of a document."""
        return self._run(flows.begin(document_id, "texts", wish or TextWish(), self._service.retries))

    def split(self, document_id: str, wish: SplitWish) -> Job:
        """Ask for a document in pieces."""
        return self._run(flows.begin(document_id, "splits", wish, self._service.retries))

    def wait(
        self, job: Job, *, timeout_s: float | None = None, on_progress: Callable[[Job], None] | None = None
    ) -> Job:
        """Wait for the end of a job, good or bad.

        Raises:
            TimedOut: It has not ended in time; it goes on all the same.
        """
        return self._run(flows.wait(job, self._service.retries, timeout_s, on_progress))

    def result(self, job: Job) -> bytes:
        """Return what a job that has ended has made: a report, a text, or a manifest.

        Raises:
            PreflightError: It has made nothing, as ExtractionError where that is the document's fault.
        """
        return (self._run(flows.result(job, self._service.retries))).body

    def fetch(self, job: Job, folder: str | Path) -> list[Path]:
        """Fetch the pieces of a split, the texts beside them, and ``manifest.json``; hashes are compared.

        Returns:
            The pieces in order. Texts lie beside them, under the names the manifest has.

        Raises:
            PiecesDiffer: A piece or a text is not the one of the manifest.
            PreflightError: They cannot be fetched or written.
        """
        answer = self._run(flows.result(job, self._service.retries))
        place = Path(folder)
        pieces = self._run(transfer.fetch(answer.json, job.id, place, self._service.retries))
        write_file(place / "manifest.json", answer.body)
        return pieces

    def documents(self, *, most: int | None = None) -> list[Document]:
        """List the documents that are kept, the latest first; ``most`` of them at most."""
        return self._run(flows.documents(self._service.retries, most))

    def unit_text(self, document_id: str, number: int, *, ocr: Literal["auto", "never"] = "auto") -> str:
        """Return the text of one page or other unit, by OCR where it is needed.

        Args:
            document_id: The document.
            number: Number of the unit, from 1.
            ocr: ``never`` for its own text alone.

        Raises:
            UnknownUnit: The document has no such unit.
            PreflightError: The service or the request is at fault.
            ExtractionError: The document is.
        """
        ask = flows.look(document_id, number, "text", ("ocr", ocr))
        return self._run(flows.asked(ask, self._service.retries)).body.decode()

    def thumbnail(self, document_id: str, number: int, *, width: int = 160) -> bytes:
        """Return a small picture of one page or frame, as PNG.

        Args:
            document_id: The document.
            number: Number of the unit, from 1.
            width: Pixels at most, 60 to 600.

        Raises:
            UnknownUnit: The document has no such unit.
            PreflightError: The service or the request is at fault.
            ExtractionError: The document is.
        """
        ask = flows.look(document_id, number, "thumbnail", ("w", str(width)))
        return self._run(flows.asked(ask, self._service.retries)).body

    def targets(self) -> list[Json]:
        """List the services and gateways that are known, with their names and kinds."""
        return self._run(flows.listed("/v1/targets", self._service.retries))

    def target(self, target_id: str) -> Json:
        """Return one service or gateway with all its limits, their sources and dates.

        Raises:
            UnknownTarget: There is none with this id.
        """
        return self._run(flows.asked(flows.profile(target_id), self._service.retries)).json

    def cancel(self, job: Job) -> None:
        """End a job.

        Raises:
            PreflightError: It has ended already, or is not known.
        """
        ask = flows.Ask(method="POST", path=f"/v1/jobs/{job.id}/cancel")
        self._run(flows.asked(ask, self._service.retries, (flows.ACCEPTED,)))

    def delete(self, document_id: str) -> None:
        """Remove a document, the jobs on it, and what they have made."""
        ask = flows.Ask(method="DELETE", path=f"/v1/documents/{document_id}")
        self._run(flows.asked(ask, self._service.retries, (204,)))
