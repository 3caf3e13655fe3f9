"""Ways to write a label that nobody reads: none of them counts as a label."""

from datetime import date

import pytest

from promos.parsing.issues import HTML
from promos.parsing.lint import lint
from promos.parsing.rules import rule_set
from promos.rules.disclosure.vocabulary import Verdict

RULES = rule_set()
DAY = date(2026, 11, 23)
W = "Publicité"


def p(style: str) -> str:
    return f'<p style="{style}">{W}</p>'


def sheet(css: str, body: str = f"<p class=x>{W}</p>") -> str:
    return f"<style>{css}</style>{body}"


HIDDEN = {
    # inline
    "display none": p("display:none"),
    "display none, in a comment's costume": p("display:/**/none"),
    "visibility hidden": p("visibility:hidden"),
    "visibility collapse": p("visibility:collapse"),
    "content-visibility": p("content-visibility:hidden"),
    "opacity nought": p("opacity:0"),
    "opacity in per cent": p("opacity:0%"),
    "opacity in scientific notation": p("opacity:1e-3"),
    "opacity below nought": p("opacity:-1"),
    "opacity computed": p("opacity:calc(0.1 * 0.1)"),
    "opacity of many ancestors": '<div style="opacity:.8"><div style="opacity:.8"><div style="opacity:.8">'
    + p("opacity:.8")
    + "</div></div></div>",
    "opacity and a pale colour": '<div style="opacity:.65">' + p("color:#dddddd") + "</div>",
    "filter opacity": p("filter:opacity(0%)"),
    "filter blur": p("filter:blur(20px)"),
    "filter brightness": '<div style="background:#fff">' + p("filter:brightness(100) contrast(0)") + "</div>",
    "mask": p("-webkit-mask-image:linear-gradient(transparent,transparent)"),
    "blend": p("mix-blend-mode:lighten;color:#ffffff"),
    # colour
    "white": p("color:white"),
    "white by rgb": p("color:rgb(255,255,255)"),
    "white by hsl": p("color:hsl(0,0%,100%)"),
    "white by hwb": p("color:hwb(0 100% 0%)"),
    "white by four digits": p("color:#ffff"),
    "clear by four digits": p("color:#0000"),
    "clear by eight digits": p("color:#00000000"),
    "nearly clear": p("color:rgba(0,0,0,.05)"),
    "a tenth of black": p("color:rgba(0,0,0,0.1)"),
    "a tenth of black, new spelling": p("color:rgb(0 0 0 / 10%)"),
    "hsla": p("color:hsla(0,0%,0%,0.08)"),
    "transparent": p("color:transparent"),
    "text fill": p("-webkit-text-fill-color:transparent"),
    "white of an ancestor": f'<div style="color:#fff"><div><p>{W}</p></div></div>',
    "ground by an ancestor": f'<div style="background:#123456"><div><p style="color:#123457">{W}</p></div></div>',
    "current colour": f'<div style="color:#222;background:currentColor"><p>{W}</p></div>',
    "current colour on white": f'<div style="color:#fff"><p style="color:currentColor">{W}</p></div>',
    "inherit": f'<div style="color:#fff"><p style="color:inherit">{W}</p></div>',
    "bgcolor": f'<table bgcolor="#333333"><tr><td><font color="#333333">{W}</font></td></tr></table>',
    "bgcolor of a row": f'<table><tr bgcolor="black"><td style="color:#000">{W}</td></tr></table>',
    "ground with alpha": '<div style="background:rgba(255,255,255,.9)">' + p("color:#fff") + "</div>",
    "a highlighter": f'<p><mark style="background:#000;color:#000">{W}</mark></p>',
    "a gradient of one colour": p("background:linear-gradient(#fff,#fff);color:#fff"),
    # size
    "no size": p("font-size:0"),
    "one pixel": p("font-size:1px"),
    "a tenth of an em": p("font-size:0.1em"),
    "a hundredth of rem": p("font-size:.01rem"),
    "in millimetres": p("font-size:.2mm"),
    "in points": p("font-size:1pt"),
    "in pica": p("font-size:.1pc"),
    "in a quarter of a millimetre": p("font-size:1Q"),
    "computed": p("font-size:calc(1px + 1px)"),
    "computed from nothing": p("font-size:calc(1em * 0)"),
    "least of two": p("font-size:min(1px,16px)"),
    "clamped": p("font-size:clamp(0px,1px,2px)"),
    "a part of a part": '<div style="font-size:30%"><div style="font-size:30%">' + p("font-size:1em") + "</div></div>",
    "short form": p("font:1px/1 Arial"),
    "zoom": p("zoom:0.01"),
    "letters upon each other": p("letter-spacing:-1em"),
    "letters far apart": p("letter-spacing:2000px"),
    "no line": p("line-height:0;overflow:hidden"),
    "old tag": f'<p><font size="1" style="font-size:2px">{W}</font></p>',
    # place
    "left of the page": p("position:absolute;left:-9999px"),
    "above the page": p("position:absolute;top:-5000em"),
    "right of the page": p("position:absolute;left:9999px"),
    "inset": p("position:absolute;inset:-9999px auto auto -9999px"),
    "indent": p("text-indent:-9999px"),
    "indent in em": p("text-indent:-99em"),
    "indent in per cent": p("text-indent:100%;overflow:hidden;white-space:nowrap"),
    "margin": p("margin-left:-9999px"),
    "margin in short": p("margin:0 0 0 -9999px"),
    "moved": p("transform:translateX(-9999px)"),
    "moved anew": p("translate:-9999px 0"),
    "scaled": p("transform:scale(0)"),
    "scaled to little": p("transform:scale(.01)"),
    "scaled anew": p("scale:0"),
    "turned away": p("transform:rotateY(90deg)"),
    "turned away, in 3D": p("transform:rotateX(90deg)"),
    "matrix": p("transform:matrix(0,0,0,0,0,0)"),
    "behind": p("position:relative;z-index:-1"),
    # box
    "clip": p("position:absolute;clip:rect(1px,1px,1px,1px)"),
    "clip-path inset": p("clip-path:inset(100%)"),
    "clip-path circle": p("clip-path:circle(0)"),
    "clip-path polygon": p("-webkit-clip-path:polygon(0 0,0 0,0 0)"),
    "no height": p("height:0;overflow:hidden"),
    "max-height": p("max-height:0;overflow:hidden"),
    "max-height of an ancestor": f'<div style="max-height:0px;overflow:hidden"><div><p>{W}</p></div></div>',
    "max-height without overflow, for mail": p("max-height:0;mso-hide:all"),
    "width": p("width:0;overflow:hidden;white-space:nowrap"),
    "one pixel of box": p("width:1px;height:1px;overflow:hidden"),
    "block size": p("block-size:0;overflow:hidden"),
    "contain": p("height:0;contain:paint"),
    # attributes
    "hidden": f"<p hidden>{W}</p>",
    "hidden until found": f'<p hidden="until-found">{W}</p>',
    "aria-hidden": f'<p aria-hidden="true">{W}</p>',
    "aria-hidden above": f"<div aria-hidden=true><p>{W}</p></div>",
    "inert": f"<div inert><p>{W}</p></div>",
    "role none on a picture": '<img role="none" alt="Publicité" src="https://a.example/a.png">',
    "details": f"<details><summary>…</summary><p>{W}</p></details>",
    "dialog": f"<dialog><p>{W}</p></dialog>",
    "popover": f"<div popover><p>{W}</p></div>",
    "template": f"<template><p>{W}</p></template>",
    "noscript": f"<noscript><p>{W}</p></noscript>",
    "noframes": f"<noframes><p>{W}</p></noframes>",
    "mso-hide": p("mso-hide:all"),
    "for Outlook alone": f"<!--[if mso]><p>{W}</p><![endif]-->",
    "comment": f"<!-- {W} -->",
    "title": f'<p title="{W}">…</p>',
    "data": f'<p data-label="{W}">…</p>',
    "ruby": f"<ruby>…<rp>{W}</rp></ruby>",
    "audio": f"<audio>{W}</audio>",
    "canvas": f"<canvas>{W}</canvas>",
    "picture": f'<img alt="{W}" src="https://a.example/a.png">',
    "picture in a link": f'<a href="https://a.example"><img alt="{W}" src="https://a.example/a.png"></a>',
    "background picture": '<td background="https://a.example/publicite.png"></td>',
    "gauge": f"<progress>{W}</progress><meter>{W}</meter>",
    "struck through": f"<p><s>{W}</s></p>",
    "taken back": f"<del>{W}</del>",
    "struck by style": p("text-decoration:line-through"),
    "dots for letters": p("-webkit-text-security:disc"),
    "on a path away": p("offset-path:ray(0deg);offset-distance:9999px"),
    # style sheets
    "first line": sheet("p::first-line{color:#fff}"),
    "first letters": sheet("p:first-letter{font-size:0}"),
    "scope": sheet("@scope (body){.x{display:none}}"),
    "class": sheet(".x{display:none}"),
    "id": sheet("#y{display:none}", f"<p id=y>{W}</p>"),
    "tag": sheet("p.x{visibility:hidden}"),
    "child": sheet("div > p{display:none}", f"<div><p>{W}</p></div>"),
    "attribute": sheet('[class="x"]{display:none}'),
    "first child": sheet("p:first-child{display:none}", f"<div><p>{W}</p></div>"),
    "not": sheet("p:not(.y){display:none}"),
    "is": sheet(":is(p,div).x{display:none}"),
    "important over inline": sheet(".x{display:none!important}", f'<p class=x style="display:block">{W}</p>'),
    "nested rules": sheet(".o{ .x{display:none} }", f"<div class=o><p class=x>{W}</p></div>"),
    "layer": sheet("@layer a{.x{display:none}}"),
    "media": sheet("@media screen{.x{display:none}}"),
    "media for small screens": sheet("@media (max-width:480px){.x{display:none}}"),
    "supports": sheet("@supports (display:grid){.x{display:none}}"),
    "container": sheet("@container (min-width:1px){.x{display:none}}"),
    "variable": sheet(":root{--n:none}.x{display:var(--n)}"),
    "before": sheet(f'.x:before{{content:"{W}"}}', "<p class=x></p>"),
    "font without letters": sheet("@font-face{font-family:q;src:url(q.woff)}.x{font-size:0}"),
    # letters
    "a direction turned": f"<p>&#x202E;{W}&#x202C;</p>",
    "a tag that turns": f"<bdo dir=rtl>{W}</bdo>",
    "letters of another alphabet": "<p>Рublісіté</p>",
}

