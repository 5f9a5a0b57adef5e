"""THE TABLE OF ACCESS: which key may call what, and how large a body may be. What is not in it, nobody may call.

A test holds it against the routes of the application.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Literal

Scope = Literal["open", "any", "check", "write", "read", "admin"]
"""``open`` asks for no key at all, ``any`` for one that holds, the rest for one with that scope."""

Body = Literal["small", "document", "upload"]
"""``small`` is JSON; ``document`` a file in one go; ``upload`` a part of a file that may be larger than that."""

UNKNOWN = "(unknown)"
"""What stands for addresses that are not in the table, in logs and figures."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may call one address.

    Attributes:
        methods: Methods, parted by spaces. HEAD goes with GET.
        path: Address; ``{…}`` stands for one part of it.
        scope: What a key must allow.
        body: How large a body may be.
        own: It is about jobs and documents; whoever may check may call it for those that came with the same key.
        password: Whether it takes the password of a document.
    """

    methods: str
    path: str
    scope: Scope
    body: Body = "small"
    own: bool = False
    password: bool = False
    pattern: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        parts = re.split(r"\{\w+\}", self.path)
        object.__setattr__(self, "pattern", re.compile("[^/]+".join(map(re.escape, parts))))

    def takes(self, method: str) -> bool:
        """Whether the rule is about this method."""
        listed = self.methods.split()
        return method in listed or (method == "HEAD" and "GET" in listed)


RULES = (
    Rule("GET", "/healthz", "open"),
    Rule("GET", "/readyz", "open"),
    Rule("GET", "/openapi.json", "open"),
    Rule("GET", "/", "open"),
    Rule("GET", "/web/{name}", "open"),
    Rule("GET", "/v1/version", "any"),
    Rule("GET", "/v1/limits", "any"),
    Rule("GET", "/v1/targets", "any"),
    Rule("GET", "/v1/targets/{target_id}", "any"),
    Rule("POST", "/v1/check", "check", "document", password=True),
    Rule("OPTIONS", "/v1/uploads", "open"),
    Rule("POST", "/v1/uploads", "write", "upload"),
    Rule("PATCH", "/v1/uploads/{upload_id}", "write", "upload"),
    Rule("HEAD DELETE", "/v1/uploads/{upload_id}", "write"),
    Rule("POST", "/v1/documents", "write", "document"),
    Rule("GET", "/v1/documents", "read", own=True),
    Rule("GET", "/v1/documents/{document_id}", "read", own=True),
    Rule("DELETE", "/v1/documents/{document_id}", "write", own=True),
    Rule("POST", "/v1/documents/{document_id}/checks", "check"),
    Rule("POST", "/v1/documents/{document_id}/texts", "check", password=True),
    Rule("POST", "/v1/documents/{document_id}/splits", "check"),
    Rule("GET", "/v1/documents/{document_id}/units/{number}/text", "read", password=True),
    Rule("GET", "/v1/documents/{document_id}/units/{number}/thumbnail", "read", password=True),
    Rule("GET", "/v1/splits/{split_id}", "read", own=True),
    Rule("GET", "/v1/splits/{split_id}/pieces/{number}", "read", own=True),
    Rule("GET", "/v1/splits/{split_id}/pieces/{number}/text", "read", own=True),
    Rule("GET", "/v1/splits/{split_id}/archive", "read", own=True),
    Rule("GET", "/v1/jobs", "read", own=True),
    Rule("GET", "/v1/jobs/{job_id}", "read", own=True),
    Rule("GET", "/v1/jobs/{job_id}/events", "read", own=True),
    Rule("GET", "/v1/jobs/{job_id}/result", "read", own=True),
    Rule("POST", "/v1/jobs/{job_id}/cancel", "write", own=True),
    Rule("POST", "/v1/convert/file", "check", "document"),
    Rule("PUT", "/process", "check", "document"),
)


def find_rule(method: str, path: str) -> Rule | None:
    """Return the rule of a request; None when there is none."""
    return next((rule for rule in RULES if rule.takes(method) and rule.pattern.fullmatch(path)), None)


def allowed_methods(path: str) -> list[str]:
    """Return the methods an address has; none when it is not known."""
    found = {method for rule in RULES if rule.pattern.fullmatch(path) for method in rule.methods.split()}
    return sorted(found | ({"HEAD"} if "GET" in found else set()))


OWN = "x-preflight-scope-for-own"
"""Member of a route's OpenAPI: the scope that is enough for jobs and documents that came with the same key."""

SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A key of this service, `pf_…`"},
    "key": {"type": "apiKey", "in": "header", "name": "X-Api-Key", "description": "The same, for who has no bearer"},
}
"""The two ways to show a key, as OpenAPI describes them."""


def with_security(description: dict[str, Any]) -> dict[str, Any]:
    """Add to an API's description how keys are shown, and what asks for none."""
    description.setdefault("components", {})["securitySchemes"] = SCHEMES
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            rule = find_rule(method.upper(), path)
            shown: list[dict[str, list[str]]] = [{name: []} for name in SCHEMES]
            if rule is not None and rule.own:
                operation[OWN] = "check"
            operation["security"] = [] if rule is not None and rule.scope == "open" else shown
    return description
