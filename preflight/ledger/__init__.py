"""The durable record of jobs and their units of work.

``states`` has the rules, ``schema`` and ``migrations`` the tables, ``store`` the
:class:`~preflight.ledger.store.Ledger`.
"""
