"""THE TABLE OF SIGNATURES: what the first bytes of a file say it is, and what to do with what cannot be read here."""

from __future__ import annotations

import re
from dataclasses import dataclass

from extractors.registry import DOCM, DOCX, PDF


@dataclass(frozen=True, slots=True)
class Refusal:
    """A known format that is not read here: ``what`` it is and what to ``do``, in words."""

    what: str
    do: str

    @property
    def message(self) -> str:
        """One or two sentences for people."""
        return f"This is {self.what}, which is not read here. {self.do}"


READABLE: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"II+\0\x08\0\0\0", "image/tiff"),  # BigTIFF: offsets of eight bytes
    (b"MM\0+\0\x08\0\0", "image/tiff"),
)

_TO_PNG = "Convert it to PNG or JPEG and try again."
_TO_PDF = "Export it as PDF and try again."
_UNPACK = "Unpack it and offer the documents inside."
_DOCUMENT = "Offer the document itself."
_PICTURE_OR_TEXT = "Offer a document or an image."

# (offset, bytes, what it is). More telling ones first; two-letter ones have a second condition in _PATTERNS instead.
_FIXED: tuple[tuple[int, bytes, Refusal], ...] = (
    (0, b"\0\0\0\x0cjP  \r\n\x87\n", Refusal("a JPEG 2000 image", _TO_PNG)),
    (0, b"\xff\x4f\xff\x51", Refusal("a JPEG 2000 codestream", _TO_PNG)),
    (0, b"\0\0\0\x0cJXL \r\n\x87\n", Refusal("a JPEG XL image", _TO_PNG)),
    (0, b"\xff\x0a", Refusal("a JPEG XL image", _TO_PNG)),
    (0, b"II\xbc\x01", Refusal("a JPEG XR image", _TO_PNG)),
    (0, b"GIF87a", Refusal("a GIF image", _TO_PNG)),
    (0, b"GIF89a", Refusal("a GIF image", _TO_PNG)),
    (0, b"8BPS\0", Refusal("a Photoshop image", _TO_PNG)),
    (0, b"\x97JB2\r\n\x1a\n", Refusal("a JBIG2 image", _TO_PNG)),
    (0, b"AT&TFORM", Refusal("a DjVu document", "Convert it to PDF (`ddjvu -format=pdf`) and try again.")),
    (0, b"\0\0\x01\0", Refusal("a Windows icon", _TO_PNG)),
    (0, b"\xd7\xcd\xc6\x9a", Refusal("a Windows metafile (WMF)", _TO_PNG)),
    (128, b"DICM", Refusal("a DICOM medical image", _TO_PNG)),
    (0, b"{\\rtf", Refusal("an RTF document", "Open it in Word or LibreOffice and save it as .docx or PDF.")),
    (0, b"%!PS", Refusal("a PostScript file", "Convert it to PDF (`ps2pdf`) and try again.")),
    (0, b"\xc5\xd0\xd3\xc6", Refusal("an EPS file", "Convert it to PDF (`epstopdf`) and try again.")),
    (0, b"\xffWPC", Refusal("a WordPerfect document", "Open it in LibreOffice and save it as .docx or PDF.")),
    (0, b"ITSF\x03\0", Refusal("a Windows help file (CHM)", "Extract its pages (`7z x`) and offer those.")),
    (60, b"BOOKMOBI", Refusal("a Mobipocket or Kindle book", "Convert it to PDF or DOCX (Calibre does it).")),
    (0, b"\x1f\x8b", Refusal("gzip-compressed data", f"{_UNPACK[:-1]} (`gunzip`).")),
    (0, b"\xfd7zXZ\0", Refusal("xz-compressed data", _UNPACK)),
    (0, b"\x28\xb5\x2f\xfd", Refusal("zstd-compressed data", _UNPACK)),
    (0, b"7z\xbc\xaf\x27\x1c", Refusal("a 7-Zip archive", _UNPACK)),
    (0, b"Rar!\x1a\x07", Refusal("a RAR archive", _UNPACK)),
    (257, b"ustar\0", Refusal("a tar archive", _UNPACK)),
    (257, b"ustar  \0", Refusal("a tar archive", _UNPACK)),
    (0, b"MSCF\0\0\0\0", Refusal("a Windows cabinet archive", _UNPACK)),
    (0, b"!<arch>\n", Refusal("a Unix archive or Debian package", _DOCUMENT)),
    (0, b"\x7fELF", Refusal("a Linux program", _DOCUMENT)),
    (0, b"\xfe\xed\xfa", Refusal("a macOS program", _DOCUMENT)),
    (0, b"\xcf\xfa\xed\xfe", Refusal("a macOS program", _DOCUMENT)),
    (0, b"\xce\xfa\xed\xfe", Refusal("a macOS program", _DOCUMENT)),
    (0, b"\xca\xfe\xba\xbe", Refusal("a Java class or macOS program", _DOCUMENT)),
    (0, b"SQLite format 3\0", Refusal("an SQLite database", "Export the tables as CSV and try again.")),
    (0, b"\x1aE\xdf\xa3", Refusal("a Matroska or WebM video", _PICTURE_OR_TEXT)),
    (0, b"OggS\0", Refusal("Ogg audio or video", _PICTURE_OR_TEXT)),
    (0, b"fLaC\0", Refusal("FLAC audio", _PICTURE_OR_TEXT)),
    (0, b"bplist00", Refusal("an Apple property list or web archive", _TO_PDF)),
    (0, b"L\0\0\0\x01\x14\x02\0", Refusal("a Windows shortcut", "Offer the file it points to.")),
    (0, b"PAR1\x15", Refusal("a Parquet table", "Export it as CSV and try again.")),
    (0, b"wOFF\0", Refusal("a font", _DOCUMENT)),
    (0, b"wOF2\0", Refusal("a font", _DOCUMENT)),
    (0, b"\0\x01\0\0\0", Refusal("a font or an Access database", _DOCUMENT)),
)

