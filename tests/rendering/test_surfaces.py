"""The same block on each of its surfaces, friendly and hostile."""

import json
import re
from dataclasses import replace
from html import unescape
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from selectolax.lexbor import LexborHTMLParser

from promos.rendering import blocks
from promos.rendering.paint import PAINT
from promos.rules.blocks import BODY, BlockContent
from promos.rules.disclosure.label import given_sentence, label_for, spoken
from tests.newsroom import rules
from tests.rendering.test_blocks import ATTACKS, without_conditions

HAIR = "\u200a"
COMMANDS = [
    "{{ .Subscriber.Email }}",
    "{{7*7}}",
    "{{{{x}}}}",
    "{% include 'x' %}",
    "{# x #}",
    "%%{uuid}%%",
    "*|EMAIL|*",
    "[subscriber:email]",
    "[[data:email]]",
    "${7*7} #{7*7} {$email}",
    "<%= 7*7 %>",
]
COMMAND = re.compile(r"\{\{|\{%|\{#|\{\$|%%\{|\*\||\[\[|\[\w+:(?!/)|[$#]\{|<%")
BREAKERS = [
    "a --> b <!-- c",
    "a ]]> b <![CDATA[ c",
    "</mj-text></mj-column></mj-section><mj-raw><script>alert(1)</script></mj-raw>",
    "</mj-button><mj-include path='/etc/passwd' />",
    "x\r\nBcc: all@example.org\r\n\r\n<script>",
    '"}]}} , {"type":"html","html":"<script>alert(1)</script>"}',
    "\\u003cscript\\u003e \\",
    "**Publicité** # x\n\n# y\n\n    code\n\n```\n```\n\n> q\n\n---\n\n***\n\n| a | b |\n|---|---|\n",
    "{: onclick='alert(1)' }",
    "wow![pixel](https://tracker.example/x.png)",
    "wow!\\![x](https://tracker.example/x.png)",
    "\\<script>alert(1)</script> \\\\[x](javascript:alert(1))",
    "ẍ̧̨" * 40 + "Donaudampfschifffahrtsgesellschaftskapitän" * 20,
    "<https://ok.example/{{x}}> [x](https://ok.example/?a={{x}}&b=%%{uuid}%%&c=*|E|*&d=[subscriber:email])",
]
HOSTILE = [*ATTACKS, *COMMANDS, *BREAKERS]
WRITTEN = ("advertiser", "given", "heading", "body", "call_to_action", "code", "terms")
TOGETHER = ("given", "heading", "body", "call_to_action", "terms")


@pytest.mark.parametrize("surface", blocks.SURFACES)
@pytest.mark.parametrize("language", ["fr", "en", "de", "es", "it", "nl"])
@pytest.mark.parametrize("advertiser", ["Harmonie Congrès SAS", "شركة المؤتمرات ذ.م.م", "Kongress & Söhne " + "x" * 90])
def test_in_every_language_and_place_the_label_stands_first_and_its_word_by_the_code(
    block: BlockContent, surface: str, language: str, advertiser: str
) -> None:
    rule_set = rules()
    home = rule_set.home_of(language)
    label = label_for(rule_set, [home], language, advertiser)
    said = given_sentence(rule_set, language, advertiser, None, 20)
    assert spoken(rule_set, language) == label.language == language
    foreign = replace(block, language=language, label=label.text, advertiser=advertiser, given=said)

    words = as_read(surface, blocks.SURFACES[surface](foreign))

    assert words.startswith(foreign.label_line)
    assert advertiser in foreign.label_line
    places = [words.index(part) for part in (foreign.label_line, said, block.heading, "quarante", "un par personne")]
    assert places == sorted(places)
    assert re.search(rf"{re.escape(foreign.word)} · Code {block.code}\b", words)
    assert f"{foreign.word} – {block.call_to_action}" in words
    assert block.url in words


@pytest.mark.parametrize("attack", HOSTILE)
@pytest.mark.parametrize("surface", blocks.SURFACES)
def test_nothing_that_a_partner_writes_runs_closes_a_tag_or_comes_before_the_label(
    block: BlockContent, surface: str, attack: str
) -> None:
    for fields in [(field,) for field in WRITTEN] + [TOGETHER]:
        values: dict[str, Any] = {field: (attack,) if field == "terms" else attack for field in fields}
        hostile = replace(block, **values)
        drawn = blocks.SURFACES[surface](hostile)

        _assert_harmless(surface, drawn)
        label = blocks._apart(hostile.label_line)
        assert as_read(surface, drawn).startswith(_squeezed(label))


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("surface", blocks.SURFACES)
def test_no_newsletter_tool_finds_a_field_of_its_own_in_a_partners_words(
    block: BlockContent, surface: str, command: str
) -> None:
    hostile = replace(
        block,
        **dict.fromkeys(("advertiser", "given", "heading", "call_to_action"), command),
        body=f"{command} [x](https://ok.example/?{command}) <https://ok.example/{command}>",
        terms=(command,),
        conditions_url="https://ok.example/?a=[subscriber:email]&b=[[data:x]]&c=%%",
    )
    drawn = blocks.SURFACES[surface](hostile)
    text = json.loads(drawn)["root"]["children"][0]["html"] if surface == "lexical" else drawn

    # As it is written, and as tools see it that read it and write it again.
    assert not COMMAND.search(text)
    assert not COMMAND.search(as_read(surface, drawn))
    assert as_read(surface, drawn).replace(HAIR, "").count(command) >= 5  # and people see what was typed


