"""Telling another server that work is done: signed by Standard Webhooks, and never into a network that is not public.

Signing follows https://www.standardwebhooks.com (headers ``webhook-id``, ``webhook-timestamp``, ``webhook-signature``).
The address comes from a caller, so it could name a server that only this machine can reach. Therefore: HTTPS to ports
443 and 8443 alone; the name is resolved once; all its addresses must be public; the connection goes to one of just
those; redirects are not followed; and of the answer only the status counts.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import http.client
import ipaddress
import secrets
import socket
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from preflight import __version__
from preflight.errors import BadWebhook, WebhookFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    Resolver = Callable[[str, int], Sequence[str]]

PORTS = frozenset({443, 8443})
TIMEOUT_S = 10.0
MAX_URL_CHARS = 2_000
SECRET_PREFIX = "whsec_"  # noqa: S105 - the mark of a secret, not one
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_ANSWER_BYTES = 64 * 1024
_NOT_PUBLIC = "The webhook's host has an address that is not public. Webhooks go to public servers alone."


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where to tell it, looked at but not yet resolved.

    Attributes:
        host: Name or address.
        port: One of :data:`PORTS`.
        path: Path with query.
    """

    host: str
    port: int
    path: str


def new_secret() -> str:
    """Return a secret to sign with, as Standard Webhooks writes it."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def signature(secret: str, message_id: str, timestamp_s: int, body: bytes) -> str:
    """Return the value of ``webhook-signature``.

    Args:
        secret: As :func:`new_secret` makes it.
        message_id: The same for every try to deliver one message.
        timestamp_s: When this try is made, whole seconds since the epoch.
        body: The message.

    Raises:
        BadWebhook: The secret is not one.
    """
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error as error:
        raise BadWebhook(f"A webhook secret is {SECRET_PREFIX} and Base64. Make a new one.") from error
    signed = f"{message_id}.{timestamp_s}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def endpoint_from(url: str, trusted: Collection[str] = ()) -> Endpoint:
    """Take an address apart.

    Args:
        url: The address.
        trusted: ``host:port`` that whoever runs the service lets be told, wherever they are.

    Raises:
        BadWebhook: Not HTTPS, another port, a user name in it, no address at all, or one that is written as a number
            and is not public. Where a name leads is looked at when something is sent there.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or 443
        host = (parts.hostname or "").encode("idna").decode() if parts.hostname else ""
    except (ValueError, UnicodeError) as error:
        raise BadWebhook("The webhook's address cannot be read. Give one such as https://example.org/hook.") from error
    plain = url.isprintable() and " " not in url and "\\" not in url and len(url) <= MAX_URL_CHARS
    if parts.scheme != "https" or not host or not plain or parts.username is not None or parts.fragment:
        raise BadWebhook("A webhook's address begins with https:// and has no user name, space or fragment in it.")
    if port not in PORTS and f"{host}:{port}" not in trusted:
        raise BadWebhook(f"A webhook may use the ports {', '.join(map(str, sorted(PORTS)))}.")
    if f"{host}:{port}" not in trusted and _leads_inside(host):
        raise BadWebhook(_NOT_PUBLIC)
    return Endpoint(host=host, port=port, path=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""))


def addresses_of(endpoint: Endpoint, trusted: Collection[str] = (), resolve: Resolver | None = None) -> list[str]:
    """Resolve an endpoint's name, once.

    Args:
        endpoint: From :func:`endpoint_from`.
        trusted: ``host:port`` that may have addresses that are not public.
        resolve: Host and port → addresses; the system's resolver when None.

    Raises:
        BadWebhook: The name is not known, or one of its addresses is not public.
    """
    try:
        found = list((resolve or _system_addresses)(endpoint.host, endpoint.port))
    except OSError as error:
        raise BadWebhook("The webhook's host is not known. Check its name.") from error
    known = f"{endpoint.host}:{endpoint.port}" in trusted
    if not found or not (known or all(map(_is_public, found))):
        raise BadWebhook(_NOT_PUBLIC)
    return found


def deliver(
    url: str,
    body: bytes,
    *,
    secret: str,
    message_id: str,
    timestamp_s: int,
    trusted: Collection[str] = (),
    resolve: Resolver | None = None,
    context: ssl.SSLContext | None = None,
) -> int:
    """Send one message once.

    Args:
        url: Where to.
        body: JSON, at most some kilobytes.
        secret: To sign with.
        message_id: The same for every try.
        timestamp_s: Now, whole seconds since the epoch.
        trusted: As for :func:`endpoint_from`.
        resolve: As for :func:`addresses_of`.
        context: How certificates are checked; the system's way when None.

    Returns:
        The status it was answered with, a 2xx.

    Raises:
        BadWebhook: The address may not be used; another try is of no use.
        WebhookFailed: Not delivered; another try may be of use unless its ``gone`` says no.
    """
    endpoint = endpoint_from(url, trusted)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"upload-preflight/{__version__}",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": signature(secret, message_id, timestamp_s, body),
    }
    address = addresses_of(endpoint, trusted, resolve)[0]
    connection = _PinnedConnection(endpoint, address, context or ssl.create_default_context())
    try:
        connection.request("POST", endpoint.path, body=body, headers=headers)
        answer = connection.getresponse()
        answer.read(_ANSWER_BYTES)
        status = answer.status
    except (OSError, http.client.HTTPException) as error:
        raise WebhookFailed("The webhook's server could not be reached, or gave no answer.") from error
    finally:
        connection.close()
    if http.client.OK <= status < http.client.MULTIPLE_CHOICES:
        return status
    raise WebhookFailed(f"The webhook's server answered {status}.", gone=status == http.client.GONE)


class _PinnedConnection(http.client.HTTPSConnection):
    """A connection to an address that was looked at, whatever its name resolves to by now."""

    def __init__(self, endpoint: Endpoint, address: str, context: ssl.SSLContext) -> None:
        super().__init__(endpoint.host, endpoint.port, timeout=TIMEOUT_S, context=context)
        self._address = address
        self._tls = context

    def connect(self) -> None:
        plain = socket.create_connection((self._address, self.port), TIMEOUT_S)
        try:
            self.sock = self._tls.wrap_socket(plain, server_hostname=self.host)
        except BaseException:
            plain.close()
            raise


def _system_addresses(host: str, port: int) -> list[str]:
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def _leads_inside(host: str) -> bool:
    """Whether a host is known without asking anybody to be none of the public network, in all ways to write numbers."""
    name = host.lower().removesuffix(".").partition("%")[0]  # what follows names an interface of this machine
    if name == "localhost" or name.endswith(".localhost"):  # RFC 6761, section 6.3
        return True
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except OSError:  # a name
        return False
    return not all(_is_public(str(one[4][0])) for one in found)


def _is_public(text: str) -> bool:
    """Whether an address is one of the public network, looked at through the ways of writing one into another."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return _is_public(str(inner))
        if address.teredo is not None:
            return False
    return address.is_global and not address.is_multicast
