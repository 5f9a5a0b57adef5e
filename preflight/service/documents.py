"""Documents: uploads that are complete, each with its name and hash in the database.

The files are the truth. A complete upload that is not in the database, because a crash came between the two, is entered
when it is first asked for, or when the service starts.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from extractors.clean import safe_label
from preflight.errors import IdempotencyKeyReused, UnknownDocument, UnknownUpload, UploadExpired, UploadUnfinished
from preflight.ledger.listing import earlier
from preflight.ledger.records import Mark
from preflight.ledger.schema import documents
from preflight.upload_metadata import file_name, metadata_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sqlalchemy import Connection, Row

    from preflight.ledger.store import Ledger
    from preflight.uploads import Upload, UploadStore

MAX_KEY = 200
_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDocument:
    """A document the service keeps.

    Attributes:
        id: Its name, that of its upload.
        owner: Whose it is.
        name: Display name, made safe to print.
        size_bytes: Its size.
        sha256: Its hash.
        created_at: Seconds since 1970.
        expires_at: When it is removed, the same.
        asked_with: Id of the API key it came with; empty where there was none.
    """

    id: str
    owner: str
    name: str
    size_bytes: int
    sha256: str
    created_at: float
    expires_at: float
    asked_with: str = ""

    @property
    def mark(self) -> Mark:
        """Where a list that ends with it goes on."""
        return Mark(at=self.created_at, id=self.id)


class Documents:
    """The documents of a service; may be used from several threads and programs at once."""

    def __init__(self, ledger: Ledger, uploads: UploadStore) -> None:
        """Take where they are."""
        self._ledger = ledger
        self._database = ledger.database
        self._uploads = uploads

    def take(
        self,
        path: Path,
        name: str,
        *,
        owner: str,
        sha256: str | None = None,
        key: str | None = None,
        asked_with: str = "",
    ) -> StoredDocument:
        """Make a document of a complete file, which is moved; it is there after a crash once this returns.

        Args:
            path: On the same file system.
            name: Display name.
            owner: Whose it is.
            sha256: Its hash, where that is known.
            key: Idempotency key: the same key of the same owner is the same document.
            asked_with: Id of the API key it comes with; empty where there are none.

        Raises:
            IdempotencyKeyReused: The key stands for another document.
            TooLarge: More bytes than the service takes.
            OutputError: It cannot be moved; LedgerUnavailable when it cannot be entered.
        """
        digest = sha256 or hash_file(path)
        if key is not None:
            known = self._with_key(owner, key)
            if known is not None:
                return _same(known, name, digest)
        upload = self._uploads.take(path, owner=owner, metadata=metadata_of(name), asked_with=asked_with)
        entered = self._enter(upload, digest, key)
        if entered.id != upload.id:  # another request with the same key came first
            self._uploads.remove(upload.id, owner=owner)
            return _same(entered, name, digest)
        return entered

    def register(self, upload: Upload) -> StoredDocument:
        """Enter a complete upload; one that is entered already stays as it is."""
        return self._enter(upload, hash_file(upload.path), None)

    def find(self, document_id: str, *, owner: str) -> StoredDocument:
        """Return a document.

        Raises:
            UnknownDocument: There is none with this id, or it is somebody else's.
            UploadUnfinished: Its upload is not complete yet.
        """
        try:
            upload = self._uploads.find(document_id, owner=owner)
        except (UnknownUpload, UploadExpired) as error:
            raise UnknownDocument("There is no such document. It may have expired: send it again.") from error
        row = self._one(select(documents).where(documents.c.id == document_id, documents.c.owner == owner))
        if row is not None:
            return _stored(row)
        if not upload.complete:
            missing = upload.length - upload.offset
            raise UploadUnfinished(f"{missing:,} bytes of this document are still to come. Finish the upload first.")
        return self.register(upload)

    def page(
        self, owner: str, *, before: Mark | None = None, limit: int = 50, asked_with: str | None = None
    ) -> list[StoredDocument]:
        """Return an owner's documents, the latest first.

        Args:
            owner: Whose.
            before: Only those that came before this mark.
            limit: At most so many.
            asked_with: Only those that came with the API key of this id.
        """
        there = documents.c.expires_at >= self._database.now()
        statement = select(documents).where(documents.c.owner == owner, there)
        if asked_with is not None:
            statement = statement.where(documents.c.asked_with == asked_with)
        if before is not None:
            statement = statement.where(earlier(documents, owner, before))
        return [_stored(row) for row in self._rows(statement.order_by(documents.c.seq.desc()).limit(limit))]

    def remove(self, document_id: str, *, owner: str) -> None:
        """Remove a document, or an upload on its way to be one, with all jobs on it and their results.

        Raises:
            UnknownUpload: There is none with this id, or it is somebody else's.
            UploadBusy: Bytes of it are arriving.
        """
        self._uploads.remove(document_id, owner=owner)
        self.forget([document_id])

    def forget(self, ids: Sequence[str]) -> None:
        """Remove what is known of documents whose files are gone."""
        for one in ids:
            self._ledger.forget(self._ledger.about(one))
        for part in (ids[at : at + _AT_ONCE] for at in range(0, len(ids), _AT_ONCE)):
            self._database.write(partial(_delete, ids=part))

    def expired(self) -> list[str]:
        """Return the ids of documents whose time is over."""
        return [
            row.id for row in self._rows(select(documents.c.id).where(documents.c.expires_at < self._database.now()))
        ]

    def reconcile(self) -> int:
        """Enter complete uploads that a crash kept from being entered; return how many."""
        entered = 0
        for upload in self._uploads.complete():
            row = self._one(select(documents.c.id).where(documents.c.id == upload.id))
            if row is None:
                self.register(upload)
                entered += 1
        return entered

    def _with_key(self, owner: str, key: str) -> StoredDocument | None:
        row = self._one(select(documents).where(documents.c.owner == owner, documents.c.key == key))
        return None if row is None else _stored(row)

    def _enter(self, upload: Upload, sha256: str, key: str | None) -> StoredDocument:
        values = {
            "id": upload.id,
            "owner": upload.owner,
            "key": key,
            "name": safe_label(file_name(upload.metadata)) or "document",
            "size_bytes": upload.length,
            "sha256": sha256,
            "created_at": upload.path.stat().st_mtime,
            "expires_at": upload.expires_s,
            "asked_with": upload.asked_with or None,
        }

        def work(connection: Connection) -> Row[Any]:
            dialect = sqlite if self._database.is_sqlite else postgresql
            connection.execute(dialect.insert(documents).on_conflict_do_nothing(), [values])
            mine = select(documents).where(documents.c.id == upload.id)
            row = connection.execute(mine).one_or_none()
            if row is not None:
                return row
            with_key = select(documents).where(documents.c.owner == upload.owner, documents.c.key == key)
            return connection.execute(with_key).one()

        return _stored(self._database.write(work))

    def _one(self, statement: Select[Any]) -> Row[Any] | None:
        return next(iter(self._rows(statement)), None)

    def _rows(self, statement: Select[Any]) -> Sequence[Row[Any]]:
        return self._database.read(lambda connection: connection.execute(statement).all())


def _delete(connection: Connection, *, ids: Sequence[str]) -> None:
    connection.execute(delete(documents).where(documents.c.id.in_(ids)))


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _same(known: StoredDocument, name: str, sha256: str) -> StoredDocument:
    if (known.name, known.sha256) != (safe_label(name) or "document", sha256):
        raise IdempotencyKeyReused("This Idempotency-Key came with another document before. Use a new one.")
    return known


def _stored(row: Row[Any]) -> StoredDocument:
    return StoredDocument(
        id=row.id,
        owner=row.owner,
        name=row.name,
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        created_at=row.created_at,
        expires_at=row.expires_at,
        asked_with=row.asked_with or "",
    )
