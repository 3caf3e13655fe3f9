"""Issues as editors have them: the same segments from text, Markdown, HTML and mail, whatever state they are in."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promos.parsing import Unreadable
from promos.parsing.issues import HTML, MAIL, MARKDOWN, MEDIA_TYPES, TEXT, read_issue
from promos.rules.issues import Segment, find_blocks

ISSUES = Path(__file__).parent / "issues"
FORMS = {TEXT: "promo.txt", MARKDOWN: "promo.md", HTML: "promo.html", MAIL: "promo.eml"}


def seen(content: str | bytes, media_type: str) -> list[Segment]:
    return [segment for segment in read_issue(content, media_type).segments if segment.look.hidden_by is None]


@pytest.mark.parametrize(("media_type", "name"), FORMS.items(), ids=FORMS.values())
def test_each_form_of_an_issue_holds_the_same_promo_block(media_type: str, name: str) -> None:
    parsed = read_issue((ISSUES / name).read_bytes(), media_type)

    (block,) = find_blocks(parsed.segments)

    said = [parsed.segments[at].text for at in block.span]
    assert (block.code, block.heading) == ("FREEAGENAI", "Retrouvons-nous à Printemps des Données*")
    assert said[-1] == "*Collaboration commerciale non rémunérée"
    assert "• Plus de 1 200 participants attendus." in said[2 if "Au menu :" not in said else 3]
    assert parsed.language == "fr"


def test_a_mail_keeps_its_plain_part_beside_its_html() -> None:
    parsed = read_issue((ISSUES / "promo.eml").read_bytes(), MAIL)

    assert parsed.segments[0].text == "Un arrosoir nous écrit"
    assert parsed.text_part is not None
    assert parsed.text_part[0].text == "La lettre du potager numérique"


def test_segments_of_text_and_markdown_know_their_lines() -> None:
    markdown = read_issue("# One\n\ntwo\nlines\n\n- three\n", MARKDOWN).segments
    text = read_issue("One\n\ntwo\nlines\n\n• three\n", TEXT).segments

    assert [segment.line for segment in markdown] == [segment.line for segment in text] == [1, 3, 6]
    assert [segment.id for segment in text] == ["s1", "s2", "s3"]


def test_bullets_make_one_list_even_with_empty_lines_between_them() -> None:
    (segment,) = read_issue("• one\n\n• two\n• three", TEXT).segments

    assert (segment.kind, segment.text) == ("list", "• one\n• two\n• three")
    assert segment.html == "<ul><li>one</li><li>two</li><li>three</li></ul>"


def test_what_is_typed_in_a_plain_text_stays_text() -> None:
    (segment,) = read_issue("<script>alert(1)</script> & <b>", TEXT).segments

    assert segment.html == "<p>&lt;script&gt;alert(1)&lt;/script&gt; &amp; &lt;b&gt;</p>"


def test_html_in_markdown_is_shown_and_not_obeyed() -> None:
    (segment,) = read_issue('Hello <span style="display:none">you</span>', MARKDOWN).segments

    assert segment.text == 'Hello <span style="display:none">you</span>'


def test_the_language_is_the_one_that_a_mail_says() -> None:
    assert read_issue("Content-Language: de-AT, en\n\nKurz.\n", MAIL).language == "de"
    assert read_issue('<html lang="en-GB"><p>Le la les des une vous</p>', HTML).language == "en"
    assert read_issue("Wir sind es, und die anderen sind es auch mit uns.", TEXT).language == "de"
    assert read_issue("Zzz.", TEXT).language is None


@pytest.mark.parametrize("content", ["", " \n\t", "\x00\x01", "<p></p><!-- a -->"])
def test_without_a_word_to_read_there_is_no_issue(content: str) -> None:
    with pytest.raises(Unreadable):
        read_issue(content, HTML)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("caf\udce9".encode("utf-8", "surrogateescape"), "caf�"),
        ("a\ud800b", "ab"),
        ("nul\x00l", "null"),
        ("\ufeffbom", "bom"),
        (b"\xef\xbb\xbfbom", "bom"),
        (b"one\r\n\r\ntwo", "one|two"),
    ],
)
def test_broken_characters_are_left_out_and_the_rest_is_read(content: str | bytes, text: str) -> None:
    assert "|".join(segment.text for segment in seen(content, TEXT)) == text


@pytest.mark.parametrize(
    "head",
    [
        "Content-Type: text/html; charset=idna",
        "Content-Type: text/html; charset=rot13",
        "Content-Type: text/html; charset*0*=x;charset*=u",
        'Content-Type: multipart/mixed; boundary="',
        "Content-Type: multipart/alternative",
        "Content-Type: text/html\nContent-Transfer-Encoding: base64",
        "Content-Type: message/rfc822",
        "=?utf-8?q?",
    ],
)
def test_a_mail_that_nobody_should_have_sent_is_read_as_far_as_it_goes(head: str) -> None:
    with suppress(Unreadable):
        assert read_issue(f"{head}\n\n<p>caf\xe9 x", MAIL).segments


ENDLESS = {
    "divs": (HTML, "<div>" * 20_000),
    "lists": (HTML, "<ul><li>" * 200_000),
    "bold": (HTML, "<b><i>" * 300_000),
    "spans under paragraphs": (HTML, "<span>" * 15_000 + "</p><p>" * 14_000),
    "attributes": (HTML, "<p " + " ".join(f"a{number}=1" for number in range(250_000)) + ">x</p>"),
    "quoted attributes": (HTML, "<p " + " ".join(f'a{number}=">"' for number in range(150_000)) + ">x</p>"),
    "tags in attributes": (HTML, "<p " + " ".join(f"a{number} <b" for number in range(29_000)) + ">x</p>"),
    "comments": (HTML, "<!--" * 500_000),
    "open tags": (HTML, "<" * 2_000_000),
    "style sheet": (HTML, "<style>" + ".a .b{display:none}" * 100_000 + "</style><p class=b>x"),
    "accents": (HTML, "e" + "\u0301" * 1_000_000),
    "bullets": (TEXT, "• a\n" * 500_000),
    "spaces": (TEXT, " " * 2_000_000 + "x"),
    "codes": (TEXT, "code " * 400_000),
    "brackets": (MARKDOWN, "[" * 2_000_000),
    "images": (MARKDOWN, "![" * 1_000_000),
    "emphasis": (MARKDOWN, "*a **b _" * 250_000),
    "references": (MARKDOWN, "".join(f"[a{number}]: /x\n" for number in range(100_000)) + "x"),
    "quotes": (MARKDOWN, "> " * 100_000 + "x"),
    "parameters": (MAIL, "Content-Type: " + "a/b;x=y;" * 250_000 + "\n\nx"),
    "folded parameters": (MAIL, "Content-Type: text/plain;\n" + " x=y;\n" * 250_000 + "\nx"),
    "parts": (MAIL, "Content-Type: multipart/mixed; boundary=b\n\n" + "--b\n\nhello\n" * 200_000),
    "mails in mails": (MAIL, "Content-Type: message/rfc822\n\n" * 60_000),
}


@pytest.mark.timeout(20)
@pytest.mark.parametrize(("media_type", "content"), ENDLESS.values(), ids=ENDLESS.keys())
def test_nothing_keeps_the_reader_busy_for_long(media_type: str, content: str) -> None:
    with suppress(Unreadable):
        read_issue(content, media_type)


@pytest.mark.parametrize("media_type", [HTML, TEXT])
def test_more_paragraphs_than_any_issue_has_are_refused(media_type: str) -> None:
    with pytest.raises(Unreadable, match="5000"):
        read_issue("<p>one</p>\n\n" * 6_000, media_type)


def test_a_label_below_too_many_elements_counts_as_one_that_nobody_sees() -> None:
    (segment,) = read_issue("<div>" * 20_000 + "Publicité", HTML).segments

    assert segment.text == "Publicité"
    assert segment.look.hidden_by is not None


@given(st.text(), st.sampled_from(MEDIA_TYPES))
def test_any_text_is_read_or_refused_in_words(content: str, media_type: str) -> None:
    with suppress(Unreadable):
        assert all(segment.text or segment.html for segment in read_issue(content, media_type).segments)


@given(st.binary(), st.sampled_from(MEDIA_TYPES))
def test_any_bytes_are_read_or_refused_in_words(content: bytes, media_type: str) -> None:
    with suppress(Unreadable):
        assert read_issue(content, media_type).segments


PIECES = st.sampled_from(
    "<div> </div> <p> </p> <table> <tr> <td> </td> </table> <ul> <li> </ul> <span> </span> <b> </b> <br> <img> <hr> "
    "<!-- --> <style> </style> <template> <svg> <math> <select> <h2> </h2> mot <a> </a> <th> <details> <blockquote> < "
    "<p/hidden> <i/style='font-size:0'> <td/style='display:none'>".split()
)


@given(st.lists(PIECES, max_size=60))
def test_tags_in_any_order_are_read_without_a_word_lost(pieces: list[str]) -> None:
    with suppress(Unreadable):
        for segment in read_issue("".join(pieces), HTML).segments:
            assert "script" not in segment.html


@pytest.mark.parametrize("charset", ["punycode", "idna", "unicode_escape", "rot13", "undefined", "utf-7"])
def test_an_encoding_that_no_mail_program_knows_hides_nothing_and_shows_nothing(charset: str) -> None:
    head = f"Subject: FreeA\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset={charset}\r\n\r\n"

    segments = read_issue(f"{head}\\u0050ub +AFA-ub pub-kva Publicité".encode(), MAIL).segments

    assert [each.text for each in segments] == ["\\u0050ub +AFA-ub pub-kva Publicité"]
