"""The service without HTTP: documents, jobs on them, workers, and what is removed when.

``space`` opens it all below one folder; ``documents`` and ``jobs`` are asked by whoever answers requests; ``workers``
does the work, in the same process or another.
"""