SEEN = {
    "a hidden letter between": '<p>Publi<span style="display:none">x</span>cité</p>',
    "zero-width letters": "<p>P\u200bu\u200cb\u2060licité</p>",
    "soft hyphens": "<p>Publi&shy;cité</p>",
    "letters a little apart": p("letter-spacing:2px;text-transform:uppercase"),
    "letters apart in em": p("letter-spacing:.1em"),
    "grey": p("color:rgb(90 90 90)"),
    "current colour": p("color:currentColor"),
    "a little clear": p("opacity:.9"),
    "white on black": f'<table bgcolor="#000000"><tr><td style="color:#fff">{W}</td></tr></table>',
    "computed": p("font-size:calc(12px + 4px)"),
    "clamped": p("font-size:clamp(14px,2vw,18px)"),
    "turned a little": p("transform:rotate(-2deg)"),
    "moved a little": p("position:relative;left:4px;transform:translateY(2px)"),
    "margin": p("margin:0 -8px 0 auto"),
    "aria-hidden false": f'<p aria-hidden="false">{W}</p>',
    "open details": f"<details open><summary>…</summary><p>{W}</p></details>",
    "open dialog": f"<dialog open><p>{W}</p></dialog>",
    "hover": sheet(".x:hover{opacity:0}"),
    "print": sheet("@media print{.x{display:none}}"),
    "dark": sheet("@media (prefers-color-scheme:dark){.x{color:#fff;background:#000}}"),
    "a variable": sheet(":root{--ink:#222}.x{color:var(--ink)}"),
    "another child": sheet("p:first-child{display:none}", f"<div><p>…</p><p>{W}</p></div>"),
    "z-index": p("position:relative;z-index:2"),
    "mathematical letters": "<p>𝗣𝘂𝗯𝗹𝗶𝗰𝗶𝘁é</p>",
}


def label(markup: str) -> Verdict:
    page = f"<html lang=fr><body>{markup}<h2>Venez</h2><p>Dix accès gratuits avec le code GENERATION</p></body></html>"
    (finding,) = (one for one in lint(page, HTML, RULES, audience=["FR"], at=DAY).findings if one.check == "LBL-1")
    return finding.verdict


@pytest.mark.parametrize("markup", HIDDEN.values(), ids=HIDDEN.keys())
def test_a_label_that_is_hidden_is_none(markup: str) -> None:
    assert label(markup) is Verdict.FAIL


@pytest.mark.parametrize("markup", SEEN.values(), ids=SEEN.keys())
def test_a_label_that_is_seen_is_one(markup: str) -> None:
    assert label(markup) is Verdict.PASS
