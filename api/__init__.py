"""The HTTP front door: a thin skin over preflight."""
