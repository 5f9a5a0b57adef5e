"""Nothing a reader of a DOCX can see is dropped, and nothing else appears."""

from __future__ import annotations

import pytest
from docx_maker import codes, docx, element, p, parts_of, r, read, rich, texts

from extractors.facts import Role, UnitKind

GONE = '<w:rStyle w:val="Gone"/>'
UNHIDE = '<w:vanish w:val="0"/>'
RAISED = '<w:vertAlign w:val="superscript"/>'
NOT_BOLD = '<w:b w:val="0"/>'
FOOTNOTES = element(
    "w:footnotes",
    '<w:footnote w:type="separator" w:id="-1"><w:p><w:r><w:separator/></w:r></w:p></w:footnote>'
    '<w:footnote w:id="2"><w:p><w:r><w:footnoteRef/></w:r><w:r><w:t> First note.</w:t></w:r></w:p></w:footnote>'
    '<w:footnote w:id="3"><w:p><w:r><w:t>Second note.</w:t></w:r></w:p></w:footnote>',
)


def note(identity: int, kind: str = "footnote", attributes: str = "") -> str:
    return f'<w:r><w:{kind}Reference w:id="{identity}" {attributes}/></w:r>'


def test_footnotes_stand_at_the_block_that_refers_to_them() -> None:
    data = docx(f"<w:p>{r('One')}{note(2)}{r(' two')}{note(3)}</w:p>{p('Next')}", {"rId1": ("footnotes", FOOTNOTES)})
    assert texts(data)[0] == "One[1] two[2]\nFirst note.\nSecond note."
    assert rich(data)[0].startswith("One[^1] two[^2]")
    assert parts_of(data, Role.FOOTNOTE) == [("First note.", "1"), ("Second note.", "2")]
    assert texts(data)[1] == "Next"


def test_an_own_mark_takes_no_number() -> None:
    mark = '<w:r><w:footnoteReference w:customMarkFollows="1" w:id="2"/><w:t>*</w:t></w:r>'
    data = docx(f"<w:p>{r('One')}{mark}{r(' two')}{note(3)}</w:p>", {"rId1": ("footnotes", FOOTNOTES)})
    assert texts(data)[0].startswith("One* two[1]\n")
    assert parts_of(data, Role.FOOTNOTE) == [("First note.", "*"), ("Second note.", "1")]


def test_a_section_numbers_its_notes_from_its_first_block_on() -> None:
    def section(start: int, restart: str = "eachSect") -> str:
        numbers = f'<w:numStart w:val="{start}"/><w:numRestart w:val="{restart}"/>'
        return f"<w:sectPr><w:footnotePr>{numbers}</w:footnotePr></w:sectPr>"

    ending = f"<w:p><w:pPr>{section(5)}</w:pPr>{r('One')}{note(2)}</w:p>"
    body = f"{ending}<w:p>{r('Two')}{note(3)}</w:p>{section(7)}"
    data = docx(body, {"rId1": ("footnotes", FOOTNOTES)})
    found = [label for block in (1, 2) for _, label in parts_of(data, Role.FOOTNOTE, block)]
    assert found == ["5", "7"]


def test_endnotes_have_roman_numbers_unless_the_document_says_otherwise() -> None:
    notes = element("w:endnotes", f'<w:endnote w:id="4">{p("An endnote.")}</w:endnote>')
    body = f"<w:p>{r('Text')}{note(4, 'endnote')}</w:p>"
    assert parts_of(docx(body, {"rId1": ("endnotes", notes)}), Role.ENDNOTE) == [("An endnote.", "i")]
    settings = element(
        "w:settings", '<w:endnotePr><w:numFmt w:val="upperLetter"/><w:numStart w:val="3"/></w:endnotePr>'
    )
    named = docx(body, {"rId1": ("endnotes", notes), "rId2": ("settings", settings)})
    assert parts_of(named, Role.ENDNOTE) == [("An endnote.", "C")]


def test_notes_nobody_refers_to_are_kept_and_named() -> None:
    data = docx(p("One") + p("Two"), {"rId1": ("footnotes", FOOTNOTES)})
    assert parts_of(data, Role.FOOTNOTE, block=2) == [("First note.", None), ("Second note.", None)]
    assert "orphan-note" in codes(data)


