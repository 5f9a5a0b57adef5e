"""OCR engines behind one seam."""
