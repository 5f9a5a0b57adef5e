"""Webhooks: signed as the standard says, and told to public servers alone."""

from __future__ import annotations

import json
import ssl
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest
import trustme
from standardwebhooks import Webhook

from preflight.errors import BadWebhook, WebhookFailed
from preflight.webhooks import addresses_of, deliver, endpoint_from, new_secret, signature

if TYPE_CHECKING:
    from collections.abc import Iterator

BODY = b'{"type":"job.finished","data":{"id":"1"}}'


def test_a_receiver_with_the_standards_own_library_accepts_the_signature() -> None:
    secret, now = new_secret(), int(time.time())
    headers = {
        "webhook-id": "m1",
        "webhook-timestamp": str(now),
        "webhook-signature": signature(secret, "m1", now, BODY),
    }

    assert Webhook(secret).verify(BODY, headers) == json.loads(BODY)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/",
        "https://example.org:8080/",
        "https://user@example.org/",
        "https://:secret@example.org/",
        "https:///hook",
        "https://exa mple.org/",
        "https://example.org/\r\nX: y",
        "https://example.org\\@127.0.0.1/",
        "https://example.org/#part",
        "https://example.org:99999/",
        "https://[::1/",
        "file:///etc/passwd",
        "gopher://example.org/",
        "example.org/hook",
        "",
        "https://example.org/" + "x" * 3_000,
    ],
)
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(BadWebhook):
        endpoint_from(url)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.1.2.3",
        "0.0.0.0",  # noqa: S104 - refused, not bound
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fe80::1%1",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:db8::1",
        "nonsense",
    ],
)
def test_names_that_lead_into_a_network_that_is_not_public(address: str) -> None:
    endpoint = endpoint_from("https://example.org/hook")

    with pytest.raises(BadWebhook):
        addresses_of(endpoint, resolve=lambda *_: [address])
    with pytest.raises(BadWebhook):
        addresses_of(endpoint, resolve=lambda *_: ["93.184.216.34", address])


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "64:ff9b::5db8:d822"])
def test_public_addresses_pass(address: str) -> None:
    assert addresses_of(endpoint_from("https://example.org/"), resolve=lambda *_: [address]) == [address]


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.0.0.1.",
        "127。0。0。1",
        "10.0.0.1",
        "169.254.169.254",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[fe80::1%25lo]",
        "localhost",
        "LocalHost.",
        "a.localhost",
    ],
)
def test_addresses_that_are_not_public_are_refused_before_anything_is_sent(host: str) -> None:
    with pytest.raises(BadWebhook, match="not public"):
        endpoint_from(f"https://{host}/")


@pytest.mark.parametrize("url", ["https://93.184.216.34/", "https://[2606:2800:220:1:248:1893:25c8:1946]:8443/x"])
def test_public_addresses_may_be_written_as_numbers(url: str) -> None:
    assert addresses_of(endpoint_from(url))


def test_who_is_trusted_may_be_anywhere() -> None:
    assert endpoint_from("https://127.0.0.1:9000/", {"127.0.0.1:9000"}).port == 9000


class Receiver(BaseHTTPRequestHandler):
    """Answers with what its server was told to, and keeps what came."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.came.append((dict(self.headers), body))  # type: ignore[attr-defined]
        self.send_response(self.server.status)  # type: ignore[attr-defined]
        self.send_header("Location", "https://127.0.0.1/elsewhere")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def receiver(authority: trustme.CA, name: str, status: int) -> Iterator[HTTPServer]:
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    server.came, server.status = [], status  # type: ignore[attr-defined]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def send(server: HTTPServer, authority: trustme.CA, secret: str, host: str = "hook.test") -> int:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    port = server.server_address[1]
    return deliver(
        f"https://{host}:{port}/told?x=1",
        BODY,
        secret=secret,
        message_id="m1",
        timestamp_s=int(time.time()),
        trusted={f"hook.test:{port}"},
        resolve=lambda *_: ["127.0.0.1"],
        context=context,
    )


def test_a_message_arrives_signed_and_under_its_name() -> None:
    authority, secret = trustme.CA(), new_secret()
    with receiver(authority, "hook.test", 204) as server:
        assert send(server, authority, secret) == 204

    [(headers, body)] = server.came  # type: ignore[attr-defined]
    assert headers["Host"].startswith("hook.test")
    assert Webhook(secret).verify(body, {key.lower(): value for key, value in headers.items()}) == json.loads(BODY)


@pytest.mark.parametrize(("status", "gone"), [(500, False), (302, False), (410, True), (404, False)])
def test_any_answer_but_success_is_a_failure_and_redirects_are_not_followed(status: int, *, gone: bool) -> None:
    authority = trustme.CA()
    with (
        receiver(authority, "hook.test", status) as server,
        pytest.raises(WebhookFailed, match=str(status)) as told,
    ):
        send(server, authority, new_secret())

    assert told.value.gone is gone
    assert len(server.came) == 1  # type: ignore[attr-defined]


def test_another_servers_certificate_is_refused() -> None:
    authority = trustme.CA()
    with receiver(authority, "other.test", 204) as server, pytest.raises(WebhookFailed):
        send(server, authority, new_secret())
    assert not server.came  # type: ignore[attr-defined]


def test_who_is_not_trusted_by_port_too_is_refused() -> None:
    authority = trustme.CA()
    with receiver(authority, "hook.test", 204) as server, pytest.raises(BadWebhook):
        send(server, authority, new_secret(), host="other.test")


def test_a_bad_secret_is_said() -> None:
    with pytest.raises(BadWebhook):
        signature("whsec_!", "m", 1, b"")
