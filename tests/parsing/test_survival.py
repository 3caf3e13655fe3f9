"""What breaks a badly made block has to be told; what we draw ourselves is not broken by any of it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from promos.parsing import survival
from promos.rendering import blocks
from promos.rendering.lexical import document
from promos.rules.blocks import BlockContent
from promos.rules.disclosure.label import given_sentence, label_for
from tests.newsroom import rules
from tests.rendering.conftest import block  # noqa: F401 -- the same block as the renderings are tested with
from tests.rendering.test_surfaces import HOSTILE

LABEL = "Publicité – Harmonie Congrès SAS"
REST = (
    "<h2>Deux jours d’orgue et d’ordinateurs à Lyon</h2>"
    '<p>Publicité · Code ORGUE-12 <a href="https://promos.example/go/0192f5c4">Réserver</a></p>'
)
# What breaks it · how it is made · what is told · where the very same block goes through
BADLY_MADE = [
    ("styles_stripped", f'<p hidden style="display:block">{LABEL}</p>', "hidden", "comments_stripped"),
    (
        "images_off",
        f'<table><tr><td background="https://a.example/night.png" style="color:#fff">{LABEL}</td></tr></table>',
        "colour of the background",
        "comments_stripped",
    ),
    ("images_off", f'<p style="color:#fff;background:url(night.png)">{LABEL}</p>', "colour of", "comments_stripped"),
    ("clipped", f"<style>/*{'x' * survival.CLIPPED_AT}*/</style><p>{LABEL}</p>", "No label", "comments_stripped"),
    ("plain_text", f'<p><img src="https://a.example/l.png" alt="{LABEL}"></p>', "The heading", "read_aloud"),
    ("dark", f'<p style="color:#1b1f27">{LABEL}</p>', "too pale", "comments_stripped"),
    ("dark", f'<p style="color:#767676;background:#fff">{LABEL}</p>', "survives", "comments_stripped"),
    ("dark", f'<p style="color:#999">{LABEL}</p>', "too pale", "comments_stripped"),
    ("rich_paste", f'<p><img src="https://a.example/l.png" alt="{LABEL}"></p>', "The heading", "read_aloud"),
    (
        "forwarded",
        f'<style>.l{{display:block!important}}</style><p class="l" style="display:none">{LABEL}</p>',
        "display:none",
        "comments_stripped",
    ),
    ("feed", f'<p title="]]>">{LABEL}</p>', "No label", "comments_stripped"),
    ("read_aloud", f'<p aria-hidden="true">{LABEL}</p>', "aria-hidden", "plain_text"),
    ("zoomed", f'<div style="width:300px;height:24px;overflow:hidden">{LABEL}</div>', "display:none", "dark"),
    (
        "zoomed",
        f'<div style="width:320px;overflow:hidden;white-space:nowrap">{LABEL}</div>',
        "display:none",
        "comments_stripped",
    ),
    ("first_sentence", f"<p>Bonjour à toutes et à tous.</p><p>{LABEL}</p>", "No label", "comments_stripped"),
    ("comments_stripped", f'<p title="<!--">{LABEL}</p>', "No label", "styles_stripped"),
]


@pytest.mark.parametrize("surface", blocks.SURFACES)
@pytest.mark.parametrize("language", ["fr", "en", "de", "es", "it", "nl"])
@pytest.mark.parametrize("advertiser", ["Harmonie Congrès SAS", "شركة المؤتمرات ذ.م.م", "Kongress & Söhne " + "x" * 90])
def test_the_label_of_our_own_blocks_outlives_all_twelve(
    block: BlockContent,  # noqa: F811
    surface: str,
    language: str,
    advertiser: str,
) -> None:
    rule_set = rules()
    label = label_for(rule_set, [rule_set.home_of(language)], language, advertiser).text
    said = given_sentence(rule_set, language, advertiser, None, 20)
    foreign = replace(block, language=language, label=label, advertiser=advertiser, given=said)

    cells = survival.matrix(foreign, {surface: blocks.SURFACES[surface](foreign)}, rule_set)

    assert [cell.transformation for cell in cells] == list(survival.TRANSFORMATIONS)
    assert len(cells) == 12
    assert [cell for cell in cells if cell.verdict == "lost"] == []
    assert all(cell.reason for cell in cells if cell.verdict == "does not apply")


def test_only_what_is_no_html_mail_is_spared_anything(block: BlockContent) -> None:  # noqa: F811
    cells = survival.matrix(block, _drawn(block), rules())

    spared = {(cell.surface, cell.transformation) for cell in cells if cell.verdict == "does not apply"}
    assert {surface for surface, _ in spared} == {"email_text", "web"}
    assert len(spared) == 9
    assert len(cells) == 12 * len(blocks.SURFACES)


def test_the_page_of_surfaces_tells_what_is_found(block: BlockContent) -> None:  # noqa: F811
    page = (Path(__file__).parents[2] / "docs" / "reference" / "surfaces.md").read_text(encoding="utf-8")
    found = {(cell.surface, cell.transformation): cell for cell in survival.matrix(block, _drawn(block), rules())}
    said = {"survives": "survives", "lost": "lost", "does not apply": "–"}

    assert f"| | {' | '.join(blocks.SURFACES)} |\n" in page
    for name in survival.TRANSFORMATIONS:
        row = " | ".join(said[found[surface, name].verdict] for surface in blocks.SURFACES)
        assert f"| {name} | {row} |\n" in page
        assert f"| `{name}` | " in page


@pytest.mark.parametrize("attack", HOSTILE)
def test_nothing_that_a_partner_writes_takes_the_label_away(block: BlockContent, attack: str) -> None:  # noqa: F811
    texts: dict[str, Any] = dict.fromkeys(("given", "heading", "body", "call_to_action"), attack)
    hostile = replace(block, **texts, terms=(attack,))

    cells = survival.matrix(hostile, _drawn(hostile), rules())

    assert [cell for cell in cells if cell.verdict == "lost"] == []


@pytest.mark.parametrize(("name", "label", "told", "elsewhere"), BADLY_MADE)
def test_each_transformation_breaks_what_is_badly_made(
    block: BlockContent,  # noqa: F811
    name: str,
    label: str,
    told: str,
    elsewhere: str,
) -> None:
    cells = {cell.transformation: cell for cell in survival.matrix(block, {"email_html": label + REST}, rules())}

    broken = cells[name]
    if told == "survives":
        assert broken.verdict == "survives"
    else:
        assert broken.verdict == "lost"
        assert told in broken.reason % broken.facts
    assert cells[elsewhere].verdict == "survives"


def test_every_transformation_is_among_those_that_break_something() -> None:
    assert {name for name, _, told, _ in BADLY_MADE if told != "survives"} == set(survival.TRANSFORMATIONS)


@pytest.mark.parametrize(
    ("surface", "made", "told"),
    [
        ("email_html", REST, "The heading stands before the label."),
        ("email_html", f"{REST}<p>{LABEL}</p>", "The heading stands before the label."),
        ("email_html", f'<p><a href="https://a.example">Lire</a></p><p>{LABEL}</p>{REST}', "A link stands before"),
        ("email_html", f"<p>Avec ORGUE-12&nbsp;!</p><p>{LABEL}</p>{REST}", "The code stands before the label."),
        ("markdown", f"<!-- {LABEL} -->\n\n### Deux jours d’orgue et d’ordinateurs à Lyon\n\nORGUE-12", "No label"),
        ("markdown", f"<p style='display:none'>{LABEL}</p>\n\nCode ORGUE-12", "The label is hidden: display:none."),
        ("mjml", f"<mj-section><mj-text>Code ORGUE-12</mj-text><mj-text>{LABEL}</mj-text></mj-section>", "The code"),
        (
            "mjml",
            f'<mj-section><mj-text color="#ffffff" container-background-color="#ffffff">{LABEL}</mj-text></mj-section>',
            "The label is hidden: colour of the background.",
        ),
        ("mjml", f'<mj-image src="https://a.example/l.png" alt="{LABEL}" /><mj-button href="x">Y</mj-button>', "pict"),
        ("lexical", document(f"{REST}<p>{LABEL}</p>"), "The heading stands before the label."),
        ("rich_paste", REST.replace("Publicité · ", ""), "No label is left."),
        ("web", f'<p style="color:#aaaaaa;background:#ffffff">{LABEL}</p>{REST}', "its contrast is 2.3 : 1"),
    ],
)
def test_a_rendering_is_refused_with_its_reason(block: BlockContent, surface: str, made: str, told: str) -> None:  # noqa: F811
    cell = next(
        cell for cell in survival.matrix(block, {surface: made}, rules()) if cell.transformation == "comments_stripped"
    )

    assert cell.verdict == "lost"
    assert told in cell.reason % cell.facts


@pytest.mark.parametrize("name", ["plain_text", "forwarded", "read_aloud", "first_sentence", "rich_paste"])
def test_a_text_whose_label_comes_last_is_refused(block: BlockContent, name: str) -> None:  # noqa: F811
    text = f"{block.heading}\n\nCode ORGUE-12\nhttps://promos.example/go/0192f5c4\n\n{LABEL}\n"

    cells = {cell.transformation: cell for cell in survival.matrix(block, {"email_text": text}, rules())}

    assert cells[name].verdict == "lost"


def test_a_forwarded_text_keeps_its_label_behind_the_marks(block: BlockContent) -> None:  # noqa: F811
    met = survival.reading("email_text", blocks.email_text(block), "forwarded")

    assert met is not None
    assert met[0].text.startswith(f"> {block.label_line}")
    assert survival.broken(block, met, rules()) == ("", {})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(text=st.text(max_size=200))
def test_any_text_is_judged(block: BlockContent, text: str) -> None:  # noqa: F811
    for surface in ("email_html", "email_text", "web", "markdown", "rich_paste", "mjml"):
        cells = survival.matrix(block, {surface: text}, rules())
        assert {cell.verdict for cell in cells} <= {"lost", "does not apply"}


def _drawn(block: BlockContent) -> dict[str, str]:  # noqa: F811
    return {surface: draw(block) for surface, draw in blocks.SURFACES.items()}