@pytest.mark.parametrize("address", ["https://[2001:db8::1]/x?[a:b]", "https://ok.example/a[b:c]?d=[e:f]#[g:h]"])
def test_conditions_keep_their_address_without_fields_in_it(block: BlockContent, address: str) -> None:
    html = blocks.email_html(replace(block, conditions_url=address))

    href = LexborHTMLParser(html).css("ul a")[-1].attributes["href"] or ""
    assert href.replace("%5B", "[").replace("%5D", "]") == address.replace("%5B", "[")
    assert "[" not in href.partition("?")[2]


def test_what_is_pasted_needs_no_style(block: BlockContent) -> None:
    html = blocks.rich_paste(block)

    assert {node.tag for node in LexborHTMLParser(html).css("body *")} == {"p", "h3", "strong", "a"}
    assert set(re.findall(r" ([\w-]+)=", html)) == {"href"}
    first = html.splitlines()[0]
    assert first.startswith(f"<p><strong>{block.label_line}</strong> – {block.given[:10]}")
    assert "<p>• trois concerts</p>\n<p>• un banc d’essai</p>" in html


def test_a_body_keeps_its_shape_when_it_is_pasted(block: BlockContent) -> None:
    body = "Un **gros\nmot**, *deux*\n\n3. a\n4. b\n   - c\n\n   d\n\nfin"

    html = blocks.rich_paste(replace(block, body=body))

    assert (
        "<p>Un <strong>gros</strong></p>\n<p><strong>mot</strong>, deux</p>\n<p>1. a</p>\n<p>2. b</p>\n"
        "<p>• c</p>\n<p>d</p>\n<p>fin</p>"
    ) in html


@pytest.mark.parametrize(
    "body",
    [
        "Un **gros\nmot**, *deux* [liens](https://a.example/(x)_y?a=1&b=2)",
        "- a\n- b **c**\n\nfin",
        "1. a\n2. b\n   - c\n   - d\n\n   e\n3. f\n\nfin",
        "\\- a\n\\# b\n1\\. c\n+x =y\n\\===\n2 * 3 * 4 snake_case `x` ~~y~~ a|b &lt; &amp;nbsp;",
    ],
)
def test_markdown_reads_back_as_it_was(block: BlockContent, body: str) -> None:
    written = blocks.markdown(replace(block, body=body, terms=(), conditions_url=None))

    again = MarkdownIt("commonmark", {"html": True}).render(written)
    expected = re.sub(r' (?:style|rel)="[^"]*"', "", str(blocks._html(replace(block, body=body))))
    assert _flat(expected) in _flat(again)


def test_a_section_of_mjml_holds_one_column_of_texts_and_a_button(block: BlockContent) -> None:
    section = ElementTree.fromstring(blocks.mjml(replace(block, language="ar")))

    assert section.tag == "mj-section"
    (column,) = section
    pictured = ["mj-button", "mj-image", "mj-text", "mj-image", "mj-text"]
    assert [each.tag for each in column] == [*["mj-text"] * 4, *pictured]
    assert {each.get("align") for each in column} == {"right"}
    assert [each.get("src") for each in column if each.tag == "mj-image"] == [
        f"https://promos.example/b/0192f5c4{ending}" for ending in (".png", "-qr.png")
    ]
    spoken_in = [each[0].attrib for each in column if len(each)]
    assert all((said["lang"], said["dir"]) == ("ar", "rtl") for said in spoken_in)
    assert column[0].get("container-background-color") == PAINT["wash"]
    assert (column[4].get("href"), column[4].text) == (block.url, "Publicité – Réserver ma place")


