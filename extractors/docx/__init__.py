"""Reading DOCX files."""
