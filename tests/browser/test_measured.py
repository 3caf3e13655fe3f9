"""What a browser sees of a label, where the source alone does not say."""

from datetime import date
from pathlib import Path

import pytest

from promos import cli
from promos.outside.browser import measured
from promos.parsing.issues import HTML
from promos.parsing.lint import Report, lint
from promos.rendering import blocks
from promos.rules.disclosure.vocabulary import Verdict
from tests.browser.test_whole_path import CHROMIUM
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


OVER = '<i class="after"></i>'
TRICKS = {
    "covered": page(
        ".after{position:absolute;top:0;left:0;width:100%;height:600px;background:#fff}", after='<i class="after"></i>'
    ),
    "covered, though nothing is met there": page(
        ".after{position:fixed;inset:0;background:#fff;pointer-events:none}", after=OVER
    ),
    "on phones": page("@media (max-width:500px){#label{display:none}}"),
    "in the dark": page("@media (prefers-color-scheme:dark){#label{display:none}}"),
    "same colour in the dark": page("@media (prefers-color-scheme:dark){body{background:#111}#label{color:#111}}"),
    "by its place among others": page(".box>:nth-child(1){display:none}"),
    "by a variable": page(":root{--shown:none}#label{display:var(--shown)}"),
    "by a clip path": page("#label{clip-path:polygon(0 0,0 0,0 0)}"),
    "by a transformation": page("#label{transform:translateX(-4000px)}"),
    "by a small one": page("#label{transform:scale(.05)}"),
    "in a box without height": page(".box p:first-child{height:0;overflow:scroll}"),
    "by size, worked out": page("#label{font-size:clamp(1px,.1vw,2px)}"),
    "by a layer": page("@layer a{#label{display:block}}@layer b{#label{display:none}}"),
    "by :has": page(".box:has(h2) #label{visibility:hidden}"),
    "as parts of a whole": page(".box{opacity:.5}#label{opacity:.4}"),
    "white on white": page("#label{color:#fff}.box{background:rgb(255 255 255 / 1)}"),
}


@pytest.mark.parametrize("trick", TRICKS)
def test_what_only_a_browser_sees_is_found(trick: str) -> None:
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
    assert measured(page(), ["Nirgends"]) == {}
    assert LABEL in measured(page(after="<p>x</p>" * 100_000), [LABEL])


def test_at_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "issue.html").write_text(TRICKS["covered"], encoding="utf-8")
    lints = ["lint", str(tmp_path / "issue.html"), "--audience", "FR"]

    cli.main(lints)
    assert "nobody sees it" not in capsys.readouterr().out
    assert cli.main([*lints, "--browser"]) == 1
    assert "nobody sees it (covered, 390 px, light)" in capsys.readouterr().out
    monkeypatch.setattr("promos.outside.browser.shutil.which", lambda _name: "/nowhere/chromium")
    assert cli.main([*lints, "--browser"]) == 2
    assert "there is no Chromium here" in capsys.readouterr().err
