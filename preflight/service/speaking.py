"""Advice for callers over HTTP: members and addresses where the command line has flags and commands."""

from __future__ import annotations

_WORDS = {
    "`preflight split --as text`": '`"as": "text"` of a split',
    "`preflight split --decrypt`": '`"decrypt": true` of a split',
    "`preflight split`": "`POST /v1/documents/{document_id}/splits`",
    "`preflight text`": "`POST /v1/documents/{document_id}/texts`",
    "--as text": '`"as": "text"`',
    "--with-text": '`"with_text": true`',
    "--decrypt": '`"decrypt": true`',
    "--shrink auto": '`"shrink": "auto"`',
    "--ocr auto": '`"ocr": "auto"`',
    "with --password-file": "to the command line (--password-file)",
    "(--page-timeout, the setting `page_timeout`)": "(whoever runs the service can: `page_timeout`)",
    "(--timeout, the setting `timeout`)": "(whoever runs the service can: `timeout`)",
    "(--page-timeout)": "(whoever runs the service can: `page_timeout`)",
    "(--memory-limit-bytes, the setting `memory_limit_bytes`)": (
        "(whoever runs the service can: `memory_limit_bytes`)"
    ),
}
_OWN = "usage"


def over_http(code: str, detail: str) -> str:
    """Return what a problem says, for who calls over HTTP.

    Args:
        code: Of the problem; what is wrong with a request itself is said in words of HTTP already.
        detail: What the domain says.
    """
    if code != _OWN:
        for flag, member in _WORDS.items():
            detail = detail.replace(flag, member)
    return detail
