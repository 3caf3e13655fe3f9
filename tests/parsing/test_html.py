"""HTML as a reader meets it: what is seen of it, how, and which of its markup is kept."""

from dataclasses import replace
from pathlib import Path

import pytest

from promos.parsing.html import read_html
from promos.parsing.markup import safe
from promos.parsing.styles import UNREAD as UNREAD_STYLES
from promos.rules.issues import Segment
from tests.corpus.cases import FOLDER

SHOWN: dict[str, str] = {
    "plain": "<p>Publicité</p>",
    "shown again": '<div style="visibility:hidden"><p style="visibility:visible">Publicité</p></div>',
    "size set again": '<div style="font-size:0"><p style="font-size:16px">Publicité</p></div>',
    "white on a dark ground": '<td bgcolor="#222222"><p style="color:#fff">Publicité</p></td>',
    "white on a picture": '<div style="background:url(//a.example/b)"><p style="color:#fff">Publicité</p></div>',
    "another class": "<style>.y{display:none}</style><p class=x>Publicité</p>",
    "another place": "<style>div .x{display:none}</style><p class=x>Publicité</p>",
    "on paper": "<style>@media print{.x{display:none}}</style><p class=x>Publicité</p>",
    "overruled": "<style>.x{display:none}</style><p class=x style='display:block'>Publicité</p>",
    "a thin row": '<div style="height:1px"><p>Publicité</p></div>',
    "unwrapped": "Publicité",
}

HIDDEN: dict[str, str] = {
    "display": '<p style="display:none">Publicité</p>',
    "spelled with an escape": r'<p style="d\69splay:none">Publicité</p>',
    "above all": '<p style="DISPLAY : NONE ! important">Publicité</p>',
    "class above inline": "<style>.x{display:none!important}</style><p class=x style='display:block'>Publicité</p>",
    "place in a style sheet": "<style>div .x > b{display:none}</style><div><p class=x><b>Publicité</b></p></div>",
    "attribute in a style sheet": "<style>[data-a]{display:none}</style><p data-a=1>Publicité</p>",
    "small screens": "<style>@media (max-width:600px){.x{display:none}}</style><p class=x>Publicité</p>",
    "all in a style sheet": "<style>*{color:#fff}</style><p>Publicité</p>",
    "unclosed": '<div style="display:none"><p>Publicité</p>',
    "no size": '<p style="font-size:0">Publicité</p>',
    "no size in short": '<p style="font:0/0 Arial">Publicité</p>',
    "a percentage": '<p style="font-size:1%">Publicité</p>',
    "around": '<div style="font-size:0"><p>Publicité</p></div>',
    "white": '<p style="color:white">Publicité</p>',
    "nearly white": '<p style="color:#fefefe;background:#fff">Publicité</p>',
    "white by name": '<p style="color:snow;background:hsl(0,0%,100%)">Publicité</p>',
    "an old tag": '<p><font color="#ffffff">Publicité</font></p>',
    "dark on dark": '<table bgcolor="#000"><tr><td><p style="color:#0a0a0a">Publicité</p></td></tr></table>',
    "transparent": '<p style="color:rgba(0,0,0,0)">Publicité</p>',
    "opacity": '<p style="opacity:0">Publicité</p>',
    "opacity by and by": '<div style="opacity:.7"><div style="opacity:.7"><p>Publicité</p></div></div>',
    "filter": '<p style="filter:opacity(0)">Publicité</p>',
    "off screen": '<p style="position:absolute;left:-9999px">Publicité</p>',
    "indent": '<p style="text-indent:-9999px">Publicité</p>',
    "margin": '<p style="margin-left:-5000px">Publicité</p>',
    "scaled": '<p style="transform:scale(0)">Publicité</p>',
    "pushed": '<p style="transform:translateX(-9999px)">Publicité</p>',
    "clip": '<p style="clip:rect(0,0,0,0)">Publicité</p>',
    "clip path": '<p style="clip-path:inset(50%)">Publicité</p>',
    "no height": '<div style="max-height:0;overflow:hidden"><p>Publicité</p></div>',
    "attribute": "<p hidden>Publicité</p>",
    "aria": '<p aria-hidden="true">Publicité</p>',
    "folded": "<details><p>Publicité</p></details>",
    "one program": '<p style="mso-hide:all">Publicité</p>',
    "turned by a tag": "<p><bdo dir=rtl>Publicité</bdo></p>",
    "turned by a style": '<p style="direction:rtl;unicode-bidi:bidi-override">Publicité</p>',
    "turned by a character": "<p>&#8238;Publicité&#8236;</p>",
    "inside": '<p><span><b style="visibility:hidden">Publicité</b></span></p>',
}

UNREAD = {
    "comment": "<!-- Publicité -->",
    "unclosed comment": "<p>x</p><!-- Publicité",
    "template": "<template><p>Publicité</p></template>",
    "form field": '<input value="Publicité"><textarea>Publicité</textarea><select><option>Publicité</select>',
    "pseudo-element": '<style>.x:before{content:"Publicité"}</style><p class=x></p>',
    "drawing": "<svg><text>Publicité</text></svg>",
    "unclosed attribute": '<p style="display:none>Publicité</p>',
    "letters between": '<p>Pub<span style="display:none">lic</span>ité</p>',
    "title": '<p title="Publicité">x</p>',
}


def segments(html: str) -> list[Segment]:
    return read_html(html)[0]


