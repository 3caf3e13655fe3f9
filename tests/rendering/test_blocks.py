import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser, LexborNode

from promos.rendering import blocks
from promos.rendering.paint import PAINT
from promos.rules.blocks import BODY, BlockContent

HTML = [blocks.email_html, blocks.web]
ALL = [*HTML, blocks.email_text]
TEXTS = ["language", "label", "advertiser", "given", "heading", "body", "call_to_action", "code", "terms", "block_id"]
TAGS = {"aside", "table", "tbody", "tr", "td", "h2", "div", "p", "br", "strong", "em", "a", "ul", "ol", "li", "img"}
ATTRIBUTES = {"role", "lang", "dir", "style", "href", "rel", "class", "aria-label", "data-promo-block", "bgcolor"}
OLD_ATTRIBUTES = {"width", "cellpadding", "cellspacing"}  # of tables, for Outlook
OF_PICTURES = {"src", "alt", "width", "height", "style"}
CONDITION = re.compile(
    r"<!--\[if mso\]>(.*?)<!\[endif\]-->(?=<!--\[if !mso\]><!-->)|<!--\[if !mso\]><!-->|<!--<!\[endif\]-->", re.DOTALL
)
VML, WORD = "{urn:schemas-microsoft-com:vml}", "{urn:schemas-microsoft-com:office:word}"

Draw = Callable[[BlockContent], str]

ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<svg><style><!--</style><img src=x onerror=alert(1)>-->",
    "<math><mi//xlink:href='data:x,<script>alert(1)</script>'>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href=\"jav&#x09;ascript:alert(1)\">x</a>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](java\nscript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[x](vbscript:msgbox)",
    "[x](//evil.example/x)",
    "[x](/admin)",
    "[x](<https://ok.example/\" onmouseover=\"alert(1)>)",
    "[x](https://ok.example 'title\" onmouseover=\"alert(1)')",
    "<javascript:alert(1)>",
    "![x](https://tracker.example/pixel.png)",
    "![x](data:image/svg+xml,<svg/onload=alert(1)>)",
    "[a]: javascript:alert(1)\n\n[a]",
    "\" onmouseover=\"alert(1)",
    "' autofocus onfocus='alert(1)",
    "--></td></tr></table><form action=https://evil.example><input name=password>",
    "</aside><style>.promo-block-label{display:none}</style>",
    "<!--[if mso]><script>alert(1)</script><![endif]-->",
    "<!-- hidden",
    "<div style='display:none'>",
    "<p style=\"background:url(javascript:alert(1))\">",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<base href=https://evil.example><link rel=stylesheet href=//evil.example>",
    "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#x202e;gnisitrevda",
    "\u202eevil\u202c \u2066x\u2069 zero\u200bwidth \x00\x1b[31m",
    "<https://ok.example/%E2%80%AEx>",
    "{{7*7}} {% include 'x' %} {# x #}",
    "%(secret)s %s ${7*7} #{7*7} <%= 7*7 %> {0.__class__} {{ ''.__class__.__mro__ }}",
    "{{ .Subscriber.Email }} *|EMAIL|* [subscriber:email]",
]  # fmt: skip


@pytest.mark.parametrize("draw", ALL)
def test_the_label_comes_before_everything_and_names_the_advertiser(block: BlockContent, draw: Draw) -> None:
    words = _words(draw(block)) if draw in HTML else draw(block)

    assert words.startswith("Publicité – collaboration commerciale – Harmonie Congrès SAS")
    parts = (block.label_line, block.given, block.heading, "quarante facteurs", "un par personne", "250\xa0€", "Code")
    places = [words.index(part) for part in parts]
    assert places == sorted(places)


@pytest.mark.parametrize("draw", ALL)
def test_the_labels_word_stands_right_beside_the_code_and_begins_the_button(block: BlockContent, draw: Draw) -> None:
    words = _words(draw(block)) if draw in HTML else draw(block)

    assert "Publicité · Code ORGUE-12" in words
    assert "Publicité – Réserver ma place" in words
    assert block.url in words


