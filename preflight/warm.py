"""Loads the token vocabulary, so that workers forked from a server that has imported this need not each load it.

Only for a fork server's preload, where several documents or a service are ahead; a single document gains nothing by it.
"""

from __future__ import annotations

from preflight.tokens import measure

measure(1, "warm")