COMMENTS = element(
    "w:comments",
    f'<w:comment w:id="0" w:author="Ann&#10;Bee">{p("Really?")}</w:comment>'
    f'<w:comment w:id="1" w:author="Carl">{p("Yes.")}{p("Indeed.")}</w:comment>',
)


def test_comments_stand_where_they_are_anchored_once_each() -> None:
    anchored = (
        f'<w:p><w:commentRangeStart w:id="0"/>{r("Claim")}<w:commentRangeEnd w:id="0"/>'
        '<w:r><w:commentReference w:id="0"/></w:r></w:p>'
    )
    data = docx(p("Before") + anchored + p("After"), {"rId1": ("comments", COMMENTS)})
    assert parts_of(data, Role.COMMENT, block=2) == [("Really?", "Ann Bee")]
    assert parts_of(data, Role.COMMENT, block=3) == [("Yes.\nIndeed.", "Carl")]
    assert {"comments", "orphan-comment"} <= codes(data)


def test_both_sides_of_tracked_changes_appear_marked_with_their_author() -> None:
    body = (
        f'<w:p>{r("The ")}<w:ins w:id="1" w:author="Ann">{r("quick ")}</w:ins>'
        '<w:del w:id="2" w:author="Bob"><w:r><w:delText xml:space="preserve">slow </w:delText></w:r></w:del>'
        f"{r('fox')}</w:p>"
        f'<w:p><w:moveFrom w:id="3" w:author="Ann">{r("moved")}</w:moveFrom></w:p>'
        f'<w:p><w:moveTo w:id="4" w:author="Ann">{r("moved")}</w:moveTo></w:p>'
    )
    facts, units = read(docx(body))
    first = units[0][1]
    assert [(part.role, part.text, part.label) for part in first.parts] == [
        (Role.BODY, "The ", None),
        (Role.INSERTED, "quick ", "Ann"),
        (Role.DELETED, "slow ", "Bob"),
        (Role.BODY, "fox", None),
    ]
    assert first.plain == "The quick slow fox"
    assert [unit[1].parts[0].role for unit in units[1:]] == [Role.DELETED, Role.INSERTED]
    assert facts.docx is not None
    assert (facts.docx.insertions, facts.docx.deletions, facts.docx.moves) == (1, 1, 2)
    assert "tracked-changes" in {finding.code for finding in facts.findings}


def test_changes_inside_tables_are_marked_in_the_text() -> None:
    cell = f'<w:p>{r("a ")}<w:ins w:id="1" w:author="Ann">{r("b")}</w:ins></w:p>'
    gone = f'<w:tr><w:trPr><w:del w:id="2" w:author="Bob"/></w:trPr><w:tc>{p("old")}</w:tc></w:tr>'
    data = docx(f"<w:tbl><w:tr><w:tc>{cell}</w:tc></w:tr>{gone}</w:tbl>")
    assert texts(data) == ["a {++b++}\n{--old--}"]


def test_headers_and_footers_stand_once_at_the_first_block_of_their_section() -> None:
    references = (
        '<w:headerReference w:type="default" r:id="rId1"/><w:headerReference w:type="first" r:id="rId2"/>'
        '<w:footerReference w:type="even" r:id="rId3"/>'
    )
    body = (
        p("One")
        + f"<w:p><w:pPr><w:sectPr>{references}<w:titlePg/></w:sectPr></w:pPr>{r('Two')}</w:p>"
        + p("Three")
        + '<w:sectPr><w:headerReference w:type="default" r:id="rId4"/></w:sectPr>'
    )
    parts = {
        "rId1": ("header1", element("w:hdr", p("Running head"))),
        "rId2": ("header2", element("w:hdr", p("First head"))),
        "rId3": ("footer1", element("w:ftr", p("Even foot"))),
        "rId4": ("header3", element("w:hdr", p("Second head"))),
    }
    facts, units = read(docx(body, parts))
    assert [(part.role, part.text, part.label) for part in units[0][1].parts] == [
        (Role.HEADER, "Running head", None),
        (Role.HEADER, "First head", "first page"),
        (Role.BODY, "One", None),
        (Role.FOOTER, "Even foot", "even pages"),
    ]
    assert units[1][1].plain == "Two"
    assert units[2][1].plain == "Second head\nThree"
    assert facts.docx is not None
    assert (facts.docx.sections, facts.docx.headers, facts.docx.footers) == (2, 3, 1)


