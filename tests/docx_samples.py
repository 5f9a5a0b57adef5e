"""Small DOCX files made by hand, each with what cutting has to mend."""

# ruff: noqa: E501 - XML reads best on one line
from __future__ import annotations

import io
import zipfile
from xml.sax.saxutils import escape

from docx_pieces import W
from PIL import Image

R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
NAMES = (
    f'xmlns:w="{W}" xmlns:r="{R}" xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture" '
    'xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" '
    'xmlns:w14="http://schemas.microsoft.com/office/word/2010/wordml" '
    'xmlns:w15="http://schemas.microsoft.com/office/word/2012/wordml" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" mc:Ignorable="w14 w15"'
)
WML = "application/vnd.openxmlformats-officedocument.wordprocessingml"
_KINDS = {
    "word/styles.xml": ("styles", f"{WML}.styles+xml"),
    "word/numbering.xml": ("numbering", f"{WML}.numbering+xml"),
    "word/settings.xml": ("settings", f"{WML}.settings+xml"),
    "word/footnotes.xml": ("footnotes", f"{WML}.footnotes+xml"),
    "word/endnotes.xml": ("endnotes", f"{WML}.endnotes+xml"),
    "word/comments.xml": ("comments", f"{WML}.comments+xml"),
}
_OTHER_KINDS = {"word/header": ("header", f"{WML}.header+xml"), "word/footer": ("footer", f"{WML}.footer+xml")}
SECTION = '<w:sectPr><w:pgSz w:w="11906" w:h="16838"/></w:sectPr>'


def text(words: str, properties: str = "") -> str:
    """Return a run."""
    return f'<w:r>{properties}<w:t xml:space="preserve">{escape(words)}</w:t></w:r>'


def p(content: str = "", properties: str = "") -> str:
    """Return a paragraph; plain words become a run."""
    if content and not content.startswith("<"):
        content = text(content)
    return f"<w:p>{f'<w:pPr>{properties}</w:pPr>' if properties else ''}{content}</w:p>"


