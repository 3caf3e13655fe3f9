"""How a page is shown: its language, its frame, what was said on the way to it, and its refusals."""

import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from math import ceil
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Request, Response
from litestar.datastructures import Cookie
from litestar.exceptions import HTTPException
from litestar.types import ExceptionHandlersMap

from promos.rendering import language as languages
from promos.rendering.language import Language
from promos.rules.language import LANGUAGES, N_
from promos.rules.people import Actor
from promos.rules.refusals import FormEnded, FreshSignInNeeded, PasskeyNeeded, Refusal, SecondFactorNeeded, SignInNeeded
from promos.web import problems
from promos.web.access import signed_in
from promos.web.pages import places

WEB = Path(__file__).parents[1]
LANGUAGE_COOKIE = "lang"

# What a page says once, after something was done: /partner?said=saved
SAID: dict[str, tuple[str, str]] = {
    "saved": ("ok", N_("Saved.")),
    "created": ("ok", N_("Created.")),
    "sending": ("ok", N_("It is on its way. Load this page again in a moment to see how it went.")),
    "archived": ("ok", N_("Archived: out of the lists, and nothing of it is lost.")),
    "restored": ("ok", N_("Restored, as it was.")),
    "deleted": ("ok", N_("Deleted.")),
    "suspended": ("ok", N_("Suspended. Its codes give nothing new from now on.")),
    "lifted": ("ok", N_("Lifted. All is as before.")),
    "wished": ("ok", N_("Asked. The partner’s owners get a mail, and you hear what they decide.")),
    "wish-approved": ("ok", N_("Given. The limit is raised, and who waits in line is served first.")),
    "wish-declined": ("ok", N_("Declined. Whoever asked is told.")),
    "wish-overtaken": (
        "ok",
        N_("There was nothing left to raise: the limit was raised meanwhile, or the code is over."),
    ),
    "wish-withdrawn": ("ok", N_("Withdrawn.")),
    "cancelled": ("ok", N_("Cancelled. Its codes give nothing more, and readers who hold passes are told.")),
    "moved": (
        "ok",
        N_("Saved. Readers who hold passes are told in a few minutes, once, of all that changes until then."),
    ),
    "removed": ("ok", N_("Removed.")),
    "ordered": ("ok", N_("Ordered. The codes are made in the background; you need not wait here.")),
    "stopped": ("ok", N_("Stopped. The codes that are made stay good.")),
    "returned": ("ok", N_("Given back. What was unused is free for others again.")),
    "paused": ("ok", N_("Paused. Nobody can redeem it until you resume it.")),
    "resumed": ("ok", N_("Resumed. It works again.")),
    "report-scheduled": ("ok", N_("Noted. The report goes out when it is due, and nothing before that.")),
    "report-stopped": ("ok", N_("Stopped. No more reports go there.")),
    "link-revoked": ("ok", N_("Revoked. The link opens nothing from now on.")),
    "revoked": ("ok", N_("Revoked. Passes given before stay good.")),
    "sent": ("ok", N_("The mail is on its way.")),
    "published": ("ok", N_("Published.")),
    "asked": ("ok", N_("Asked. A colleague has to agree before it holds.")),
    "asked-shop": ("ok", N_("It is read in a moment. Load this page again to see what came of it.")),
    "agreed": ("ok", N_("Agreed. The finding no longer stops this issue.")),
    "corrected": ("ok", N_("Published, with its date, beside what went out.")),
    "approved": ("ok", N_("Approved. If the words change, you are asked again.")),
    "block-changed": ("error", N_("The block was changed meanwhile. Read it again before you approve it.")),
    "declared": ("ok", N_("Your declaration is stored.")),
    "given-back": ("ok", N_("You gave your pass back. Thank you: somebody else can have it now.")),
    "not-shared": ("ok", N_("The organiser sees your address no more.")),
    "undone": ("ok", N_("Undone. The scan stays in the list, marked.")),
    "invited": ("ok", N_("The invitation is on its way.")),
    "signed-out": ("ok", N_("You are signed out.")),
    "sessions-ended": ("ok", N_("Ended. Whoever sat there is signed out.")),
    "passkey-needed": ("error", N_("Whoever works there signs in with a passkey. Please add one first.")),
    "not-published": ("error", N_("Not published: the findings below say what is missing.")),
}


def language_of(request: Request[Any, Any, Any]) -> Language:
    """What the address asks for, else what was chosen before, else what the browser prefers."""
    chosen = request.query_params.get("lang") or request.cookies.get(LANGUAGE_COOKIE)
    if chosen in LANGUAGES:
        return languages.language(chosen)
    for wish in request.headers.get("Accept-Language", "").split(",")[:10]:
        code = wish.split(";")[0].strip().lower()[:2]
        if code in LANGUAGES:
            return languages.language(code)
    return languages.language("en")


