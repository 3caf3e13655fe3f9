"""What a browser sees of a label, where the source alone does not say."""

from datetime import date
from pathlib import Path

import pytest

from promos import cli
from promos.outside.browser import BrowserFailed, measured
from promos.parsing.issues import HTML
from promos.parsing.lint import Report, lint, media_type_of
from promos.rendering import blocks
from promos.rules.disclosure.vocabulary import Verdict
from tests.browser.house import CHROMIUM
from tests.corpus.cases import FOLDER, RULES, Case, cases
from tests.newsroom import rules
from tests.outside.test_tools import BLOCK

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no Chromium on this machine")
LABEL = "Publicité – Zephyr Events SAS"
PAGE = """<!doctype html><html lang="fr"><head><style>{css}</style></head>
<body style="font-size:16px;margin:0"><p>Bonjour, une semaine calme.</p>{before}
<div class="box"><p id="label"><span>{label}</span></p><h2>Zephyr Days</h2>
<p>Avec le code <b>ZEPHYR3</b>, vingt accès gratuits.</p></div>{after}</body></html>"""


def page(css: str = "", before: str = "", after: str = "", label: str = LABEL) -> str:
    return PAGE.format(css=css, before=before, after=after, label=label)


def judged(html: str, *, sees: bool = True) -> dict[str, Verdict]:
    report: Report = lint(
        html, HTML, rules(), audience=["FR"], at=date(2026, 11, 24), measure=measured if sees else None
    )
    return {each.check: each.verdict for each in report.findings}


REST = "<h2>Autre chose</h2><p>Un texte de la semaine, long comme les autres.</p>"
OVER = '<i class="after"></i>'


def night(css: str) -> str:
    """The source is read by day, so that these are the browser's to find."""
    return "@media (prefers-color-scheme:dark){" + css + "}"


TRICKS = {
    "covered": page(
        ".after{position:absolute;top:0;left:0;width:100%;height:600px;background:#fff}", after='<i class="after"></i>'
    ),
    "covered, though nothing is met there": page(
        ".after{position:fixed;inset:0;background:#fff;pointer-events:none}", after=OVER
    ),
    "on phones": page(night("@media (max-width:500px){#label{display:none}}")),
    "in the dark": page(night("#label{display:none}")),
    "same colour in the dark": page("@media (prefers-color-scheme:dark){body{background:#111}#label{color:#111}}"),
    "by its place among others": page(night(".box>:nth-child(1){display:none}")),
    "by a variable": page(night(":root{--shown:none}#label{display:var(--shown)}")),
    "by a clip path": page(night("#label{clip-path:polygon(0 0,0 0,0 0)}")),
    "by a transformation": page(night("#label{transform:translateX(-4000px)}")),
    "by a small one": page(night("#label{transform:scale(.05)}")),
    "in a box without height": page(".box p:first-child{height:0;overflow:scroll}"),
    "by size, worked out": page(night("#label{font-size:clamp(1px,.1vw,2px)}")),
    "by a layer": page(night("@layer a{#label{display:block}}@layer b{#label{display:none}}")),
    "by :has": page(night(".box:has(h2) #label{visibility:hidden}")),
    "as parts of a whole": page(night(".box{opacity:.5}#label{opacity:.4}")),
    "while the same words are seen elsewhere": page(
        night("#label{display:none}"), before=f"<p>{LABEL}</p>{REST}", after=f"{REST}<p>{LABEL}</p>"
    ),
    "while its word is seen elsewhere": page(
        night("#label{display:none}"), before=f"<p>Publicité : mode d'emploi</p>{REST}", label="Publicité"
    ),
    "covered by what it draws after itself": page(
        "#label{position:relative}#label::after{content:'';position:absolute;inset:0;background:#fff}"
    ),
    "covered, met nowhere, in a layer": page(
        "@layer a{.after{position:fixed;inset:0;background:#fff;pointer-events:none!important}}", after=OVER
    ),
    "below the edge of its box": page(".box{overflow:hidden;height:40px}#label{padding-top:500px;margin-bottom:9px}"),
    "by a filter worked out": page("#label{--n:0;filter:opacity(calc(var(--n)*1))}"),
    "by a mask worked out": page(night("#label{--m:linear-gradient(#0000,#0000);mask-image:var(--m)}")),
    "by an animation that ends": page("@keyframes x{to{opacity:0}}#label{animation:x 3s forwards}"),
    "by content-visibility, worked out": page(night("#label{--v:hidden;content-visibility:var(--v)}")),
    "in the picture that does not come": page("#label{color:#fff}.box{background:#fff url(https://a.example/b.png)}"),
    "half of it": page(
        "#label span{display:inline-block;position:relative}"
        "#label span::after{content:'';position:absolute;inset:0 0 0 40%;background:#fff}"
    ),
    "its first word": page(
        "@media (max-width:500px){.x{color:#fff}}", label="<b class=x>Publicité</b> – Zephyr Events SAS"
    ),
    "and the page is loaded away": page(night("#label{display:none}")).replace(
        "<style>", '<meta http-equiv="refresh" content="0;url=https://a.example/"><style>'
    ),
    "white on white": page(night("#label{color:#fff}.box{background:rgb(255 255 255 / 1)}")),
}