def item(words: str, num: int, level: int = 0) -> str:
    """Return a list item."""
    return p(words, f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{num}"/></w:numPr>')


def styled(words: str, style: str) -> str:
    """Return a paragraph in a style."""
    return p(words, f'<w:pStyle w:val="{style}"/>')


def begin(instruction: str) -> str:
    """Return the beginning of a field, up to its result."""
    return (
        '<w:r><w:fldChar w:fldCharType="begin"/></w:r>'
        f'<w:r><w:instrText xml:space="preserve">{escape(instruction)}</w:instrText></w:r>'
        '<w:r><w:fldChar w:fldCharType="separate"/></w:r>'
    )


END = '<w:r><w:fldChar w:fldCharType="end"/></w:r>'


def field(instruction: str, result: str) -> str:
    """Return a whole field."""
    return begin(instruction) + text(result) + END


def bookmark(identity: int, name: str, content: str) -> str:
    """Return content with a bookmark around it."""
    return f'<w:bookmarkStart w:id="{identity}" w:name="{name}"/>{content}<w:bookmarkEnd w:id="{identity}"/>'


def picture(identity: str, width: int = 914_400, height: int = 914_400, number: int = 1) -> str:
    """Return a run with a picture; sizes in EMU."""
    return (
        f'<w:r><w:drawing><wp:inline><wp:extent cx="{width}" cy="{height}"/><wp:docPr id="{number}" name="Picture {number}"/>'
        '<a:graphic><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:pic>'
        f'<pic:nvPicPr><pic:cNvPr id="{number}" name="p"/><pic:cNvPicPr/></pic:nvPicPr><pic:blipFill><a:blip r:embed="{identity}"/>'
        f'<a:stretch><a:fillRect/></a:stretch></pic:blipFill><pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="{width}" cy="{height}"/></a:xfrm>'
        '<a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r>'
    )


def table(rows: list[list[str]], *, headers: int = 0) -> str:
    """Return a table; a cell is its text, or XML of its content when it begins with ``<``."""
    lines = []
    for number, row in enumerate(rows):
        cells = "".join(
            f'<w:tc><w:tcPr><w:tcW w:w="2000" w:type="dxa"/></w:tcPr>{cell if cell.startswith("<") else p(cell)}</w:tc>'
            for cell in row
        )
        lines.append(f"<w:tr>{'<w:trPr><w:tblHeader/></w:trPr>' if number < headers else ''}{cells}</w:tr>")
    grid = "".join('<w:gridCol w:w="2000"/>' for _ in rows[0])
    return f'<w:tbl><w:tblPr><w:tblW w:w="0" w:type="auto"/></w:tblPr><w:tblGrid>{grid}</w:tblGrid>{"".join(lines)}</w:tbl>'


def png(width: int = 40, height: int = 30, seed: int = 1, kind: str = "PNG") -> bytes:
    """Return a picture whose pixels differ by ``seed``."""
    image = Image.frombytes(
        "L", (width, height), bytes((x * seed * 7 + x // width * 13) % 256 for x in range(width * height))
    )
    out = io.BytesIO()
    image.convert("RGB").save(out, kind)
    return out.getvalue()


def levels(
    *formats: tuple[str, str], styles: dict[int, str] | None = None, restarts: dict[int, int] | None = None
) -> str:
    """Return list levels from (format, text)."""
    styles, restarts = styles or {}, restarts or {}
    return "".join(
        f'<w:lvl w:ilvl="{at}"><w:start w:val="1"/><w:numFmt w:val="{form}"/>'
        + (f'<w:lvlRestart w:val="{restarts[at]}"/>' if at in restarts else "")
        + (f'<w:pStyle w:val="{styles[at]}"/>' if at in styles else "")
        + f'<w:lvlText w:val="{shown}"/><w:lvlJc w:val="left"/>'
        + f'<w:pPr><w:ind w:left="{720 * (at + 1)}" w:hanging="360"/></w:pPr></w:lvl>'
        for at, (form, shown) in enumerate(formats)
    )


def numbering(abstracts: dict[int, str], nums: dict[int, tuple[int, str]]) -> str:
    """Return numbering.xml from levels by abstract list, and (abstract list, overrides) by list."""
    return (
        f"<w:numbering {NAMES}>"
        + "".join(
            f'<w:abstractNum w:abstractNumId="{key}"><w:multiLevelType w:val="multilevel"/>{value}</w:abstractNum>'
            for key, value in abstracts.items()
        )
        + "".join(
            f'<w:num w:numId="{key}"><w:abstractNumId w:val="{value[0]}"/>{value[1]}</w:num>'
            for key, value in nums.items()
        )
        + "</w:numbering>"
    )


def notes(kind: str, texts: dict[int, str]) -> str:
    """Return footnotes.xml or endnotes.xml with separators."""
    name = kind.removesuffix("s")
    return (
        f"<w:{kind} {NAMES}>"
        f'<w:{name} w:type="separator" w:id="-1"><w:p><w:r><w:separator/></w:r></w:p></w:{name}>'
        f'<w:{name} w:type="continuationSeparator" w:id="0"><w:p><w:r><w:continuationSeparator/></w:r></w:p></w:{name}>'
        + "".join(f'<w:{name} w:id="{key}">{p(value)}</w:{name}>' for key, value in texts.items())
        + f"</w:{kind}>"
    )


def comments(texts: dict[int, str]) -> str:
    """Return comments.xml."""
    return (
        f"<w:comments {NAMES}>"
        + "".join(
            f'<w:comment w:id="{key}" w:author="Ann {key}" w:initials="A">{p(value)}</w:comment>'
            for key, value in texts.items()
        )
        + "</w:comments>"
    )


def styles(*definitions: str) -> str:
    """Return styles.xml with Normal and the styles given."""
    return (
        f'<w:styles {NAMES}><w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/></w:style>'
        f"{''.join(definitions)}</w:styles>"
    )


def make(
    blocks: str,
    parts: dict[str, str | bytes] | None = None,
    *,
    links: dict[str, tuple[str, str, bool]] | None = None,
    main_type: str = f"{WML}.document.main+xml",
    own_links: dict[str, dict[str, tuple[str, str, bool]]] | None = None,
) -> bytes:
    """Return a DOCX.

    Args:
        blocks: XML inside the body.
        parts: Other parts by name; the usual ones are linked and typed by their names.
        links: More relationships of the main part: id → (kind, target, external).
        main_type: Content type of the main part.
        own_links: Relationships of other parts.
    """
    parts = dict(parts or {})
    every = dict(links or {})
    overrides = {"word/document.xml": main_type}
    for number, name in enumerate(parts):
        known = _KINDS.get(name) or next((kind for start, kind in _OTHER_KINDS.items() if name.startswith(start)), None)
        if known is not None:
            overrides[name] = known[1]
            every.setdefault(f"rIdPart{number}" if name in _KINDS else f"rId_{name[5:-4]}", (known[0], name[5:], False))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        types = "".join(f'<Override PartName="/{name}" ContentType="{kind}"/>' for name, kind in overrides.items())
        archive.writestr(
            "[Content_Types].xml",
            '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="xml" ContentType="application/xml"/><Default Extension="png" ContentType="image/png"/>'
            '<Default Extension="jpg" ContentType="image/jpeg"/><Default Extension="bmp" ContentType="image/bmp"/><Default Extension="bin" ContentType="application/vnd.openxmlformats-officedocument.oleObject"/>'
            '<Default Extension="odttf" ContentType="application/vnd.openxmlformats-officedocument.obfuscatedFont"/>'
            f"{types}</Types>",
        )
        archive.writestr("_rels/.rels", _relations({"rId1": ("officeDocument", "word/document.xml", False)}))
        archive.writestr("word/document.xml", f"<w:document {NAMES}><w:body>{blocks}</w:body></w:document>")
        archive.writestr("word/_rels/document.xml.rels", _relations(every))
        for part, own in (own_links or {}).items():
            archive.writestr(f"word/_rels/{part[5:]}.rels", _relations(own))
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def _relations(links: dict[str, tuple[str, str, bool]]) -> str:
    lines = "".join(
        f'<Relationship Id="{key}" Type="{kind if "://" in kind else f"{REL}/{kind}"}" Target="{escape(target)}"'
        f"{' TargetMode=' + chr(34) + 'External' + chr(34) if external else ''}/>"
        for key, (kind, target, external) in links.items()
    )
    return (
        f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{lines}</Relationships>'
    )


HEADINGS = numbering(
    {
        1: levels(
            ("decimal", "%1."), ("decimal", "%1.%2"), ("upperRoman", "%1.%2.%3"), styles={0: "H1", 1: "H2", 2: "H3"}
        ),
        2: levels(("decimal", "%1)"), ("lowerLetter", "%1%2)"), ("bullet", "•")),
    },
    {
        1: (1, ""),
        2: (2, ""),
        3: (2, ""),
        4: (2, '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/></w:lvlOverride>'),
    },
)
HEADING_STYLES = styles(
    *(
        f'<w:style w:type="paragraph" w:styleId="H{level}"><w:name w:val="heading {level}"/><w:basedOn w:val="Normal"/><w:pPr>'
        f'<w:numPr><w:ilvl w:val="{level - 1}"/><w:numId w:val="1"/></w:numPr><w:ind w:left="{100 * level}" w:firstLine="0"/></w:pPr></w:style>'
        for level in (1, 2, 3)
    )
)


def outline() -> bytes:
    """Return a document of numbered headings, by style, and lists in three levels, directly."""
    blocks = "".join(
        (
            styled("One", "H1"), styled("One one", "H2"), p("Text."), styled("One two", "H2"), styled("Deep", "H3"),
            styled("Deep again", "H3"), styled("One three", "H2"), styled("Two", "H1"), styled("Two one", "H2"),
            item("a", 2), item("b", 2), item("b a", 2, 1), item("b b", 2, 1), item("point", 2, 2), item("b c", 2, 1),
            item("c", 3), item("c a", 3, 1), item("d", 2), p("Between."), item("e", 2), item("five", 4), item("six", 4),
            item("six a", 4, 1), item("six b", 4, 1), item("seven", 4), item("eight", 2), styled("Two two", "H2"),
            styled("Three", "H1"),
        )
    )  # fmt: skip
    return make(blocks + SECTION, {"word/numbering.xml": HEADINGS, "word/styles.xml": HEADING_STYLES})


def crossing() -> bytes:
    """Return a document in which everything that can reach over a cut does: fields, bookmarks, comments, moves, notes."""
    note, endnote = (f'<w:r><w:{kind}Reference w:id="1"/></w:r>' for kind in ("footnote", "endnote"))
    blocks = "".join(
        (
            p(begin('TOC \\o "1-3"') + '<w:hyperlink w:anchor="_Toc1">' + text("Contents one ") + field("PAGEREF _Toc1", "1") + "</w:hyperlink>"),
            p('<w:hyperlink w:anchor="_Toc2">' + text("Contents two ") + field("PAGEREF _Toc2", "7") + "</w:hyperlink>"),
            p(END),
            p(bookmark(1, "_Toc1", text("First heading"))),
            p(text("Noted") + note + text(" twice") + '<w:r><w:footnoteReference w:id="2"/></w:r>' + endnote),
            p('<w:bookmarkStart w:id="2" w:name="wide"/>' + text("Wide begins")),
            p('<w:commentRangeStart w:id="0"/>' + text("Comment begins") + '<w:commentRangeStart w:id="1"/>'),
            p(text("Comment ends") + '<w:commentRangeEnd w:id="0"/><w:r><w:commentReference w:id="0"/></w:r>'),
            '<w:commentRangeEnd w:id="1"/>',
            p('<w:r><w:commentReference w:id="1"/></w:r>' + text("After it")),
            p(text("Wide ends") + '<w:bookmarkEnd w:id="2"/>' + '<w:r><w:footnoteReference w:id="3"/></w:r>'),
            p('<w:moveFromRangeStart w:id="7" w:name="m" w:author="Bea" w:date="2026-01-01T00:00:00Z"/><w:moveFrom w:id="8" w:author="Bea"><w:r><w:t>moved away</w:t></w:r></w:moveFrom>'),
            p('<w:moveFrom w:id="9" w:author="Bea"><w:r><w:t>and more</w:t></w:r></w:moveFrom><w:moveFromRangeEnd w:id="7"/>'),
            p(bookmark(3, "_Toc2", text("Second heading"))),
            p(text("See ") + field("REF _Toc1 \\h", "First heading") + text(" and ") + '<w:fldSimple w:instr="REF wide"><w:r><w:t>Wide</w:t></w:r></w:fldSimple>' + text(".")),
            p(text("Figure ") + field("SEQ Figure", "1")),
            p(text("Figure ") + field("SEQ Figure", "2")),
            p(text("Figure ") + field("SEQ Figure", "3") + '<w:r><w:footnoteReference w:id="4"/></w:r>' + '<w:r><w:endnoteReference w:id="2"/></w:r>'),
            p(begin("IF 1 = 1") + text("yes, ")),
            p(text("over two") + END + text(" blocks")),
        )
    )  # fmt: skip
    return make(
        blocks + SECTION,
        {
            "word/footnotes.xml": notes(
                "footnotes", {1: "Note one", 2: "Note two", 3: "Note three", 4: "Note four", 9: "Orphan"}
            ),
            "word/endnotes.xml": notes("endnotes", {1: "End one", 2: "End two"}),
            "word/comments.xml": comments({0: "First remark", 1: "Second remark", 5: "Lost remark"}),
            "word/settings.xml": f'<w:settings {NAMES}><w:updateFields w:val="true"/><w:footnotePr><w:footnote w:id="-1"/><w:footnote w:id="0"/></w:footnotePr><w:compat/></w:settings>',
        },
    )


def control(content: str, properties: str = "") -> str:
    """Return a content control around blocks."""
    return f'<w:sdt><w:sdtPr><w:id w:val="77"/>{properties}</w:sdtPr><w:sdtContent>{content}</w:sdtContent></w:sdt>'


def controls() -> bytes:
    """Return a document with content controls around blocks: plain, nested, bound to data, and a table of contents."""
    part = '<w:docPartObj><w:docPartGallery w:val="Table of Contents"/></w:docPartObj>'
    blocks = "".join(
        (
            p("Before"),
            control(p("In one") + p("In two") + control(p("Deep one") + p("Deep two"), '<w:tag w:val="inner"/>') + p("In three")),
            p("Between"),
            control(p("Contents") + p("Chapter one 1"), part),
            f'<w:customXml w:uri="urn:x" w:element="e"><w:customXmlPr/>{p("Custom one")}{p("Custom two")}</w:customXml>',
            control(p("Bound one") + p("Bound two"), '<w:dataBinding w:xpath="/a" w:storeItemID="{0}"/><w15:dataBinding w:xpath="/a"/>'),
            control(""),
            control(table([["a", "b"], ["c", "d"]])),
            '<w:p/>',
            p("After"),
        )
    )  # fmt: skip
    return make(blocks + SECTION)


def loose() -> bytes:
    """Return a document with run-level content directly in the body, which the fast pass cannot tell apart."""
    return make(
        p("One")
        + '<w:ins w:id="5" w:author="Bea"><w:r><w:t>loose</w:t></w:r></w:ins>'
        + p("Two")
        + control('<w:del w:id="6" w:author="Bea"><w:r><w:delText>gone</w:delText></w:r></w:del>')
        + '<w:moveTo w:id="8" w:author="Bea"><w:r><w:t>end</w:t></w:r></w:moveTo>'
        + SECTION
    )


def sectioned() -> bytes:
    """Return a document of four sections with headers: the second inherits, the third has its own, the last inherits."""

    def ends(references: str, extra: str = "") -> str:
        return f'<w:sectPr>{references}<w:pgSz w:w="11906" w:h="16838"/>{extra}</w:sectPr>'

    def reference(kind: str, name: str, role: str = "header") -> str:
        return f'<w:{role}Reference w:type="{kind}" r:id="rId_{name}"/>'

    blocks = "".join(
        (
            p("One a"), p("One b", ends(reference("default", "header1") + reference("first", "header3") + reference("default", "footer1", "footer"), "<w:titlePg/>")),
            p("Two a"), p("Two b"), p("Two c", ends("")),
            p("Three a"), p("Three b"), p("Three c", ends(reference("default", "header2"), '<w:cols w:num="2"/>')),
            p("Four a"), p("Four b"),
        )
    )  # fmt: skip

    def story(tag: str, words: str, content: str = "") -> str:
        return f"<w:{tag} {NAMES}>{p(text(words) + content)}</w:{tag}>"

    return make(
        blocks + ends(""),
        {
            "word/header1.xml": story("hdr", "Header of one and two ", picture("rIdP")),
            "word/header2.xml": story("hdr", "Header of three and four"),
            "word/header3.xml": story("hdr", "First page"),
            "word/footer1.xml": story("ftr", "Page ", field("PAGE", "1")),
            "word/media/image1.png": png(),
        },
        own_links={"word/header1.xml": {"rIdP": ("image", "media/image1.png", False)}},
    )


def long_table(rows: int = 12) -> bytes:
    """Return a document with a table of two header rows, a merged column, a list, notes and a bookmark over rows."""

    def merged(words: str, kind: str) -> str:
        return f'<w:tc><w:tcPr><w:tcW w:w="2000" w:type="dxa"/><w:vMerge{kind}/></w:tcPr>{p(words)}</w:tc>'

    lines = []
    for number in range(1, rows + 1):
        header = "<w:trPr><w:tblHeader/></w:trPr>" if number < 3 else ""
        first = (
            merged(f"Group {number}", ' w:val="restart"')
            if number in {3, 8}
            else merged("", "")
            if number > 3
            else f"<w:tc>{p('Head')}</w:tc>"
        )
        extra = f'<w:r><w:footnoteReference w:id="{number}"/></w:r>' if number in {2, 4, 9} else ""
        edge = (
            '<w:bookmarkStart w:id="1" w:name="rows"/>'
            if number == 4
            else '<w:bookmarkEnd w:id="1"/>'
            if number == 9
            else ""
        )
        middle = item(f"Item {number}", 2) if number > 2 else p(f"Column {number}")
        lines.append(
            f"<w:tr>{header}{first}<w:tc>{middle}</w:tc><w:tc>{p(edge + text(f'Cell {number}') + extra)}</w:tc></w:tr>"
        )
    grid = '<w:gridCol w:w="2000"/>' * 3
    body = f'<w:tbl><w:tblPr><w:tblW w:w="0" w:type="auto"/></w:tblPr><w:tblGrid>{grid}</w:tblGrid>{"".join(lines)}</w:tbl>'
    return make(
        item("Before", 2)
        + '<w:bookmarkStart w:id="3" w:name="between"/>'
        + body
        + '<w:bookmarkEnd w:id="3"/>'
        + item("After", 2)
        + SECTION,
        {
            "word/numbering.xml": HEADINGS,
            "word/styles.xml": HEADING_STYLES,
            "word/footnotes.xml": notes("footnotes", {2: "In the header", 4: "In row four", 9: "In row nine"}),
        },
    )


def floating() -> bytes:
    """Return a document with tables and paragraphs that float beside the text after them."""
    place = (
        '<w:tblpPr w:leftFromText="180" w:rightFromText="180" w:vertAnchor="text" w:horzAnchor="margin" w:tblpY="158"/>'
    )
    frame = (
        '<w:framePr w:w="2000" w:hSpace="180" w:wrap="around" w:vAnchor="text" w:hAnchor="page" w:x="1000" w:y="100"/>'
    )
    afloat = table([["left", "right"]]).replace("<w:tblPr>", f"<w:tblPr>{place}")
    return make(
        p("One") + afloat + p("Two") + p("Framed", frame) + afloat.replace("left", "third") + p("Three") + SECTION
    )