def test_headers_keep_pictures_tables_and_watermarks_apart_from_the_body() -> None:
    mark = '<w:r><w:pict><v:shape alt="Mark"><v:textpath string="DRAFT"/></v:shape></w:pict></w:r>'
    table = f"<w:tbl><w:tr><w:tc>{p('a')}</w:tc><w:tc>{p('b')}</w:tc></w:tr></w:tbl>"
    header = element("w:hdr", f"<w:p>{mark}</w:p>{table}")
    data = docx(p("Text") + '<w:sectPr><w:headerReference r:id="rId1"/></w:sectPr>', {"rId1": ("header1", header)})
    assert parts_of(data, Role.HEADER) == [("a\tb", None), ("DRAFT", None)]
    assert parts_of(data, Role.TEXT_BOX) == []
    assert parts_of(data, Role.IMAGE) == [("Mark", None)]


DRAWING = "<w:drawing><wp:inline><a:graphic><a:graphicData>{}</a:graphicData></a:graphic></wp:inline></w:drawing>"
BOX = DRAWING.format("<wps:wsp><wps:txbx><w:txbxContent>{}</w:txbxContent></wps:txbx></wps:wsp>")
VML_BOX = "<w:pict><v:shape><v:textbox><w:txbxContent>{}</w:txbxContent></v:textbox></v:shape></w:pict>"


def test_text_boxes_in_both_notations_and_never_both_branches() -> None:
    both = (
        f'<mc:AlternateContent><mc:Choice Requires="wps">{BOX.format(p("boxed"))}</mc:Choice>'
        f"<mc:Fallback>{VML_BOX.format(p('boxed'))}</mc:Fallback></mc:AlternateContent>"
    )
    data = docx(f"<w:p>{r('Text')}<w:r>{both}</w:r></w:p><w:p><w:r>{VML_BOX.format(p('old'))}</w:r></w:p>")
    facts, units = read(data)
    assert parts_of(data, Role.TEXT_BOX) == [("boxed", None)]
    assert parts_of(data, Role.TEXT_BOX, block=2) == [("old", None)]
    assert units[1][0].block == "text-box"
    assert facts.docx is not None
    assert facts.docx.text_boxes == 2


def test_the_fallback_is_taken_when_the_first_branch_shows_nothing() -> None:
    nothing = (
        '<mc:AlternateContent><mc:Choice Requires="wpi"><w:drawing/></mc:Choice>'
        f"<mc:Fallback>{VML_BOX.format(p('seen'))}</mc:Fallback></mc:AlternateContent>"
    )
    assert texts(docx(f"<w:p><w:r>{nothing}</w:r></w:p>")) == ["seen"]