def page(
    request: Request[Any, Any, Any],
    template: str,
    *,
    status: int = 200,
    language: Language | None = None,
    headers: Mapping[str, str] | None = None,
    **values: Any,
) -> Response[str]:
    """The template with the frame around it. `language` is for pages that are somebody's own, such as a pass."""
    speaks = language or language_of(request)
    actor: Actor = request.scope.get("user") or Actor("anonymous")
    said = SAID.get(request.query_params.get("said", ""))
    flash = [{"kind": said[0], "text": speaks.gettext(said[1])}] if said else []
    frame = {
        "language": speaks,
        "request_path": request.url.path,
        "status": status,
        "kept_query": _kept(request),
        "actor": {
            "is_staff": actor.is_known,
            "is_device": actor.kind == "token",
            "name": actor.name,
            "roles": actor.roles,
            "id": actor.id,
        },
        "mine": signed_in(request.scope),
        "csrf_token": request.scope["state"].get("csrf", ""),
        "asset_version": _asset_version(),
        "flash": flash,
        "is_suspended": actor.is_suspended,
        "nav": places.parts(actor, request.url.path, speaks),
        "desk_places": places.desk(actor, request.url.path, speaks),
    }
    body = _environment(speaks.code).get_template(template).render(frame | values)
    cookies = []
    if (chosen := request.query_params.get("lang")) in LANGUAGES:
        secure = request.app.state.settings.is_secure
        cookies.append(Cookie(LANGUAGE_COOKIE, value=chosen, max_age=31536000, samesite="lax", secure=secure))
    return Response(body, media_type="text/html", status_code=status, headers=dict(headers or {}), cookies=cookies)


def _kept(request: Request[Any, Any, Any]) -> str:
    """What the address asks for, to go on with in the other language: the words and filters of a list."""
    kept = sorted(each for each in request.query_params.multi_items() if each[0] not in ("lang", "said"))
    return f"{urlencode(kept)}&" if kept else ""


def go(path: str, said: str | None = None, cookies: list[Cookie] | None = None) -> Response[None]:
    """Off to another page of ours after a form, with something to say there."""
    mark = "&" if "?" in path else "?"
    address = located(f"{path}{mark}said={said}" if said else path)
    return Response(None, status_code=303, headers={"Location": address}, cookies=cookies or [])


def located(path: str) -> str:
    """`path` as a header has it."""
    return quote(path, safe="/?&=#%:;,+-_.~@!$'()*[]")


def own_path(address: str | None, otherwise: str = "/") -> str:
    """`address` if it is a path of ours, else `otherwise`: nobody is sent elsewhere by what stands in a link."""
    if not address or not address.startswith("/") or address.startswith("//") or "\\" in address:
        return otherwise
    parts = urlsplit(address)
    return otherwise if parts.scheme or parts.netloc or not address.isprintable() else address


