"""Lint: a whole mail or page, ours or not, judged by the same rules as an issue. Nothing of it is kept."""

import asyncio
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar import post
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.params import FromQuery, QueryParameter

from promos.parsing import Unreadable
from promos.parsing.issues import MAIL, MEDIA_TYPES
from promos.parsing.lint import lint
from promos.rendering.language import language as speaking
from promos.rules.people import Role, Scope
from promos.rules.refusals import InvalidRequest, IssueUnreadable
from promos.web.access import allows
from promos.web.api.issues import BODY, FindingSeen
from promos.web.given import Asked

CHARSETS = ("utf-8", "us-ascii", "iso-8859-1", "iso-8859-15", "windows-1252")  # a mail says its own inside
STAFF = (Role.ADMIN, Role.EDITOR, Role.OWNER, Role.MEMBER)


class Found(msgspec.Struct):
    """A promo block, and the first and last line of it in the source."""

    code: str
    heading: str | None
    segments: list[str]
    lines: list[int | None]


class Linted(msgspec.Struct):
    """`language`: of the issue, if one can say. `audience`: the countries whose rules were asked, those of `date`."""

    verdict: str  # pass | fail | cannot_tell
    language: str | None
    audience: list[str]
    date: date
    blocks: list[Found]
    findings: list[FindingSeen]


@dataclass
class Raw(Operation):
    """The body is the mail or page itself."""

    def __post_init__(self) -> None:
        text = Schema(type=OpenAPIType.STRING)
        self.request_body = RequestBody(
            content={media_type: OpenAPIMediaType(schema=text) for media_type in MEDIA_TYPES}, required=True
        )


@post(
    "/lint",
    status_code=200,
    opt=allows(*STAFF, scope=Scope.READ),
    operation_id="lint",
    operation_class=Raw,
    request_max_body_size=BODY,
)
async def lint_body(
    request: Asked,
    now: NamedDependency[datetime],
    audience: FromQuery[str | None] = None,
    on: Annotated[date | None, QueryParameter(name="date")] = None,
    language: FromQuery[Literal["en", "fr"]] = "en",
) -> Linted:
    """Find the promo blocks of a mail or page and judge their disclosure. `audience`: countries, such as FR,BE."""
    content, media_type = await brought(request)
    countries = [country.strip().upper() for country in audience.split(",")] if audience else None
    try:
        report = await asyncio.to_thread(
            lint, content, media_type, request.app.state.rules, audience=countries, at=on or now.date()
        )
    except Unreadable:
        raise IssueUnreadable from None
    except ValueError as error:
        raise InvalidRequest({"audience": str(error)}) from None
    return msgspec.convert(report.as_json(speaking(language).gettext), Linted)


async def brought(request: Asked) -> tuple[str | bytes, str]:
    """The mail or page of a request, and its media type; a mail as bytes, as it says inside how it is written."""
    media_type, options = request.content_type
    charset = options.get("charset", "utf-8").lower()
    if media_type not in MEDIA_TYPES or charset not in CHARSETS:
        raise HTTPException(status_code=415)
    body = await request.body()
    if media_type == MAIL:
        return body, media_type
    return body.decode("utf-8-sig" if charset == "utf-8" else charset, "replace"), media_type


HANDLERS: list[Any] = [lint_body]