def field(instruction: str, result: str | None) -> str:
    shown = "" if result is None else f'<w:r><w:fldChar w:fldCharType="separate"/></w:r>{r(result)}'
    return (
        f'<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>{instruction}</w:instrText></w:r>{shown}'
        '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    )


def test_fields_show_their_result_and_never_their_instruction() -> None:
    nested = (
        '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>IF </w:instrText></w:r>'
        f"{field('MERGEFIELD x', 'hidden')}"
        f'<w:r><w:fldChar w:fldCharType="separate"/></w:r>{r("shown")}<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    )
    simple = f'<w:fldSimple w:instr="DATE">{r("today")}</w:fldSimple>'
    index = field("XE &quot;index&quot;", None)
    body = f"<w:p>{r('Page ')}{field('PAGE', '7')}{r(' ')}{nested}{r(' ')}{simple}{index}</w:p>"
    facts, units = read(docx(body))
    assert units[0][1].plain == "Page 7 shown today"
    assert facts.docx is not None
    assert facts.docx.fields == 5


def test_a_field_that_never_ends_does_not_swallow_the_document() -> None:
    broken = '<w:p><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>REF</w:instrText></w:r></w:p>'
    assert texts(docx(broken + p("after"))) == ["", "after"]


@pytest.mark.parametrize(
    ("form", "shown"),
    [
        ('<w:checkBox><w:default w:val="0"/><w:checked/></w:checkBox>', "☒"),
        ('<w:checkBox><w:default w:val="0"/></w:checkBox>', "☐"),
        ('<w:ddList><w:result w:val="1"/><w:listEntry w:val="red"/><w:listEntry w:val="blue"/></w:ddList>', "blue"),
    ],
)
def test_old_form_fields_show_their_state(form: str, shown: str) -> None:
    body = (
        f'<w:p><w:r><w:fldChar w:fldCharType="begin"><w:ffData>{form}</w:ffData></w:fldChar></w:r>'
        '<w:r><w:instrText>FORM</w:instrText></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r></w:p>'
    )
    assert texts(docx(body)) == [shown]


def test_a_symbol_field_without_a_result_shows_its_symbol() -> None:
    tick = field(r"SYMBOL 252 \f &quot;Wingdings&quot; \s 10", None)
    assert texts(docx(f"<w:p>{tick}</w:p>")) == ["✓"]


def test_hyperlinks_keep_their_address_in_markdown() -> None:
    by_field = field("HYPERLINK &quot;https://b.example/(x)&quot;", "b")
    body = (
        f'<w:p><w:hyperlink r:id="rId9">{r("site")}</w:hyperlink>{r(" and ")}'
        f'<w:hyperlink w:anchor="here">{r("here")}</w:hyperlink>{r(" and ")}{by_field}'
        f"{r('.')}</w:p>{p('plain')}"
    )
    data = docx(body, links=[("rId9", "hyperlink", "https://a.example/", True)])
    assert texts(data) == ["site and here and b.", "plain"]
    assert rich(data) == ["[site](https://a.example/) and here and [b](<https://b.example/(x)>).", "plain"]


def test_hidden_text_is_left_out_and_named() -> None:
    styles = element(
        "w:styles",
        '<w:style w:type="paragraph" w:styleId="Secret"><w:name w:val="Secret"/><w:rPr><w:vanish/></w:rPr></w:style>'
        '<w:style w:type="character" w:styleId="Gone"><w:name w:val="Gone"/><w:rPr><w:vanish/></w:rPr></w:style>',
    )
    secret = '<w:pStyle w:val="Secret"/>'
    body = (
        f"<w:p>{r('seen ')}{r('direct', '<w:vanish/>')}{r('by style', GONE)}</w:p>"
        + p("paragraph", secret)
        + f"<w:p><w:pPr>{secret}</w:pPr>{r('shown again', UNHIDE)}</w:p>"
    )
    data = docx(body, {"rId1": ("styles", styles)})
    assert texts(data) == ["seen", "", "shown again"]
    (finding,) = (one for one in read(data)[0].findings if one.code == "hidden-text")
    assert finding.units == (1, 2)


def test_small_things_a_reader_sees() -> None:
    body = (
        "<w:p><w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t><w:noBreakHyphen/><w:t>d</w:t><w:softHyphen/>"
        '<w:t>e</w:t><w:sym w:font="Symbol" w:char="F061"/><w:sym w:font="Wingdings" w:char="F0FE"/><w:cr/>'
        '<w:sym w:font="Nobody Has It" w:char="0394"/></w:r>'
        "<w:r><w:ruby><w:rt><w:r><w:t>かんじ</w:t></w:r></w:rt><w:rubyBase><w:r><w:t>漢字</w:t></w:r></w:rubyBase></w:ruby></w:r>"
        "<w:smartTag><w:r><w:t>Rome</w:t></w:r></w:smartTag>"
        "<w:sdt><w:sdtPr/><w:sdtContent><w:r><w:t>!</w:t></w:r></w:sdtContent></w:sdt>"
        "<w:unheardOf><w:r><w:t>?</w:t></w:r></w:unheardOf></w:p>"
    )
    assert texts(docx(body)) == ["a\tb\nc\u2011deα☑\nΔ漢字(かんじ)Rome!?"]


def test_private_characters_are_shown_as_their_font_shows_them() -> None:
    run = '<w:r><w:rPr><w:rFonts w:ascii="Wingdings"/></w:rPr><w:t>\uf0e8 \uf04a</w:t></w:r>'
    assert texts(docx(f"<w:p>{run}</w:p>")) == ["➔ ☺"]


def test_line_ends_of_the_source_and_control_characters_are_made_safe() -> None:
    assert texts(docx("<w:p><w:r><w:t>a\r\nb&#x85;c&#x9B;d\u202ee</w:t></w:r></w:p>")) == ["a b\ncd\u202ee"]


def test_alternative_text_is_told_once() -> None:
    picture = (
        '<w:r><w:drawing><wp:inline><wp:extent cx="914400" cy="457200"/><wp:docPr id="1" name="x" descr="A\nduck"/>'
        '<a:graphic><a:graphicData><pic:pic><pic:nvPicPr><pic:cNvPr id="1" name="x" descr="A duck"/></pic:nvPicPr>'
        '<pic:blipFill><a:blip r:embed="rId7"/></pic:blipFill></pic:pic></a:graphicData></a:graphic></wp:inline>'
        "</w:drawing></w:r>"
    )
    data = docx(f"<w:p>{picture}</w:p>")
    facts, units = read(data)
    assert parts_of(data, Role.IMAGE) == [("A duck", None)]
    assert units[0][0].kind is UnitKind.IMAGE
    assert units[0][0].image_pixels == 96 * 48
    assert "missing-image" in {finding.code for finding in facts.findings}


def test_charts_show_titles_series_and_values_as_a_table() -> None:
    points = "<c:pt idx='0'><c:v>{}</c:v></c:pt><c:pt idx='1'><c:v>{}</c:v></c:pt>"
    series = "".join(
        f"<c:ser><c:tx><c:strRef><c:strCache><c:pt idx='0'><c:v>{name}</c:v></c:pt></c:strCache></c:strRef></c:tx>"
        f"<c:cat><c:strRef><c:strCache>{points.format('Q1', 'Q2')}</c:strCache></c:strRef></c:cat>"
        f"<c:val><c:numRef><c:numCache>{points.format(*values)}</c:numCache></c:numRef></c:val></c:ser>"
        for name, values in (("North", ("1", "4.4000000000000004")), ("South", ("2", "3")))
    )
    title = "<c:title><c:tx><c:rich><a:p><a:r><a:t>Sales</a:t></a:r></a:p></c:rich></c:tx></c:title>"
    chart = element(
        "c:chartSpace", f"<c:chart>{title}<c:plotArea><c:barChart>{series}</c:barChart></c:plotArea></c:chart>"
    )
    drawing = f"<w:r>{DRAWING.format('<c:chart r:id=^rId5^/>')}</w:r>".replace("^", '"')
    data = docx(f"<w:p>{drawing}</w:p>", {"rId5": ("chart1", chart)})
    assert parts_of(data, Role.TEXT_BOX) == [("Sales\n\tNorth\tSouth\nQ1\t1\t2\nQ2\t4.4\t3", "chart")]
    assert "| Q2 | 4.4 | 3 |" in rich(data)[0]
    assert read(data)[1][0][0].block == "chart"


def test_smart_art_words_are_kept() -> None:
    words = "".join(
        f"<dgm:pt><dgm:t><a:p><a:r><a:t>{word}</a:t></a:r></a:p></dgm:t></dgm:pt>" for word in ("Plan", "Do")
    )
    drawing = f"<w:r>{DRAWING.format('<dgm:relIds r:dm=^rId6^/>')}</w:r>".replace("^", '"')
    data = docx(
        f"<w:p>{drawing}</w:p>",
        links=[("rId6", "diagramData", "diagrams/data1.xml", False)],
        files={"word/diagrams/data1.xml": element("dgm:dataModel", f"<dgm:ptLst>{words}</dgm:ptLst>")},
    )
    assert parts_of(data, Role.TEXT_BOX) == [("Plan\nDo", "diagram")]


def test_imported_html_is_read_and_other_imports_are_named() -> None:
    html = b"<html><head><title>no</title></head><body><p>One <b>two</b></p><p>three &amp; four</p></body></html>"
    chunk = '<w:altChunk r:id="rId8"/>'
    link = ("rId8", "aFChunk", "chunk.bin", False)
    for kind, expected in (("text/html", "One two\nthree & four"), ("application/rtf", "")):
        data = docx(p("Before") + chunk, links=[link], files={"word/chunk.bin": html}, types={"word/chunk.bin": kind})
        facts, units = read(data)
        assert units[1][0].block == "alt-chunk"
        assert units[1][1].plain == expected
        assert ("chunk-unread" in {finding.code for finding in facts.findings}) is (not expected)
        assert facts.truncated is (not expected)


@pytest.mark.parametrize(
    ("math", "linear"),
    [
        ("<m:f><m:num>{a}</m:num><m:den>{bc}</m:den></m:f>", "a/(b+c)"),
        ("<m:sSup><m:e>{a}</m:e><m:sup>{bc}</m:sup></m:sSup>", "a^(b+c)"),
        ("<m:sSub><m:e>{a}</m:e><m:sub>{a}</m:sub></m:sSub>{a}", "a_a a"),
        ("<m:rad><m:deg/><m:e>{bc}</m:e></m:rad>", "√(b+c)"),
        ("<m:rad><m:deg>{a}</m:deg><m:e>{bc}</m:e></m:rad>", "√(a&(b+c))"),
        (
            '<m:nary><m:naryPr><m:chr m:val="∑"/></m:naryPr><m:sub>{a}</m:sub><m:sup>{a}</m:sup>'
            "<m:e>{bc}</m:e></m:nary>",
            "∑_a^a b+c",
        ),
        (
            '<m:d><m:dPr><m:begChr m:val="["/><m:endChr m:val="]"/></m:dPr><m:e>{a}</m:e><m:e>{bc}</m:e></m:d>',
            "[a|b+c]",
        ),
        (
            "<m:m><m:mr><m:e>{a}</m:e><m:e>{bc}</m:e></m:mr><m:mr><m:e>{a}</m:e><m:e>{a}</m:e></m:mr></m:m>",
            "[a, b+c; a, a]",
        ),
        ("<m:func><m:fName>{a}</m:fName><m:e>{bc}</m:e></m:func>", "a b+c"),
        ("<m:unheardOf><m:e>{a}</m:e></m:unheardOf>", "a"),
    ],
)
def test_equations_become_one_line(math: str, linear: str) -> None:
    run = "<m:r><m:t>{}</m:t></m:r>"
    inside = math.replace("{a}", run.format("a")).replace("{bc}", run.format("b+c"))
    facts, units = read(docx(f"<w:p>{r('See ')}<m:oMath>{inside}</m:oMath></w:p>"))
    assert units[0][1].plain == f"See {linear}"
    assert facts.docx is not None
    assert facts.docx.equations == 1


def test_markdown_of_looks() -> None:
    body = (
        f"<w:p>{r('a ', '<w:b/>')}{r('b', '<w:b/>')}{r(' c', '<w:i/>')}{r('d', '<w:strike/>')}"
        f"{r('2', RAISED)}{r('x', NOT_BOLD)}</w:p>"
        f"{p('# not a heading')}{p('- not a list')}"
    )
    assert rich(docx(body)) == ["**a b** *c*~~d~~<sup>2</sup>x", "\\# not a heading", "\\- not a list"]


def test_text_can_be_left_out_but_facts_stay() -> None:
    facts, units = read(docx(p("Some words")), text=False)
    assert units[0][1].parts == ()
    assert facts.units[0].native_chars == 9


def test_headers_that_are_switched_off_are_kept_and_named() -> None:
    body = p("Text") + '<w:sectPr><w:headerReference w:type="first" r:id="rId1"/>{}</w:sectPr>'
    parts = {"rId1": ("header1", element("w:hdr", p("First head")))}
    off, on = docx(body.format(""), parts), docx(body.format("<w:titlePg/>"), parts)
    assert parts_of(off, Role.HEADER) == parts_of(on, Role.HEADER) == [("First head", "first page")]
    assert (codes(off), codes(on)) == ({"header-off"}, set())


def test_a_contents_field_that_never_ends_does_not_swallow_the_headings() -> None:
    begin = (
        '<w:p><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>TOC \\o</w:instrText></w:r>'
        f'<w:r><w:fldChar w:fldCharType="separate"/></w:r>{r("1 Scope 3")}</w:p>'
    )
    found = read(docx(begin + p("2 Terms 4") + p("Scope", '<w:outlineLvl w:val="0"/>')))[0]
    assert [unit.block for unit in found.units] == ["toc", "toc", "heading"]
    assert [entry.title for entry in found.outline] == ["Scope"]
