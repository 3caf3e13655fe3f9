"""Whatever is asked by id, asked with every kind of id that somebody else has: operations, pages, bodies and filters.

Nothing is listed here by hand: routes, bodies and filters are those of the application, ids those of its tables. So a
new operation is asked about as soon as it is there, with the ids of a new table as soon as somebody has a row in it.
"""

import json
import re
from collections.abc import AsyncIterator, Container, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx
import sqlalchemy as sa
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter
from litestar.routes import HTTPRoute
from selectolax.lexbor import LexborHTMLParser as HTMLParser
from selectolax.lexbor import LexborNode as Node
from sqlalchemy.ext.asyncio import AsyncSession

from promos.models import Base
from promos.rules.people import Role
from tests.web.asking import Subject, asked
from tests.web.sides import World

MARKS = re.compile("zephyr", re.IGNORECASE)  # all that the first side is called by
ASKED = re.compile(
    r"ZEPHYR\d|NOSUCH\d|[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}|Zephyr"
)  # what is said back to who asked
UUIDS = re.compile(r"^(msg_)?[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$")
NEVER = "NOSUCH1"


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody of the other side: a token at the API, a session at the pages."""

    name: str
    role: Role
    token: str
    cookie: str
    csrf: str


@dataclass(frozen=True, slots=True)
class Operation:
    method: str
    path: str  # /api/v1/events/{id}
    name: str  # of the operation, or of the page's address
    roles: frozenset[Role]
    is_page: bool
    filters: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        return f"{self.method} {self.path}" if self.is_page else self.name

    @property
    def places(self) -> list[str]:
        return re.findall(r"{(\w+)(?::\w+)?}", self.path)


@dataclass(slots=True)
class Told:
    """What one operation told one principal: the statuses, how often it was asked, and what it gave away."""

    statuses: set[int] = field(default_factory=set)
    asked: int = 0
    given_away: int = 0  # bytes of answers in which a mark stood


def operations(app: Litestar, document: Mapping[str, Any]) -> Iterator[Operation]:
    """All that need a role, those that end something last."""
    filters = {
        (method.upper(), path): tuple(each["name"] for each in said.get("parameters", []) if each["in"] == "query")
        for path, methods in document["paths"].items()
        for method, said in methods.items()
    }
    for route in sorted(app.routes, key=lambda route: route.path):
        if not isinstance(route, HTTPRoute):
            continue
        for handler in route.route_handlers:
            roles = handler.opt.get("allows", {}).get("roles")
            for method in sorted(handler.http_methods - {"OPTIONS", "HEAD"}):
                if roles:
                    path = re.sub(r"{(\w+):\w+}", r"{\1}", route.path)
                    is_page = not path.startswith("/api/")
                    name = path if is_page else str(handler.operation_id)
                    asked_by = _filters(handler) if is_page else filters.get((method, path), ())
                    yield Operation(method, path, name, frozenset(roles), is_page, asked_by)


def _filters(handler: HTTPRouteHandler) -> tuple[str, ...]:
    """What a page takes behind its question mark."""
    fields = handler.parsed_fn_signature.parameters.items()
    return tuple(
        field.kwarg_definition.name or name
        for name, field in fields
        if isinstance(field.kwarg_definition, QueryParameter)
    )


@dataclass(frozen=True, slots=True)
class Form:
    """A form as it stands on a page, with what is filled in."""

    action: str
    fields: tuple[tuple[str, str], ...]


async def forms_of(client: httpx.AsyncClient, who: Principal, begin: str) -> list[Form]:
    """The forms of all pages that are to be reached from `begin`, one of a kind."""
    to_see, seen, found = [begin], set[str](), dict[Any, Form]()
    while to_see:
        page = to_see.pop()
        kind = ASKED.sub("…", page.partition("?")[0])
        if kind in seen or not page.startswith(begin):
            continue
        seen.add(kind)
        answer = await client.get(page, headers={"Cookie": f"promos={who.cookie}"})
        if not answer.headers.get("Content-Type", "").startswith("text/html"):
            continue
        html = HTMLParser(answer.text)
        to_see += [link.attributes.get("href") or "" for link in html.css("a[href]")]
        for form in html.css("form[method=post]"):
            named = [each for each in form.css("[name]") if each.attributes.get("name")]
            fields = [(str(each.attributes["name"]), _filled(each)) for each in named]
            made = Form(form.attributes.get("action") or page, tuple(fields))
            found.setdefault((ASKED.sub("…", made.action), tuple(name for name, _ in fields)), made)
    return list(found.values())


def _filled(field: Node) -> str:
    """What a browser sends that nobody touched: of a list, the first that is chosen, or else the last."""
    if field.tag == "textarea":
        return field.text()
    if field.tag == "select":
        options = field.css("option[selected]") or field.css("option")[-1:]
        return (options[0].attributes.get("value") if options else None) or ""
    return field.attributes.get("value") or ""


async def ids_of(session: AsyncSession, partner: UUID) -> dict[str, UUID]:
    """One id of each table that holds something of this partner, by the table's name."""
    found = {"partners": partner}
    for table in Base.metadata.sorted_tables:
        key = next(iter(table.primary_key.columns))
        if "partner_id" in table.columns and isinstance(key.type, sa.Uuid):
            mine = sa.select(key).where(table.columns["partner_id"] == partner).order_by(key).limit(1)
            if id_ := await session.scalar(mine):
                found[table.name] = id_
    return found


