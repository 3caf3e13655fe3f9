import pytest

from promos.rendering import markdown


def test_paragraphs_breaks_emphasis_links_and_lists_are_kept() -> None:
    html = markdown.html("Un *mot*, un **autre**\nligne\n\n- [un](https://a.example)\n- deux\n\n3. trois")

    assert html.startswith(
        '<p>Un <em>mot</em>, un <strong>autre</strong><br>\nligne</p>\n<ul style="padding:0 20px">\n<li><a href='
    )
    assert html.endswith('<ol style="padding:0 20px">\n<li>trois</li>\n</ol>')


def test_a_link_says_that_it_is_sponsored_and_hands_nothing_over() -> None:
    assert 'rel="sponsored noopener"' in markdown.html("<https://a.example>")
    assert "rel=" not in markdown.html("<https://a.example>", rel=None)


@pytest.mark.parametrize(
    "source", ["# Titre", "> dit", "    code", "`code`", "a\n===", "snake_case and __class__", "a & b"]
)
def test_what_is_not_read_stays_as_typed(source: str) -> None:
    assert markdown.text(source).split() == [word for word in source.split() if word != "==="]


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "data:text/html,x", "vbscript:x", "//evil.example", "/x", "ftp://x"]
)
def test_a_link_elsewhere_leaves_its_words(address: str) -> None:
    assert markdown.html(f"voir [*ceci*]({address}).") == "<p>voir <em>ceci</em>.</p>"
    assert markdown.text(f"voir [*ceci*]({address}).") == "voir ceci."


def test_pictures_are_not_loaded() -> None:
    assert markdown.html("![x](https://tracker.example/p.png)") == "<p></p>"


def test_plain_text_keeps_the_shape_of_lists() -> None:
    source = "Programme\n- orgue\n- clavecin\n  le soir\n  - salle\n\n    du bas\n\n1. un\n2. deux\n\nFin"

    assert markdown.text(source) == (
        "Programme\n\n- orgue\n- clavecin\n  le soir\n  - salle\n    du bas\n\n1. un\n2. deux\n\nFin"
    )


def test_plain_text_puts_the_address_behind_the_words_once() -> None:
    source = "[Lyon](https://lyon.example/a_b) <https://lyon.example> [écrire](mailto:ada@lyon.example)"

    assert markdown.text(source) == "Lyon (https://lyon.example/a_b) https://lyon.example écrire (ada@lyon.example)"


@pytest.mark.parametrize("rule", ["-" * 40, "***", "= = =", "______", "———"])
def test_no_line_of_plain_text_looks_like_our_rule(rule: str) -> None:
    assert rule not in markdown.text(f"avant\n\n{rule}\n\naprès\n\nmot\n{rule}\nfin")
