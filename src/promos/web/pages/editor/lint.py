"""Any issue, ours or not, judged as it stands and shown with what was found beside each place. Nothing is kept."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency

from promos.looking import Looking
from promos.parsing import Unreadable
from promos.parsing.issues import TEXT, read_issue
from promos.parsing.lint import Report, lint
from promos.rendering.language import Language
from promos.rules.disclosure.ruleset import RuleSet
from promos.rules.language import N_
from promos.rules.refusals import PageUnreadable
from promos.web.pages.editor import seen
from promos.web.pages.editor.desk import KINDS, READ
from promos.web.pages.editor.issue import rules_of
from promos.web.pages.editor.pasted import MOST_FORM, Pasted, pasted
from promos.web.pages.editor.seen import Part, Told
from promos.web.pages.show import language_of, page
from promos.web.pages.typed import Typed

FIELDS = ("audience", "at", "media_type", "address")
MOST = 2 * 1024 * 1024  # characters of an issue


@dataclass(frozen=True, slots=True)
class Judged:
    """`alone`: what fails only in the plain text of a mail. `whole`: what is said of no block in particular."""

    report: Report
    parts: list[Part]
    alone: tuple[Told, ...]
    whole: tuple[Told, ...]
    verdict: str


@get("/editor/lint", opt=READ)
async def lint_page(request: Request[Any, Any, Any]) -> Response[str]:
    return _shown(request, Typed({}), Pasted("", "", ""))


@post("/editor/lint", opt=READ, status_code=200, request_max_body_size=MOST_FORM)
async def lint_it(request: Request[Any, Any, Any], now: NamedDependency[datetime]) -> Response[str]:
    typed, text = await Typed.of(request), await pasted(request)
    errors: dict[str, str] = {}
    judged = None
    if typed.text("address") and not text.text.strip():
        try:
            text = await _published(request, typed.text("address"))
        except PageUnreadable as refusal:
            errors["address"] = refusal.title
    elif not text.text.strip():
        errors["content"] = N_("Paste the text of the issue, or choose the file it stands in.")
    if len(text.text) > MOST:
        errors["content"] = N_("This is larger than we read in one piece.")
    try:
        at = date.fromisoformat(typed.text("at")) if typed.text("at") else now.date()
    except ValueError:
        at, errors["at"] = now.date(), N_("Write a day as 2026-12-03.")
    if not errors:
        countries = [each.strip() for each in typed.text("audience").split(",") if each.strip()]
        try:
            judged = await asyncio.to_thread(_judged, text, rules_of(request), countries, at, language_of(request))
        except Unreadable:
            errors["content"] = N_("We cannot read any text in this.")
        except ValueError:
            errors["audience"] = N_("Of these countries we know the rules: %(countries)s.")
    return _shown(request, typed, text, judged, errors)


async def _published(request: Request[Any, Any, Any], address: str) -> Pasted:
    looking: Looking = request.app.state.looking
    content, media_type = await looking.fetched(address)
    text = content if isinstance(content, str) else content.decode("utf-8", "surrogateescape")
    if not text.strip():
        raise PageUnreadable
    return Pasted(text, media_type, "")


def _judged(text: Pasted, rules: RuleSet, countries: Sequence[str], at: date, language: Language) -> Judged:
    content: str | bytes = text.text
    if text.media_type == "message/rfc822":
        content = text.text.encode("utf-8", "surrogateescape")
    report = lint(content, text.media_type, rules, audience=countries or None, at=at)
    segments = read_issue(content, text.media_type).segments
    parts = seen.parts_of_file(segments, rules.on(at), report.findings, language)
    alone = [each for each in report.findings if each.where.get("part") == TEXT]
    whole = [each for each in report.findings if not each.where]
    verdict = seen.verdict_of(report.findings)
    return Judged(report, parts, seen.told(alone, language), seen.told(whole, language), verdict)


def _shown(
    request: Request[Any, Any, Any],
    typed: Typed,
    text: Pasted,
    judged: Judged | None = None,
    errors: dict[str, str] | None = None,
) -> Response[str]:
    language, known = language_of(request), ", ".join(rules_of(request).countries)
    said = {name: language.gettext(message) % {"countries": known} for name, message in (errors or {}).items()}
    return page(
        request,
        "editor/lint.html",
        status=422 if errors else 200,
        judged=judged,
        known=known,
        content=text.shown,
        kinds=[(kind, language.gettext(words)) for kind, words in KINDS.items()],
        typed=typed.shown(FIELDS),
        errors=said,
    )


HANDLERS: list[Any] = [lint_page, lint_it]