async def rows_of(session: AsyncSession, partner: UUID) -> dict[str, list[str]]:
    """All rows of a partner as text: the same before and after, if nobody changed one."""
    found = {}
    for table in Base.metadata.sorted_tables:
        column = table.columns.get("id" if table.name == "partners" else "partner_id")
        if column is not None:
            rows = await session.execute(sa.select(table).where(column == partner))
            found[table.name] = sorted(repr(tuple(row)) for row in rows)
    return found


def ids_in(rows: Mapping[str, list[str]]) -> frozenset[str]:
    """Every id that stands anywhere in these rows."""
    return frozenset(re.findall(r"UUID\('([0-9a-f-]{36})'\)", repr(list(rows.values()))))


class Asking:
    """Asks for one side's things as somebody of the other, and keeps what was told."""

    def __init__(self, client: httpx.AsyncClient, world: World, ids: Mapping[str, UUID]) -> None:
        self._client, self._world, self._ids = client, world, ids
        self.told: dict[tuple[str, str], Told] = {}
        self.wrong: list[str] = []

    async def everything(self, operation: Operation, who: Principal) -> None:
        """Each place of the path, field of the body and filter, with each kind of id."""
        if who.role not in operation.roles:
            await self._once(operation, who, self._request(operation, who))
            return
        never_was: dict[Any, httpx.Response] = {}
        async for place, foreign, never in self._pairs(operation, who):
            if place not in never_was:
                never_was[place] = await self._once(operation, who, never)
            self._compare(operation, who, await self._once(operation, who, foreign), never_was[place])

    async def form(self, form: Form, who: Principal, own: Container[str]) -> None:
        """Each of one's `own` ids in a form's fields, with each kind of id; some forms bring a mark besides."""
        operation = Operation("POST", ASKED.sub("{id}", form.action), "", frozenset(), True)
        for number, (name, value) in enumerate(form.fields):
            if value not in own:
                continue
            never = await self._once(operation, who, _sent(form, who, number, (name, str(uuid4()))))
            for id_ in self._ids.values():
                foreign = await self._once(operation, who, _sent(form, who, number, (name, str(id_))))
                self._compare(operation, who, foreign, never)

    async def _pairs(self, operation: Operation, who: Principal) -> AsyncIterator[tuple[Any, Any, Any]]:
        """A place, the request with somebody else's id in it, and the one with what never was."""
        if operation.places:
            for id_ in self._ids.values():
                yield "path", self._request(operation, who, id_), self._request(operation, who, uuid4())
        own = self._request(operation, who)
        for path, value in _leaves(own.get("json")):
            for other in self._alike(value):
                yield path, _with(own, path, other), _with(own, path, _never(value))
        for name in operation.filters if operation.method == "GET" else ():
            for other in (*map(str, self._ids.values()), self._world.a.codes[0], "Zephyr"):
                yield (
                    (name, _never(other) == NEVER),
                    own | {"params": {name: other}},
                    own | {"params": {name: _never(other)}},
                )

    def _alike(self, value: str) -> list[str]:
        if UUIDS.match(value):
            return [str(id_) for id_ in self._ids.values()]
        return self._world.a.codes[:1] if value in self._world.b.codes else []

    def _request(self, operation: Operation, who: Principal, id_: UUID | None = None) -> dict[str, Any]:
        """As the other side asks about its own things; with `id_`, that stands in every place of the path."""
        about = Subject(self._world.b, self._world.ours)
        code = self._world.a.codes[0] if id_ in self._ids.values() else NEVER
        there = {"code": code, "message": f"msg_{id_.hex}", "check": "REL-1", "surface": "email_html"} if id_ else {}
        if operation.is_page:
            places = {name: there.get(name, id_ or uuid4()) for name in operation.places}
            form = {} if operation.method == "GET" else {"data": {"_csrf_token": who.csrf}}
            return {"url": operation.path.format(**places), "cookies": {"promos": who.cookie}, **form}
        url, given = asked(operation.name, operation.path, about, who.role)
        if id_:
            party = {"party": "partner"}
            url = operation.path.format(**{name: (party | there).get(name, id_) for name in operation.places})
        headers = given.pop("headers", {}) | {"Authorization": f"Bearer {who.token}"}
        return {"url": url, "headers": headers, **given}

    def _compare(self, operation: Operation, who: Principal, one: httpx.Response, other: httpx.Response) -> None:
        same = (one.status_code, _bare(one)) == (other.status_code, _bare(other))
        done = one.is_success and operation.method != "GET" and not operation.is_page  # pages show a form again
        if not same or done or one.status_code >= 500:
            told, never = _bare(one), _bare(other)
            at = next((place for place, (a, b) in enumerate(zip(told, never, strict=False)) if a != b), 0)
            self.wrong.append(
                f"{who.name}: {operation.method} {one.url}: {one.status_code} …{told[at : at + 300]!r},"
                f" never was: {other.status_code} …{never[at : at + 300]!r}"
            )

    async def _once(self, operation: Operation, who: Principal, request: dict[str, Any]) -> httpx.Response:
        given = dict(request)
        cookies = given.pop("cookies", None)
        headers = given.pop("headers", {}) | {"Origin": str(self._client.base_url).rstrip("/")}
        if cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        answer = await self._client.request(operation.method, given.pop("url"), headers=headers, **given)
        told = self.told.setdefault(
            (operation.name if not operation.is_page else f"{operation.method} {operation.name}", who.name), Told()
        )
        told.statuses.add(answer.status_code)
        told.asked += 1
        if MARKS.search(ASKED.sub("", answer.text)):
            told.given_away += len(answer.content)
            self.wrong.append(f"{who.name}: {operation.name} {request}: gives away {answer.text[:2000]!r}")
        return answer


def _sent(form: Form, who: Principal, number: int, field: tuple[str, str]) -> dict[str, Any]:
    fields = [*form.fields[:number], field, *form.fields[number + 1 :]]
    data: dict[str, list[str]] = {}
    for name, value in fields:
        data.setdefault(name, []).append(value)
    return {"url": form.action, "data": data, "cookies": {"promos": who.cookie}}


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], str]]:
    """The words in a body, each with the way to it."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _leaves(inner, (*path, key))


def _with(request: dict[str, Any], path: tuple[Any, ...], value: str) -> dict[str, Any]:
    body = json.loads(json.dumps(request["json"]))
    inner = body
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return request | {"json": body}


def _never(value: str) -> str:
    return str(uuid4()) if UUIDS.match(value) else NEVER


def _bare(answer: httpx.Response) -> str:
    return ASKED.sub("…", answer.text)