@pytest.mark.parametrize("draw", HTML)
def test_the_label_is_bold_text_of_at_least_14_px_inside_the_box(block: BlockContent, draw: Draw) -> None:
    box = _box(draw(block))

    first = _only(box.css_first("strong"))
    assert first.text() == block.label_line
    assert re.search(r"font-size:(1rem|1[4-9]px)", _only(first.parent).attributes["style"] or "")
    assert (box.attributes["lang"], box.attributes["dir"]) == ("fr", "ltr")
    assert _only(box.css_first("h2")).text() == block.heading


def test_every_layout_table_says_that_it_is_one(block: BlockContent) -> None:
    tables = LexborHTMLParser(blocks.email_html(block)).css("table")

    assert len(tables) == 3
    assert {table.attributes["role"] for table in tables} == {"presentation"}


@pytest.mark.parametrize("inverted", [False, True])
def test_every_ink_is_legible_on_every_ground_in_both_lights(inverted: bool) -> None:
    paint = {name: _inverse(colour) if inverted else colour for name, colour in PAINT.items()}

    for ground in ("paper", "wash", "button"):
        assert _contrast(paint["ink"], paint[ground]) >= 4.5
        assert _contrast(paint["link"], paint[ground]) >= 4.5
    assert _contrast("#0000EE", PAINT["button"]) >= 4.5  # what is left where styles are thrown away


@pytest.mark.parametrize("draw", HTML)
def test_wherever_a_ground_is_set_the_ink_is_set_too(block: BlockContent, draw: Draw) -> None:
    for node in LexborHTMLParser(draw(block)).css("[style*=background]"):
        inked = [node, *node.css("a")]
        assert any(re.search(r"(^|;)color:#", one.attributes.get("style") or "") for one in inked)


def test_a_long_block_stays_far_below_what_mail_programs_clip(block: BlockContent) -> None:
    sentence = "Une **démonstration** par heure, voir [le programme](https://orgue.example/programme) du jour. "
    long = replace(block, body=(sentence * 30)[:BODY])

    assert len(blocks.email_html(long).encode()) <= 6 * 1024
    assert len(blocks.email_html(block).encode()) <= 3.5 * 1024


def test_a_mail_loads_two_pictures_of_ours_and_hides_nothing(block: BlockContent) -> None:
    html = blocks.email_html(block)

    pictures = [node.attributes["src"] for node in LexborHTMLParser(html).css("img")]
    assert pictures == ["https://promos.example/b/0192f5c4.png", "https://promos.example/b/0192f5c4-qr.png"]
    assert not re.search(r"<(style|link|script)|url\(|display:none|visibility|var\(|class=|@media|flex", html)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://promos.example/go/0192f5c4", "https://promos.example/b/0192f5c4.png"),
        ("http://127.0.0.1:8000/go/0192f5c4", "http://127.0.0.1:8000/b/0192f5c4.png"),
        ("https://letter.example/promos/go/0192f5c4", "https://letter.example/promos/b/0192f5c4.png"),
    ],
)
def test_pictures_come_from_where_the_button_leads_and_know_no_reader(
    block: BlockContent, url: str, address: str
) -> None:
    assert blocks.picture(replace(block, url=url), ".png") == address


def test_the_words_for_a_picture_hold_no_number_that_could_be_wrong_tomorrow(block: BlockContent) -> None:
    left, code = LexborHTMLParser(blocks.email_html(block)).css("img")

    assert left.attributes["alt"] == "Combien il en reste figure sur la page du code ORGUE-12."
    assert code.attributes["alt"] == "Code QR du code ORGUE-12, qui ouvre promos.example"
    assert "Sur un ordinateur ou sur papier" in _words(blocks.email_html(block))


