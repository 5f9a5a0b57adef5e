"""TIFF as a container: its directories read and written without decoding a pixel. Knows nothing of Pillow."""