_HEIF_BRANDS = "heic|heix|heim|heis|hevc|hevx|mif1|msf1|heif"
_PATTERNS: tuple[tuple[re.Pattern[bytes], Refusal], ...] = (
    (re.compile(rb"BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0", re.DOTALL), Refusal("a BMP image", _TO_PNG)),
    (re.compile(rb"II\*\0.{4}CR", re.DOTALL), Refusal("a camera raw image", _TO_PNG)),
    (re.compile(rb".{4}ftyp(?:%s)" % _HEIF_BRANDS.encode(), re.DOTALL), Refusal("a HEIC image", _TO_PNG)),
    (re.compile(rb".{4}ftypavi[fs]", re.DOTALL), Refusal("an AVIF image", _TO_PNG)),
    (re.compile(rb".{4}ftyp[\x20-\x7e]{4}", re.DOTALL), Refusal("an MP4 or QuickTime file", _PICTURE_OR_TEXT)),
    (re.compile(rb"RIFF.{4}(?:AVI |WAVE)", re.DOTALL), Refusal("an AVI or WAV file", _PICTURE_OR_TEXT)),
    (re.compile(rb"MZ.{58}..\0\0", re.DOTALL), Refusal("a Windows program", _DOCUMENT)),
    (re.compile(rb"\x01\0\0\0.{36} EMF", re.DOTALL), Refusal("a Windows metafile (EMF)", _TO_PNG)),
    (re.compile(rb"BZh[1-9](?:1AY&SY|\x17\x72\x45)"), Refusal("bzip2-compressed data", _UNPACK)),
    (re.compile(rb"ID3[\x02-\x04]"), Refusal("MP3 audio", _PICTURE_OR_TEXT)),
    (re.compile(rb"\xff[\xfb\xf3\xf2\xfa][\x10-\xef]"), Refusal("MP3 audio", _PICTURE_OR_TEXT)),
)
_WEBP = re.compile(rb"RIFF.{4}WEBP", re.DOTALL)

# Text by its encoding, but no plain text to a reader: told by the root element, or by the header lines of a mail.
_ROOTS: tuple[tuple[re.Pattern[bytes], Refusal], ...] = (
    (re.compile(rb"<(?:svg:)?svg[\s>]", re.IGNORECASE), Refusal("an SVG drawing", _TO_PNG)),
    (re.compile(rb"<(?:w:wordDocument|pkg:package)[\s>]"), Refusal("a Word document as XML", "Save it as .docx.")),
    (re.compile(rb"<office:document[\s>]"), Refusal("a flat OpenDocument file", "Save it as .docx or PDF.")),
)
_MHTML = re.compile(rb"^Content-Type: multipart/related", re.IGNORECASE | re.MULTILINE)
_MAIL = re.compile(rb"(?:MIME-Version|From|Subject|Date|Snapshot-Content-Location): ", re.IGNORECASE)
_HTML_ROOT = re.compile(rb"<(?:html|head|body)[\s>]|<!doctype\s+html", re.IGNORECASE)
_PROLOG = ((b"<?", b"?>"), (b"<!--", b"-->"), (b"<!", b">"))

