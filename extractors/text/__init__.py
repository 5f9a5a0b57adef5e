"""Text formats: encodings, blocks, Markdown, CSV, HTML."""
