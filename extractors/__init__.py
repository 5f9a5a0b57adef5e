"""Formats and OCR: bytes in, facts and text out. Knows neither targets nor HTTP."""