def test_a_document_for_ghost_holds_the_table_in_one_card(block: BlockContent) -> None:
    document = json.loads(blocks.lexical(block))
    (card,) = document["root"]["children"]

    assert document["root"]["type"] == "root"
    assert card == {"type": "html", "version": 1, "html": card["html"]}
    assert "<!--" not in card["html"]
    assert 'rel="sponsored noopener"' in card["html"]  # it is a page as well
    mail = without_conditions(blocks.email_html(block))
    assert as_read("email_html", mail).startswith(as_read("lexical", blocks.lexical(block)))


@pytest.mark.parametrize("surface", ["email_text", "markdown", "rich_paste"])
def test_where_there_are_words_only_there_is_no_picture(block: BlockContent, surface: str) -> None:
    assert not re.search(r"!\[|<img|/b/", blocks.SURFACES[surface](block))


def test_a_page_has_the_picture_that_scales_and_no_code_to_scan(block: BlockContent) -> None:
    pictures = LexborHTMLParser(blocks.web(block)).css("img")

    assert [node.attributes["src"] for node in pictures] == ["https://promos.example/b/0192f5c4.svg"]


def test_no_alternative_text_holds_what_mjml_would_spell_out(block: BlockContent) -> None:
    """mrml 0.2 writes a narrow no-break space in an attribute as `\\u{202f}`."""
    for node in ElementTree.fromstring(blocks.mjml(block)).iter("mj-image"):
        assert "\u202f" not in (node.get("alt") or "")


def test_outlook_has_room_around_the_words_of_the_button(block: BlockContent) -> None:
    button = LexborHTMLParser(blocks.email_html(block)).css_first("table table td")

    assert button is not None
    assert button.attributes["bgcolor"] == PAINT["button"]
    assert "mso-padding-alt:12px 22px" in (button.attributes["style"] or "")


@pytest.mark.parametrize("surface", blocks.SURFACES)
def test_no_surface_of_a_long_block_is_over_6_kb(block: BlockContent, surface: str) -> None:
    sentence = "Une **démonstration** par heure, voir [le programme](https://orgue.example/programme) du jour. "
    block_id = "0192f5c4-7b1e-7000-8000-0123456789ab"
    real = replace(block, url=f"https://promos.example/go/{block_id}", block_id=block_id)
    long = replace(real, body=(sentence * 30)[:BODY])

    assert len(blocks.SURFACES[surface](long).encode()) <= 6 * 1024


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80)
@given(body=st.text(alphabet=st.sampled_from("<>&\"'`[]()!*_#-=+\\/ \nahref:javscript1.{}%|~$\u202e"), max_size=120))
def test_no_body_whatever_becomes_markup_anywhere(block: BlockContent, body: str) -> None:
    hostile = replace(block, body=body, heading=body)

    for surface, draw in blocks.SURFACES.items():
        _assert_harmless(surface, draw(hostile))
        assert as_read(surface, draw(hostile)).startswith(block.label_line)


def as_html(surface: str, drawn: str) -> str:
    if surface == "markdown":
        return str(MarkdownIt("commonmark", {"html": True}).enable("table").render(drawn))
    if surface == "lexical":
        return str(json.loads(drawn)["root"]["children"][0]["html"])
    return drawn


def as_read(surface: str, drawn: str) -> str:
    if surface == "email_text":
        return _squeezed(drawn)
    html = re.sub("<br ?/?>|</(td|p|li|h2|h3|div|mj-button)>", r"\g<0>\n", as_html(surface, drawn))
    body = LexborHTMLParser(html).body
    assert body is not None
    return _squeezed(body.text())


def _squeezed(text: str) -> str:
    return re.sub(r"[ \n]+", " ", text).strip()


def _flat(html: str) -> str:
    return re.sub(r">\s+<", "><", re.sub(r"<br ?/?>\n?", "<br>", unescape(html)))


def _assert_harmless(surface: str, drawn: str) -> None:
    if surface == "email_text":
        assert drawn.count(blocks.RULE) == 2
        assert "\r" not in drawn
        return
    if surface == "mjml":
        ElementTree.fromstring(drawn)
    html = without_conditions(as_html(surface, drawn))
    body = LexborHTMLParser(html).body
    assert body is not None
    allowed = set("aside table tbody tr td h2 h3 div p br strong em a ul ol li hr".split())
    mj = {"mj-section", "mj-column", "mj-text", "mj-button", "mj-image"} if surface == "mjml" else set()
    pictured = {"img"} if surface in {"email_html", "web", "lexical"} else set()
    for node in body.css("*"):
        if node.tag == "body":
            continue
        assert node.tag in allowed | mj | pictured
        for name, value in node.attributes.items():
            assert not name.startswith("on")
            if name == "href":
                assert urlsplit(value or "").scheme in {"http", "https", "mailto"}
            if name == "src":
                assert (value or "").startswith("https://promos.example/b/")
    assert len(body.css("h2, h3")) == 1
    assert "]]>" not in html