def test_outlook_has_a_button_of_its_own_and_every_other_reader_one_too(block: BlockContent) -> None:
    html = blocks.email_html(replace(block, call_to_action='"Réserver" --> <b> & ]]>'))
    stripped = re.sub(r"<!--.*?-->", "", html, flags=re.DOTALL)
    in_outlook = re.sub(r"<!--\[if !mso\]>.*?<!\[endif\]-->", "", html, flags=re.DOTALL)
    in_outlook = in_outlook.replace("<!--[if mso]>", "").replace("<![endif]-->", "")
    action = 'Publicité – "Réserver" --> <b> & ]]>'

    for seen in (html, stripped, in_outlook):
        assert _words(seen).count(action) == 1
    assert "v:rect" not in stripped
    assert "[if" not in stripped
    button = next(ElementTree.fromstring(found[1]) for found in CONDITION.finditer(html) if found[1])
    assert (button.get("href"), button[1].text) == (block.url, action)


@pytest.mark.parametrize(
    ("words", "width", "height"), [("Oui", 59, 39), ("Publicité – Réserver ma place", 254, 39), ("x" * 75, 408, 57)]
)
def test_outlooks_button_is_as_large_as_its_words_ask(block: BlockContent, words: str, width: int, height: int) -> None:
    html = blocks.email_html(replace(block, label="", call_to_action=words))

    assert f'style="width:{width}pt;height:{height}pt;' in html


def test_words_of_another_direction_say_so(block: BlockContent) -> None:
    foreign = replace(block, heading="2027: يومان من الموسيقى!", body="**يفتح** GenerationAI 2027.")

    for draw in HTML:
        said = LexborHTMLParser(draw(foreign)).css("[dir=rtl]")
        assert [foreign.heading in node.text() for node in said] == [True, False]
        assert 'dir="rtl"' not in draw(block)
    assert LexborHTMLParser(blocks.email_html(replace(block, language="ar"))).css("td[dir=ltr]")


def test_the_block_reads_the_same_when_every_style_and_attribute_is_stripped(block: BlockContent) -> None:
    html = blocks.email_html(block)

    assert _words(re.sub(r' (style|bgcolor|role|lang|dir|data-promo-block)="[^"]*"', "", html)) == _words(html)


def test_the_text_part_is_framed_by_rules(block: BlockContent) -> None:
    lines = blocks.email_text(block).splitlines()

    assert (lines[0], lines[1], lines[-1]) == (block.label_line, blocks.RULE, blocks.RULE)
    assert lines[-2] == block.url
    assert lines[-4:-2] == ["Publicité · Code ORGUE-12", "Publicité – Réserver ma place"]
    assert "leurs ateliers (https://orgue.example/ateliers)" in blocks.email_text(block)


def test_a_partner_cannot_close_the_frame_early(block: BlockContent) -> None:
    forged = replace(block, body=f"Avant\n\n{blocks.RULE}\n\nAprès\n{blocks.RULE}\n= = = =\nfin")

    assert blocks.email_text(forged).count(blocks.RULE) == 2
    assert "= = =" not in blocks.email_text(forged)


@pytest.mark.parametrize("draw", ALL)
def test_what_is_absent_leaves_no_gap(block: BlockContent, draw: Draw) -> None:
    bare = draw(replace(block, terms=(), conditions_url=None, body="", given=""))

    assert "\n\n\n" not in bare
    assert "None" not in bare
    assert "<ul" not in bare


@pytest.mark.parametrize("draw", ALL)
def test_without_a_label_none_is_made_up(block: BlockContent, draw: Draw) -> None:
    words = draw(replace(block, label=""))

    assert "Publicité" not in words
    assert "Réserver ma place" in words


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("field", TEXTS)
@pytest.mark.parametrize("draw", HTML)
def test_no_text_becomes_markup(block: BlockContent, draw: Draw, field: str, attack: str) -> None:
    value: Any = (attack,) if field == "terms" else attack
    hostile = replace(block, **{field: value})

    _assert_harmless(draw(hostile))
    assert _words(draw(hostile)).replace("\u200a", "").startswith(hostile.label_line)


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("draw", ALL)
def test_no_attack_in_every_text_at_once_hides_the_label(block: BlockContent, draw: Draw, attack: str) -> None:
    everywhere: dict[str, Any] = {field: attack for field in TEXTS if field not in {"label", "terms", "advertiser"}}
    hostile = replace(block, **everywhere, terms=(attack,))
    drawn = draw(hostile)

    assert (_words(drawn) if draw in HTML else drawn).startswith(block.label_line)
    assert not re.search("[\x00-\x09\x0b-\x1f\u200b\u202a-\u202e\u2066-\u2069]", drawn)


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "data:text/html,x", "//evil.example", 'https://x/"onclick="']
)
@pytest.mark.parametrize("draw", ALL)
def test_conditions_behind_no_web_address_are_not_linked(block: BlockContent, draw: Draw, address: str) -> None:
    assert address not in unescape(draw(replace(block, conditions_url=address)))


