"""Loads the token vocabulary: 0.3 s that workers forked from a server that has imported this need not spend again.

Only for a fork server's preload, where several documents or a service are ahead; a single document gains nothing by it.
"""

from __future__ import annotations

from preflight.tokens import measure

measure(1, "warm")
