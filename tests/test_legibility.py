"""Text no language writes is told from text some language writes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors.legibility import gibberish

# ruff: noqa: E501, FBT001 - the texts are one line each

# Article 1 of the Universal Declaration of Human Rights.
LANGUAGES = {
    "English": "All human beings are born free and equal in dignity and rights. They are endowed with reason and "
    "conscience and should act towards one another in a spirit of brotherhood.",
    "German": "Alle Menschen sind frei und gleich an Würde und Rechten geboren. Sie sind mit Vernunft und Gewissen "
    "begabt und sollen einander im Geist der Brüderlichkeit begegnen.",
    "French": "Tous les êtres humains naissent libres et égaux en dignité et en droits. Ils sont doués de raison et de "
    "conscience et doivent agir les uns envers les autres dans un esprit de fraternité.",
    "Polish": "Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw. Są oni obdarzeni rozumem "
    "i sumieniem i powinni postępować wobec innych w duchu braterstwa.",
    "Czech": "Všichni lidé rodí se svobodní a sobě rovní co do důstojnosti a práv. Jsou nadáni rozumem a svědomím a mají "
    "spolu jednat v duchu bratrství. Strč prst skrz krk, vlk zmrzl.",
    "Hungarian": "Minden emberi lény szabadon születik és egyenlő méltósága és joga van. Az emberek, ésszel és "
    "lelkiismerettel bírván, egymással szemben testvéri szellemben kell hogy viseltessenek.",
    "Finnish": "Kaikki ihmiset syntyvät vapaina ja tasavertaisina arvoltaan ja oikeuksiltaan. Heille on annettu järki ja "
    "omatunto, ja heidän on toimittava toisiaan kohtaan veljeyden hengessä.",
    "Turkish": "Bütün insanlar hür, haysiyet ve haklar bakımından eşit doğarlar. Akıl ve vicdana sahiptirler ve "
    "birbirlerine karşı kardeşlik zihniyeti ile hareket etmelidirler.",
    "Vietnamese": "Tất cả mọi người sinh ra đều được tự do và bình đẳng về nhân phẩm và quyền lợi. Mọi con người đều "
    "được tạo hóa ban cho lý trí và lương tâm và cần phải đối xử với nhau trong tình bằng hữu.",
    "Welsh": "Genir pawb yn rhydd ac yn gydradd â'i gilydd mewn urddas a hawliau. Fe'u cynysgaeddir â rheswm a chydwybod, "
    "a dylai pawb ymddwyn y naill at y llall mewn ysbryd cymodlon.",
    "Icelandic": "Hver maður er borinn frjáls og jafn öðrum að virðingu og réttindum. Menn eru gæddir vitsmunum og "
    "samvizku, og ber þeim að breyta bróðurlega hverjum við annan.",
    "Russian": "Все люди рождаются свободными и равными в своем достоинстве и правах. Они наделены разумом и совестью и "
    "должны поступать в отношении друг друга в духе братства.",
    "Greek": "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα. Είναι προικισμένοι με "
    "λογική και συνείδηση, και οφείλουν να συμπεριφέρονται μεταξύ τους με πνεύμα αδελφοσύνης.",
    "Hebrew": "כל בני האדם נולדו בני חורין ושווים בערכם ובזכויותיהם. כולם חוננו בתבונה ובמצפון, לפיכך חובה עליהם לנהוג "
    "איש ברעהו ברוח של אחווה.",
    "Arabic": "يولد جميع الناس أحرارا متساوين في الكرامة والحقوق. وقد وهبوا عقلا وضميرا وعليهم أن يعامل بعضهم بعضا بروح "
    "الإخاء. يولد جميع الناس أحرارا متساوين في الكرامة والحقوق.",
    "Hindi": "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता प्राप्त है। उन्हें बुद्धि और अन्तरात्मा की देन प्राप्त है और "
    "परस्पर उन्हें भाईचारे के भाव से बर्ताव करना चाहिए।",
    "Thai": "มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ ต่างมีเหตุผลและมโนธรรม และควรปฏิบัติต่อกันด้วยเจตนารมณ์แห่งภราดรภาพ",
    "Chinese": "人人生而自由,在尊严和权利上一律平等。他们赋有理性和良心,并应以兄弟关系的精神相对待。" * 3,
    "Japanese": "すべての人間は、生れながらにして自由であり、かつ、尊厳と権利とについて平等である。人間は、理性と良心とを授けられており、"
    * 2,
    "Korean": "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다. 인간은 천부적으로 이성과 양심을 부여받았으며 "
    * 2,
}
# Russian forms, read as if they were Latin.
MISREAD = (
    "CyMMa HaJIora (aBaHcoBoro nJIaTe>Ka no HaJIory), ynJIa4HBaeMoro B cBR3H c npHMeHeHHeM ynpo1UeHHoH CHcTeMbI "
    "HaJIoroo6JIO>KeHHR (06beKT HaJIoroo6JIO>KeHHR - p,oxop,bI, yMeHbWeHHbIe Ha BeJIHYHHy pacxop,oB), H "
    "MHHHMaJIbHoro HaJIora, nop,Jie>Ka1Uan ynJIaTe"
)


def shifted(text: str, by: int) -> str:
    """What a subset font without mapping gives: every character moved by the same number, spaces lost."""
    return "".join(chr(ord(char) - by) for char in text if ord(char) - by > 32)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("recognized", [False, True])
def test_languages_are_no_gibberish(language: str, recognized: bool) -> None:
    assert gibberish(LANGUAGES[language] * 2, recognized=recognized) is None


@pytest.mark.parametrize("language", ["English", "German", "French", "Finnish", "Turkish"])
@pytest.mark.parametrize("by", [28, 29, 30, 31, -3])
def test_shifted_text_is_gibberish(language: str, by: int) -> None:
    assert gibberish(shifted(LANGUAGES[language] * 2, by), recognized=False) is not None


def test_glyph_numbers_in_place_of_letters_are_gibberish() -> None:
    first_seen: dict[str, str] = {}
    numbered = "".join(
        first_seen.setdefault(char, chr(33 + len(first_seen))) for char in LANGUAGES["English"].lower() if char != " "
    )

    assert gibberish(numbered * 2, recognized=False) is not None


def test_recognition_in_the_wrong_script_is_gibberish() -> None:
    assert gibberish(MISREAD, recognized=True) == "broken-words"


def partly_misread(text: str, first: str, last: str, block: int) -> str:
    """What a font gives part of whose mapping is lost: some letters become those of another script."""
    return "".join(chr(ord(char) - ord(first) + block) if first <= char <= last else char for char in text)


@pytest.mark.parametrize(
    ("language", "first", "last", "block"),
    [
        ("Russian", "а", "к", 0x3B1),
        ("Russian", "л", "у", 0x561),
        ("Vietnamese", "\u1ea0", "\u1ef9", 0x448),
        ("Turkish", "a", "j", 0x5D0),
        ("Greek", "ά", "κ", 0x42D),
        ("Hebrew", "ו", "מ", 0x627),
        ("Hindi", "\u0915", "\u0925", 0x995),
        ("English", "e", "m", 0x3B5),
    ],
)
def test_words_that_change_their_script_are_gibberish(language: str, first: str, last: str, block: int) -> None:
    honest = LANGUAGES[language] * 2

    assert gibberish(partly_misread(honest, first, last, block), recognized=False) == "mixed-scripts"
    mostly_right = (LANGUAGES["English"] + "\n" + LANGUAGES["Russian"]) * 2
    assert gibberish(mostly_right, recognized=False) is None


@pytest.mark.parametrize(
    "text",
    [
        "Усе людзi нараджаюцца свабоднымi i роўнымi ў сваёй годнасцi i правах. " * 5,
        "Вeб-сайт компaнии прeдлагaет нoвые услyги для Bac и Baшиx дeтeй. " * 5,
        "בPython ובJava משתמשים בInternet ולWindows יש APIים رPython وJavaو من Pythonات " * 5,
        "R = 4.7 kΩ, C = 10 μF, ΔT = 5 μs, Δx = αy, 3σ, πr²; Ωcm μmol γGTP λmax " * 5,
        "The tensor RμνρσRμνρσ vanishes where Γμνλ does, and so the Ricci scalar gμνRμν is zero everywhere, which the "
        "reader may verify by contracting the indices with gαβ and dropping every term of the order ξaηb or higher. "
        * 3,
        "haβlar saβe aɣwa iʝo kaða ʎuβja ˈpaðɾe eθeɾ, como dicen los hablantes de esta lengua en toda la zona " * 3,
        "使用PDF文件和Word文檔αβγ測試カタカナとひらがなABCのテストабвです " * 10,
        "ภาษาไทยPDFและWordไฟล์ " * 20,
    ],
    ids=["Latin i", "look-alikes", "prefixes", "units", "tensors", "phonetics", "ideographs", "no word spaces"],
)
def test_scripts_side_by_side_are_no_gibberish(text: str) -> None:
    assert gibberish(text, recognized=False) is None


@pytest.mark.parametrize(
    "text",
    [
        "LinearWaterFlow WaterbodyFeature NamedFeatureEntity HydroEvents PointFeature getNodeById setName toString "
        * 4,
        "Table of contents\n" + "\n".join(f"{n}. Chapter {'.' * 90} {n * 7}" for n in range(12)),
        "|--------+--------|\n| 12.5 % | 48,123 |\n" * 20,
        "1 234.50 2 345.60 3 456.70 4 567.80 5 678.90\n" * 20,
        LANGUAGES["English"].upper() * 2,
        "ZK17-QX4 WV22-JB9 XK81-QQ7 JW30-ZX5 " * 20,
        "x² + y² = z² and f(a,b) = a·b for all a, b in R, so that g1,1 g2,2 holds " * 5,
    ],
    ids=["class names", "leaders", "ruled table", "figures", "capitals", "part numbers", "formulas"],
)
def test_unusual_but_right_text_is_no_gibberish(text: str) -> None:
    assert gibberish(text, recognized=False) is None


@given(st.text(), st.booleans())
def test_any_text_gives_an_answer(text: str, recognized: bool) -> None:
    assert gibberish(text, recognized=recognized) in (
        None,
        "broken-words",
        "hardly-letters",
        "hardly-vowels",
        "mixed-scripts",
        "unlikely-letters",
    )


@given(st.text(max_size=40), st.booleans())
def test_a_few_words_prove_nothing(text: str, recognized: bool) -> None:
    assert gibberish(text, recognized=recognized) in (None, "broken-words")
