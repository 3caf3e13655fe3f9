import re

import pytest
from selectolax.lexbor import LexborHTMLParser

from promos.rendering import blocks, issues
from promos.rules.blocks import BlockContent
from promos.rules.issues import Segment


@pytest.fixture
def before() -> Segment:
    return Segment(
        "s1", "paragraph", "Bonjour & bienvenue", '<p>Bonjour &amp; <a href="https://a.example">bienvenue</a></p>'
    )


@pytest.fixture
def after() -> Segment:
    return Segment("s3", "list", "• un\n• deux", "<ul><li>un</li><li>deux</li></ul>")


def test_a_mail_is_a_whole_document_with_language_and_title(before: Segment, block: BlockContent) -> None:
    html = issues.email_html([before, block], title="Orgues & <ordinateurs>\n", tag="fr")

    tree = LexborHTMLParser(html)
    assert html.startswith('<!DOCTYPE html>\n<html lang="fr" dir="ltr">\n')
    assert [title.text() for title in tree.css("title")] == ["Orgues & <ordinateurs>"]
    assert not tree.css("script, style, link, base")
    assert all((img.attributes["src"] or "").startswith("https://promos.example/b/") for img in tree.css("img"))


def test_every_other_paragraph_stays_as_it_was(before: Segment, block: BlockContent, after: Segment) -> None:
    parts: list[issues.Part] = [before, block, after]

    html = issues.email_html(parts, title="Orgues", tag="fr")
    assert f"\n{before.html}\n{blocks.email_html(block)}\n{after.html}\n" in html
    web = issues.web(parts, tag="fr")
    assert f"\n{before.html}\n{blocks.web(block)}\n{after.html}\n" in web
    text = issues.email_text(parts)
    assert text == f"{before.text}\n\n{blocks.email_text(block)}\n\n{after.text}\n"


def test_the_block_stands_where_it_was_put(before: Segment, block: BlockContent, after: Segment) -> None:
    orders: list[list[issues.Part]] = [[block, before, after], [before, block, after], [before, after, block]]

    for parts in orders:
        web = issues.web(parts, tag="fr")
        places = [web.index(part.heading if isinstance(part, BlockContent) else part.html) for part in parts]
        assert places == sorted(places)


def test_pictures_leave_no_hole_in_plain_text_and_rules_are_unlike_ours(before: Segment) -> None:
    picture = Segment("s4", "image", "", '<p><img src="https://a.example/x.png" alt=""></p>')
    rule = Segment("s5", "rule", "", "<hr>")

    assert issues.email_text([before, picture, rule, before]) == f"{before.text}\n\n* * *\n\n{before.text}\n"
    assert blocks.RULE not in issues.email_text([rule])


def test_an_issue_on_the_web_is_an_article_in_its_own_language(before: Segment) -> None:
    assert re.match(r'<article class="issue" lang="ar" dir="rtl">', issues.web([before], tag="ar"))
