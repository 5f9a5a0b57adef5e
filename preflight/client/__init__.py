"""A client of the service, in two forms that do the same: :class:`Client` and, for asyncio, :class:`AsyncClient`.

::

    from preflight.client import Client, SplitWish

    with Client("https://preflight.example.org", key="pf_…") as client:
        report = client.check("report.pdf", target="anthropic-messages", via=["nginx"])
        document = client.upload("report.pdf")
        job = client.wait(client.split(document.id, SplitWish(target="anthropic-messages")))
        client.fetch(job, "pieces/")  # and the texts beside them

Failures are the classes of :mod:`preflight.errors` and :mod:`extractors.errors`, as if the work had been done here.
It needs the extra ``[client]``.
"""

from preflight.client.asynchronous import AsyncClient
from preflight.client.synchronous import Client
from preflight.client.values import Document, Job, Sent, SplitWish, TextWish

__all__ = ["AsyncClient", "Client", "Document", "Job", "Sent", "SplitWish", "TextWish"]