@pytest.mark.parametrize("trick", TRICKS)
def test_what_only_a_browser_sees_is_found(trick: str) -> None:
    assert judged(TRICKS[trick], sees=False)["VIS-1"] is Verdict.PASS
    assert judged(TRICKS[trick])["VIS-1"] is Verdict.FAIL


@pytest.mark.parametrize(
    "html",
    [
        page(),
        page("#label{font-size:max(14px,1rem);color:color-mix(in srgb,black 80%,white)}"),
        page(".box{overflow:hidden;border-radius:8px}"),
        page("body{color-scheme:light dark}"),
        page("#label{position:relative;left:3px}", after="<p>" + "Du texte. " * 4000 + "</p>"),
        f"<!doctype html><html lang='fr'><body>{blocks.email_html(BLOCK)}</body></html>",
        f"<!doctype html><html lang='fr'><body>{blocks.web(BLOCK)}</body></html>",
    ],
)
def test_what_can_be_seen_passes_and_is_measured(html: str) -> None:
    seen = judged(html)

    assert [seen[check] for check in ("VIS-1", "VIS-2", "VIS-3")] == [Verdict.PASS] * 3


def test_colours_and_size_that_the_source_does_not_say_are_known() -> None:
    html = page("#label{color:var(--ink);font-size:var(--size)}:root{--ink:#999;--size:11px}")

    alone, seen = judged(html, sees=False), judged(html)

    assert alone["VIS-2"] is Verdict.CANNOT_TELL
    assert (seen["VIS-2"], seen["VIS-3"]) == (Verdict.FAIL, Verdict.FAIL)


def test_what_the_source_hides_for_some_mail_program_stays_hidden() -> None:
    html = page().replace('<p id="label">', '<p id="label" style="mso-hide:all">')

    assert judged(html, sees=False)["VIS-1"] is judged(html)["VIS-1"] is Verdict.FAIL


def test_nothing_of_a_page_runs_or_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    html = page(after="<script>document.body.innerHTML=''</script><img src=x onerror='document.body.remove()'>")

    assert judged(html)["VIS-1"] is Verdict.PASS


def test_a_line_that_is_not_there_is_left_out_and_a_long_page_ends() -> None:
    assert measured(page(), ["Nirgends"], [0]) == {}
    assert list(measured(page(after="<p>x</p>" * 20_000), [LABEL], [0])) == [0]


GOOD = [case for case in cases() if case.kind == "good" and case.name.endswith((".html", ".eml"))][::6]


@pytest.mark.parametrize("case", GOOD, ids=lambda case: case.name)
def test_of_good_issues_a_browser_says_nothing_worse(case: Case) -> None:
    path = FOLDER / case.name
    alone = case.report()

    seen = lint(
        path.read_bytes(), media_type_of(path.name), RULES, audience=case.audience, at=case.at, measure=measured
    )

    assert failing(seen) <= failing(alone)
    assert seen.unmeasured == ()


def failing(report: Report) -> set[tuple[str, str]]:
    return {(each.check, str(each.where)) for each in report.findings if each.verdict is Verdict.FAIL}


def test_what_the_browser_does_not_find_is_judged_by_the_source_and_told() -> None:
    seen = lint(page(), HTML, rules(), audience=["FR"], at=date(2026, 11, 24), measure=lambda *_: {})

    assert seen.unmeasured == (LABEL,)
    assert judged(page(), sees=False) == {each.check: each.verdict for each in seen.findings}


def test_a_page_that_takes_too_long_is_given_up() -> None:
    with pytest.raises(BrowserFailed):
        measured(page(), [LABEL], [0], whole=0.1)


def test_at_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "issue.html").write_text(TRICKS["covered"], encoding="utf-8")
    lints = ["lint", str(tmp_path / "issue.html"), "--audience", "FR"]

    cli.main(lints)
    assert "nobody sees it" not in capsys.readouterr().out
    assert cli.main([*lints, "--browser"]) == 1
    assert "nobody sees it (covered or without contrast, 390 px, light)" in capsys.readouterr().out
    monkeypatch.setattr("promos.outside.browser.shutil.which", lambda _name: "/nowhere/chromium")
    assert cli.main([*lints, "--browser"]) == 2
    assert "there is no Chromium that starts" in capsys.readouterr().err
