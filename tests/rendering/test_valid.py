"""What renderings are made of: well-formed, and of tags and properties that mail programs know or can do without."""

import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from promos.rendering import blocks
from promos.rules.blocks import BlockContent
from promos.rules.disclosure.checks import contrast
from tests.rendering.test_blocks import without_conditions
from tests.rendering.test_surfaces import as_html

MAIL = (
    "background-color border border-bottom color display font font-size font-weight height line-height margin "
    "max-height max-width mso-padding-alt padding word-break"
)
PROPERTIES = {
    "email_html": MAIL,
    "lexical": MAIL,
    "web": "background-color border border-bottom color color-scheme display font-size font-weight height line-height "
    "margin margin-bottom max-height max-width overflow-wrap padding",
    "mjml": "color font-size line-height margin padding word-break",
    "rich_paste": "",
    "markdown": "",
}
WORDS = "h2 p br strong em a ul ol li"
ELEMENTS = {
    "email_html": f"table tr td img {WORDS}",
    "lexical": f"table tr td img {WORDS}",
    "web": f"aside div img {WORDS}",
    "mjml": f"mj-section mj-column mj-text mj-button mj-image div {WORDS}",
    "rich_paste": "p h3 strong a",
    "markdown": "p h3 br strong em a ul ol li hr",
}


@pytest.fixture
def rich(block: BlockContent) -> BlockContent:
    """A block with everything that a body may hold."""
    return replace(block, body="Un *mot*,\n**deux** & [liens](https://a.example/?b=1&c=2)\n\n- a\n  1. b\n\n1. c")


@pytest.mark.parametrize("surface", PROPERTIES)
def test_every_tag_is_closed_every_sign_escaped_and_no_attribute_said_twice(rich: BlockContent, surface: str) -> None:
    for block in (rich, replace(rich, body="", terms=(), conditions_url=None, given="")):
        _tree(surface, block)


@pytest.mark.parametrize("surface", PROPERTIES)
def test_a_surface_is_made_of_these_elements_and_properties(rich: BlockContent, surface: str) -> None:
    tree = _tree(surface, rich)

    assert {node.tag for node in tree.iter()} - {"root"} == set(ELEMENTS[surface].split())
    styles = ";".join(node.get("style", "") for node in tree.iter())
    assert set(re.findall(r"(?:^|;)([a-z-]+):", styles)) == set(PROPERTIES[surface].split())
    assert all(node.get("alt") for node in tree.iter("img"))


@pytest.mark.parametrize("invert", [False, True])
@pytest.mark.parametrize("surface", ["email_html", "lexical", "web", "mjml"])
def test_every_ink_that_is_set_is_legible_on_the_ground_it_stands_on(
    rich: BlockContent, surface: str, invert: bool
) -> None:
    pairs: set[tuple[str, str]] = set()

    def look(node: ElementTree.Element, ink: str, ground: str) -> None:
        said = dict(part.split(":", 1) for part in node.get("style", "").split(";") if ":" in part)
        if surface == "mjml":
            ink = node.get("color", ink)
            ground = node.get("background-color") or node.get("container-background-color") or ground
        ink, ground = said.get("color", ink), said.get("background-color", ground)
        pairs.add((ink, ground))
        for child in node:
            look(child, ink, ground)

    look(_tree(surface, rich), "#000000", "#FFFFFF")

    turned = {(_turned(ink), _turned(ground)) for ink, ground in pairs} if invert else pairs
    assert len({ground for _, ground in pairs}) >= 3
    assert [pair for pair in turned if contrast(*pair) < 4.5] == []


def test_the_page_of_surfaces_tells_the_bytes_of_each(block: BlockContent) -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "surfaces.md").read_text(encoding="utf-8")
    block_id = "0192f5c4-7b1e-7000-8000-0123456789ab"
    usual = replace(block, url=f"https://promos.example/go/{block_id}", block_id=block_id)

    for surface, draw in blocks.SURFACES.items():
        assert f"| `{surface}` | {len(draw(usual).encode()):,} |" in page


def _tree(surface: str, block: BlockContent) -> ElementTree.Element:
    html = without_conditions(as_html(surface, blocks.SURFACES[surface](block)))
    closed = re.sub(r"<((?:img|br|hr)\b[^>]*?) ?/?>", r"<\1/>", html)
    return ElementTree.fromstring(f"<root>{closed}</root>")


def _turned(colour: str) -> str:
    return f"#{0xFFFFFF - int(colour[1:], 16):06x}"
