"""Cutting DOCX files into DOCX files, and putting the pieces together again.

:mod:`index` finds the blocks in the bytes of the body once; a piece then parses only its own blocks. What would hang
across a cut is mended by one module a concern: :mod:`ranges` (bookmarks, comments, moves), :mod:`fields`,
:mod:`lists`, :mod:`sections`, :mod:`notes`; :mod:`active` takes out what could act. Every mend is marked
(:mod:`marks`) in a namespace that readers ignore, so that :mod:`join` and :mod:`fingerprint` can undo it exactly.
:mod:`parts` knows which parts of the package a piece still needs, :mod:`archive` writes them.
"""
