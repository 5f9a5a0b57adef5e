"""Reading DOCX files.

From bytes to blocks: :mod:`container` lets only harmless ZIP archives through, :mod:`package` knows parts and
relationships, :mod:`opened` has python-docx open and understand everything but the body, :mod:`body` walks the body
with lxml in constant memory, :mod:`units` turns each top-level block into facts and text, :mod:`passing` knows the
order, :mod:`reader` is what the outside sees.
"""