@pytest.mark.parametrize("html", SHOWN.values(), ids=SHOWN.keys())
def test_what_a_reader_sees_is_not_taken_for_hidden(html: str) -> None:
    (segment,) = segments(f"<table><tr>{html}</tr></table>" if html.startswith("<td") else html)

    assert (segment.text, segment.look.hidden_by) == ("Publicité", None)


@pytest.mark.parametrize("html", HIDDEN.values(), ids=HIDDEN.keys())
def test_hidden_words_are_found_and_known_to_be_hidden(html: str) -> None:
    (segment,) = segments(html)

    assert segment.text == "Publicité"
    assert segment.look.hidden_by


@pytest.mark.parametrize("html", UNREAD.values(), ids=UNREAD.keys())
def test_what_no_reader_can_meet_is_no_text(html: str) -> None:
    assert all("Publicité" not in segment.text for segment in segments(html))


def test_hidden_words_inside_a_paragraph_leave_its_text_and_its_markup() -> None:
    (segment,) = segments('<p>one <span style="visibility:hidden">two</span><i style="font-size:0">three</i> four</p>')

    assert segment.text == "one four"
    assert "two" not in segment.html
    assert "three" not in segment.html


def test_what_is_hidden_stays_hidden_when_it_is_shown_again() -> None:
    (segment,) = segments('<p style="position:absolute;left:-9999px">preview text</p>')

    assert segment.html.startswith('<div style="display:none">')


def test_light_words_keep_the_dark_ground_that_they_stood_on() -> None:
    (segment,) = segments('<table><tr><td style="background:#000;color:#fff"><p>light</p></td></tr></table>')

    assert segment.html == '<div style="background-color:#000000;color:#ffffff"><p>light</p></div>'
    assert (segment.look.color, segment.look.background) == ("#ffffff", "#000000")


def test_the_layout_of_a_mail_falls_away_and_a_table_of_data_stays_whole() -> None:
    layout = segments("<table><tr><td><h2>One</h2>two</td><td><p>three</p></td></tr></table>")
    data = segments("<table><tr><th>Year</th><th>Drops</th></tr><tr><td>2025</td><td>7</td></tr></table>")

    assert [(each.kind, each.text) for each in layout] == [
        ("heading", "One"),
        ("paragraph", "two"),
        ("paragraph", "three"),
    ]
    assert [(each.kind, each.text) for each in data] == [("table", "Year Drops\n2025 7")]


def test_a_paragraph_within_something_inline_is_a_paragraph() -> None:
    assert [each.text for each in segments("<span><a href='/x'>one<p>two</p></a></span>three")] == [
        "one",
        "two",
        "three",
    ]


def test_lines_lists_quotes_rules_and_pictures_keep_their_shape() -> None:
    html = "<p>a<br>b</p><ul><li>c</li><li>d<ul><li>e</li></ul></li></ul><blockquote><p>f</p><p>g</p></blockquote><hr>"
    found = segments(html + '<p><img src="https://a.example/b.png" alt="a watering can"></p>')

    assert [(each.kind, each.text) for each in found] == [
        ("paragraph", "a\nb"),
        ("list", "• c\n• d\n• e"),
        ("quote", "f\ng"),
        ("rule", ""),
        ("image", "a watering can"),
    ]
    assert found[-1].look.is_image


@pytest.mark.parametrize(
    ("dirty", "clean"),
    [
        ("<p onclick=x()>a</p>", "<p>a</p>"),
        ("<script>a</script><style>b</style>c", "c"),
        ('<a href="javascript:x()">a</a>', "<a>a</a>"),
        ('<iframe src="https://a.example"></iframe><form><input name=a>b</form>', "b"),
        ('<p style="position:fixed;color:red;background:url(https://a.example)">a</p>', '<p style="color:red">a</p>'),
        ("<svg><script>a</script></svg><math><mi>b</mi></math>c", "c"),
        ('<meta http-equiv=refresh content="0;url=//a"><base href=//a>b', "b"),
        ("<!--[if mso]><p>a</p><![endif]-->b", "b"),
    ],
)
def test_what_is_kept_of_a_page_neither_runs_nor_loads_nor_sends(dirty: str, clean: str) -> None:
    assert safe(dirty) == clean


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*/*.html")), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_is_judged_is_what_would_be_stored_but_for_the_markup(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    stored, _ = read_html(text)
    judged, _ = read_html(text, keeps_markup=False)

    assert judged == [replace(segment, html="") for segment in stored]


@pytest.mark.parametrize(
    "inside",
    [
        "a<b>b</b>c",
        "a<br>b",
        "a<i hidden>b</i>c",
        "a<a href=' /b '>b</a>",
        "a<!-- b -->c",
        "a<svg><p>b</p></svg>c",
        "<s>",
    ],
)
@pytest.mark.parametrize("around", ["p", "h2", "li", "td", "div", "center"])
def test_a_part_read_at_once_is_read_as_one_that_is_read_bit_by_bit(inside: str, around: str) -> None:
    html = f"<table><tr><{around} style='color:#333'>{inside}</{around}></table>x"

    judged, _ = read_html(html, keeps_markup=False)

    assert judged == [replace(segment, html="") for segment in segments(html)]


def test_styles_that_are_read_in_full_are_read_up_to_a_limit_however_often_they_repeat() -> None:
    one = f"<p style=\"font-family:'Georgia'{' ' * 980}\">x</p>"

    assert segments(one * 99)[-1].look.hidden_by is None
    assert segments(one * 100)[-1].look.hidden_by == UNREAD_STYLES
