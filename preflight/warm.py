"""Loads the token vocabulary, so that workers forked from a server that has imported this need not each load it.

Only for a fork server's preload, where several documents or a service are ahead; a single document gains nothing by it.
"""

from __future__ import annotations

from preflight.tokens import measure

_SAMPLE = "Warm words, 123 — naïve: “x”\n\n"  # not ASCII alone: half of what is loaded late is for the other scripts

measure(1, _SAMPLE)