def page_refused(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Any exception as a page that says what to do next."""
    refusal = problems.as_refusal(error)
    if isinstance(refusal, SignInNeeded):
        target = f"?next={quote(_here(request))}" if request.method == "GET" else ""
        return Response(None, status_code=303, headers={"Location": f"/sign-in{target}"})
    if isinstance(refusal, SecondFactorNeeded):
        target = f"?next={quote(_here(request))}" if request.method == "GET" else ""
        return Response(None, status_code=303, headers={"Location": f"/confirm{target}"})
    if isinstance(refusal, PasskeyNeeded):
        return go("/account", "passkey-needed")
    if isinstance(refusal, FreshSignInNeeded):
        return _confirm_first(request)
    if refusal:
        status, title = problems.status_of(type(refusal)), refusal.title
    else:
        status = problems.refused(request, error).status_code or 500  # logs what is unexpected
        title = problems.UNHANDLED.get(status, problems.UNHANDLED[400])[1]
        if isinstance(error, HTTPException) and status == 405:
            title = problems.UNHANDLED[405][1]
    language = language_of(request)
    return page(
        request,
        "error.html",
        status=status,
        title=language.gettext(title),
        happened=told(refusal, language) if refusal else None,
        **(_opened_again(request, language) if isinstance(refusal, FormEnded) else {}),
        request_id=request.scope["state"].get("request_id") if status >= 500 else None,
        headers=retry_after(refusal),
    )


def _opened_again(request: Request[Any, Any, Any], language: Language) -> dict[str, Any]:
    """The way on from a form that is too old: the page where it stood, as the browser tells it."""
    form = own_path("/" + request.headers.get("Referer", "").partition("://")[2].partition("/")[2])
    return {
        "advice": language.gettext(N_("Nothing was stored. What you typed is still there if your browser goes back.")),
        "links": [{"href": form, "label": language.gettext(N_("Open the page again"))}],
    }


def _confirm_first(request: Request[Any, Any, Any]) -> Response[Any]:
    """Off to where people confirm who they are; what they typed comes along."""
    if request.method == "GET":
        return Response(None, status_code=303, headers={"Location": f"/confirm?next={quote(_here(request))}"})
    return confirm_page(request, _here(request), kept(request), sends=True, status=401)


def confirm_page(
    request: Request[Any, Any, Any],
    target: str,
    fields: Sequence[tuple[str, str]],
    *,
    sends: bool = False,
    errors: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response[str]:
    """`sends`: a form with these `fields`, if it has any, is sent to `target` afterwards; else that is a page."""
    mine = signed_in(request.scope)
    return page(
        request,
        "sign_in/confirm.html",
        status=status,
        target=target,
        fields=fields,
        sends=sends,
        errors=errors or {},
        has_passkey=mine is not None and mine.has_passkey,
    )


def kept(request: Request[Any, Any, Any]) -> list[tuple[str, str]]:
    """The fields of the form that came, without those of our own frame. Files are not kept."""
    form = request.scope["state"].get("form")
    named = form.multi_items() if form else ()
    return [(name, value) for name, value in named if isinstance(value, str) and not name.startswith("_")]


def _here(request: Request[Any, Any, Any]) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def retry_after(refusal: Refusal | None) -> dict[str, str]:
    """The header that says when to come again, where the refusal knows."""
    return {"Retry-After": str(wait)} if (wait := _wait(refusal)) else {}


def _wait(refusal: Refusal | None) -> int | None:
    """The seconds after which to come again, if the refusal knows."""
    seconds = refusal.facts.get("retry_after") if refusal else None
    return seconds if isinstance(seconds, int) else None


def told(refusal: Refusal, language: Language) -> str | None:
    """The facts of a refusal that a person needs beside its title."""
    errors = refusal.facts.get("errors")
    if errors:
        said, pair = language.gettext, language.gettext("%(name)s: %(value)s")
        return " · ".join(pair % {"name": each["field"], "value": said(each["message"])} for each in errors)
    if counted := _counted(refusal, language):
        return counted
    wait = _wait(refusal)
    if wait is None:
        return None
    minutes, hours = ceil(wait / 60), ceil(wait / 3600)
    if minutes < 120:
        text = language.ngettext("It works again in %(count)s minute.", "It works again in %(count)s minutes.", minutes)
        return text % {"count": minutes}
    text = language.ngettext("It works again in %(count)s hour.", "It works again in %(count)s hours.", hours)
    return text % {"count": hours}


def _counted(refusal: Refusal, language: Language) -> str | None:
    """How many passes or codes are in the way."""
    facts = refusal.facts
    if (used := facts.get("used")) is not None:
        return language.ngettext("%(count)s pass is out.", "%(count)s passes are out.", used) % {"count": used}
    if codes := facts.get("codes"):
        return language.ngettext("%(count)s code works.", "%(count)s codes work.", codes) % {"count": codes}
    if passes := facts.get("passes"):
        text = language.ngettext("%(count)s reader holds a pass.", "%(count)s readers hold passes.", passes)
        return text % {"count": passes}
    return None


def errors_of(refusal: Refusal, language: Language) -> dict[str, str]:
    """The refusal as a form shows it: by field, or (under "") for the form as a whole."""
    errors = refusal.facts.get("errors")
    if errors:
        return {each["field"]: language.gettext(each["message"]) for each in errors}
    title, more = language.gettext(refusal.title), told(refusal, language)
    return {"": f"{title} {more}" if more else title}


@cache
def _environment(code: str) -> Environment:
    environment: Any = Environment(
        loader=FileSystemLoader(WEB / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
    )
    speaks = languages.language(code)
    environment.install_gettext_callables(speaks.gettext, speaks.ngettext, newstyle=True)
    checked: Environment = environment
    return checked


@cache
def _asset_version() -> str:
    """Changes when the stylesheet or the script does, so that browsers may keep them for long."""
    mark = hashlib.sha256()
    for name in ("promos.css", "promos.js", "passkeys.js", "icon.svg"):
        mark.update((WEB / "static" / name).read_bytes())
    return mark.hexdigest()[:10]


HANDLERS: ExceptionHandlersMap = {Exception: page_refused, HTTPException: page_refused, Refusal: page_refused}
