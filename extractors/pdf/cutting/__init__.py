"""Cutting PDFs: what a piece keeps of the document around its pages, one topic a module.

:mod:`extractors.pdf.cut` puts the topics together, :mod:`extractors.pdf.join` reverses it.
"""