@pytest.mark.parametrize("literal", ["%(secret)s", "{0.__class__}", "100 %", "[x]", "50 % | 50 %", "{x}"])
@pytest.mark.parametrize("draw", ALL)
def test_what_looks_like_a_format_stays_as_typed(block: BlockContent, draw: Draw, literal: str) -> None:
    hostile = replace(
        block, heading=literal, body=literal, call_to_action=literal, terms=(literal,), advertiser=literal
    )

    assert unescape(draw(hostile)).count(literal) >= 5


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(body=st.text(alphabet=st.sampled_from("<>&\"'`[]()!*_#-=\\/ \nahref:javscript1.{}%\u202e\u200b"), max_size=120))
def test_no_body_whatever_gets_out_of_its_place(block: BlockContent, body: str) -> None:
    hostile = replace(block, body=body)

    for draw in HTML:
        _assert_harmless(draw(hostile))
        assert _words(draw(hostile)).startswith(block.label_line)
        assert len(LexborHTMLParser(draw(hostile)).css("h2")) == 1


def _box(html: str) -> LexborNode:
    return _only(LexborHTMLParser(html).css_first("table, aside"))


def _only(node: LexborNode | None) -> LexborNode:
    assert node is not None
    return node


def _words(html: str) -> str:
    tree = LexborHTMLParser(re.sub("<br>|</(td|p|li|h2)>", r"\g<0>\n", html))
    assert tree.body is not None
    return re.sub(r"\s*\n\s*", "\n", tree.body.text()).strip()


def without_conditions(html: str) -> str:
    """Without what is for Outlook alone, which has to be whole, ours, and there once or not at all."""
    found = list(CONDITION.finditer(html))
    if found:
        assert len(found) == 3
        button = ElementTree.fromstring(found[0][1])  # nothing in it closes anything
        assert [node.tag for node in button.iter()] == [f"{VML}rect", f"{WORD}anchorlock", "center"]
        assert urlsplit(button.get("href")).scheme == "https"
        assert set(button.keys()) == {"href", "style", "fillcolor", "strokecolor", "strokeweight"}
    rest = CONDITION.sub("", html)
    assert "<!--" not in rest
    return rest


def _assert_harmless(html: str) -> None:
    tree = LexborHTMLParser(without_conditions(html))
    assert tree.body is not None
    for node in tree.body.css("*"):
        if node.tag == "body":
            continue
        assert node.tag in TAGS
        for name, value in node.attributes.items():
            assert not name.startswith("on")
            if name == "href":
                assert urlsplit(value or "").scheme in {"http", "https", "mailto"}
            if name == "src":
                assert re.fullmatch(r"https://promos\.example/b/[\w%.~-]+\.(png|svg)", value or "")
            if name == "style":
                assert not re.search(r"url|expression|display:none|position|@import", value or "")
            assert name in (OF_PICTURES if node.tag == "img" else ATTRIBUTES | OLD_ATTRIBUTES)
    assert tree.body.css("aside, table")
    assert not re.search("[\u200b\u202a-\u202e\u2066-\u2069\x00]", html)


def _contrast(one: str, other: str) -> float:
    """WCAG 2.2."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _inverse(colour: str) -> str:
    return f"#{0xFFFFFF - int(colour[1:], 16):06X}"