EXTENSIONS: dict[str, tuple[str, ...]] = {
    PDF: ("pdf",),
    DOCX: ("docx",),
    DOCM: ("docm",),
    "image/png": ("png",),
    "image/jpeg": ("jpg", "jpeg", "jpe", "jfif"),
    "image/tiff": ("tif", "tiff"),
    "image/webp": ("webp",),
    "text/plain": ("txt", "text", "log"),
    "text/markdown": ("md", "markdown", "mdown", "mkd"),
    "text/csv": ("csv", "tsv", "tab"),
    "text/html": ("html", "htm", "xhtml", "shtml"),
}
"""Extensions of each media type, the usual one first."""

_FOREIGN_EXTENSIONS = (
    "doc dot dotx dotm rtf odt ott wpd pages xls xlsx xlsm xlsb ods ppt pptx pptm pps odp vsd vsdx pub msg "
    "eml mht mhtml epub mobi azw3 djvu xps oxps ps eps svg gif bmp dib ico heic heif avif jp2 j2k jpx jxl jxr psd "
    "cr2 nef dng wmf emf zip rar 7z gz tgz bz2 xz zst tar jar apk iso dmg exe dll msi scr sqlite db mp3 mp4 wav avi "
    "mov mkv webm"
)
KNOWN_EXTENSIONS = frozenset(_FOREIGN_EXTENSIONS.split()).union(*EXTENSIONS.values())
"""Extensions that promise a certain kind of file. Others (``.json``, ``.v2``) promise nothing."""

_MD_HEADING = re.compile(r"^#{1,6} \S", re.MULTILINE)
_MD_SIGN = re.compile(
    r"\[[^\]\n]{1,200}\]\((?:https?://|\.{0,2}/|#\w|[\w./-]+\.[a-z]{2,5})[^)\s]{0,300}\)"
    r"|^(?:```|~~~)\w*$(?s:.{1,4000}?)^(?:```|~~~)$"
    r"|^\|?(?: *:?-{3,}:? *\|)+(?: *:?-{3,}:? *)?$"
    r"|^#{1,6} .{1,200}\n\n[^\W\d_]\S*(?: \S+){10,}",
    re.MULTILINE,
)
"""A link, a fenced block, the line below the head of a table, a heading above a paragraph of prose."""
NAMES = {
    PDF: "a PDF",
    DOCX: "a Word document",
    DOCM: "a Word document with macros",
    "image/png": "a PNG image",
    "image/jpeg": "a JPEG image",
    "image/tiff": "a TIFF image",
    "image/webp": "a WebP image",
    "text/plain": "plain text",
    "text/markdown": "Markdown text",
    "text/csv": "a CSV table",
    "text/html": "an HTML page",
}
"""Media types in words."""


def readable_image(head: bytes) -> str | None:
    """Media type of an image that is read here, by its first bytes."""
    if _WEBP.match(head):
        return "image/webp"
    return next((media_type for magic, media_type in READABLE if head.startswith(magic)), None)


def known_refusal(head: bytes) -> Refusal | None:
    """A binary format that is known and not read here."""
    for offset, magic, refusal in _FIXED:
        if head.startswith(magic, offset):
            return refusal
    return next((refusal for pattern, refusal in _PATTERNS if pattern.match(head)), None)


def marked_up(head: bytes) -> Refusal | None:
    """A format that is written as text but shows something else to its reader."""
    root = _after_prolog(head)
    for pattern, refusal in _ROOTS:
        if pattern.match(root):
            return refusal
    if _MAIL.match(head) and _MHTML.search(head):
        return Refusal("a web archive (MHTML)", "Open it in a browser and print it to PDF.")
    return None


def begins_as_html(head: bytes) -> bool:
    """Whether a text begins like an HTML document, comments and an XML declaration aside."""
    return _HTML_ROOT.match(_after_prolog(head)) is not None


def looks_like_markdown(text: str) -> bool:
    """Whether a text of which nothing else tells has what only Markdown has: headings, with prose, links or tables.

    Headings alone are comments in many languages.
    """
    return not text.startswith("#!") and bool(_MD_HEADING.search(text)) and bool(_MD_SIGN.search(text))


def _after_prolog(head: bytes) -> bytes:
    """What follows white space, declarations and comments; stops before an HTML document type."""
    rest = head.lstrip()
    while rest.startswith((b"<?", b"<!")) and not _HTML_ROOT.match(rest):
        close = next(close for begin, close in _PROLOG if rest.startswith(begin))
        if close == b">" and b"[" in rest[: rest.find(b">")]:
            close = b"]>"  # a document type with declarations of its own
        end = rest.find(close)
        if end < 0:
            return b""
        rest = rest[end + len(close) :].lstrip()
    return rest
