"""pretix, at pretix.eu or on a server of the partner's own.

REST API, read at docs.pretix.eu (vouchers, orders, check-ins, quotas) and tried against pretix 2026.8: a team's token
in `Authorization: Token …`; lists come in pages of at most 50; several vouchers are made all together or none of them,
and a code that is there already, upper or lower case, is refused. 401 is a token that is unknown or revoked; 403 stands
for an event that is not there as well as for one that the token may not see.

pretix looks whether a quota has room for each voucher of a batch alone, so a batch may block more than there is: `room`
has to be asked before. Nothing of a buyer is read: neither names, addresses nor answers are asked for.
"""

from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Generic, Literal, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from promos.outside.web import Answer, Forbidden, Unreachable, Web
from promos.rules.refusals import (
    ShopAddressRefused,
    ShopDeclined,
    ShopMisunderstood,
    ShopNotAllowed,
    ShopSeries,
    ShopTokenRefused,
    ShopUnreachable,
)
from promos.rules.shops import LARGEST

PAGE = 50  # rows; pretix gives no more
MOST_PAGES = 2_000  # of one list: an answer that never ends is none
LONGEST_WAIT = 24 * 3600  # seconds that we let a shop ask for

Row = TypeVar("Row")
Words = dict[str, str] | str  # in several languages, or in one
Number = Annotated[int, msgspec.Meta(ge=0, le=LARGEST)]  # of a thing there
Count = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]
Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class ShopEvent(msgspec.Struct):
    slug: str
    name: Words
    currency: str
    live: bool
    has_subevents: bool
    public_url: str | None = None


class Variation(msgspec.Struct):
    id: Number
    value: Words


class Item(msgspec.Struct):
    id: Number
    name: Words
    default_price: str
    variations: list[Variation] = []


class Quota(msgspec.Struct):
    """`size` and `available_number`: none where there is no bound."""

    id: Number
    name: str
    size: Count | None
    items: list[Number]
    variations: list[Number]
    available_number: Count | None = None


class Voucher(msgspec.Struct):
    """`redeemed`: in how many orders it stands now, of `max_usages`; a canceled order gives its use back."""

    id: Number
    code: str
    max_usages: Count
    redeemed: Count
    price_mode: str = "none"
    value: Decimal | None = None
    valid_until: Instant | None = None


class Position(msgspec.Struct):
    id: Number
    voucher: Number | None
    canceled: bool


class Order(msgspec.Struct):
    """`status`: n(ot paid), p(aid), e(xpired), c(anceled)."""

    status: str
    last_modified: Instant
    positions: list[Position]


class CheckIn(msgspec.Struct, rename={"at": "datetime"}):
    """`at`: of the scan; `created`: when pretix heard of it, later where a scanner was offline."""

    position: Number | None
    successful: bool
    type: str  # entry | exit
    at: datetime
    created: datetime


class _Page(msgspec.Struct, Generic[Row]):
    results: list[Row]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Worth:
    """What a code does to the price there, until when; `value` in major units or percent, as `price_mode` says."""

    price_mode: Literal["none", "set", "subtract", "percent"]
    value: str | None
    valid_until: datetime

    def words(self) -> dict[str, Any]:
        """As pretix takes it."""
        return {
            "price_mode": self.price_mode,
            "value": self.value,
            "valid_until": self.valid_until.isoformat(),
        }

    def is_of(self, voucher: Voucher) -> bool:
        """Whether the code there is worth this."""
        its, until = voucher.value, voucher.valid_until
        is_so_long = until is not None and abs(until - self.valid_until) < timedelta(seconds=1)
        is_so_much = self.value is None or (its is not None and its.is_finite() and its == Decimal(self.value))
        return is_so_long and is_so_much and voucher.price_mode == self.price_mode


@dataclass(frozen=True, slots=True)
class NewVoucher:
    """For one use."""

    code: str
    tag: str
    worth: Worth
    item: int
    variation: int | None
    blocks_quota: bool

    def words(self) -> dict[str, Any]:
        """As pretix takes it."""
        return {
            "code": self.code,
            "tag": self.tag,
            "max_usages": 1,
            "item": self.item,
            "variation": self.variation,
            "block_quota": self.blocks_quota,
            **self.worth.words(),
        }


class Pretix:
    """One event there. Each call may raise `ShopAddressRefused`, `ShopUnreachable`, `ShopTokenRefused`,
    `ShopNotAllowed` or `ShopMisunderstood`.
    """

    def __init__(self, web: Web, base_url: str, organizer: str, event: str, token: str) -> None:
        self._web, self._token = web, token
        self._root = (
            f"{base_url.rstrip('/')}/api/v1/organizers/{quote(organizer, safe='')}/events/{quote(event, safe='')}/"
        )

    async def event(self) -> ShopEvent:
        """Raises `ShopSeries` for one that is many."""
        found = await self._read("", ShopEvent)
        if found.has_subevents:
            raise ShopSeries
        return found

    async def items(self) -> list[Item]:
        return [each async for each in self._all("items/", _Page[Item])]

    async def quotas(self) -> list[Quota]:
        """With what each has left at this moment."""
        return [each async for each in self._all("quotas/", _Page[Quota], with_availability="true")]

    async def room(self, item: int, variation: int | None) -> tuple[int | None, int | None]:
        """How large the product's tightest quota is, and what it has left at this moment."""
        return tightest(await self.quotas(), item, variation)

    async def vouchers(self, tag: str) -> list[Voucher]:
        """All of a tag."""
        return [each async for each in self._all("vouchers/", _Page[Voucher], tag=tag)]

    async def create(self, vouchers: Sequence[NewVoucher]) -> list[Voucher]:
        """All of them or none; `ShopDeclined` where one is there already, or pretix finds another fault."""
        body = msgspec.json.encode([each.words() for each in vouchers])
        return self._decoded(await self._ask("POST", "vouchers/batch_create/", body), list[Voucher])

    async def change(self, voucher: int, worth: Worth) -> None:
        """Of one that is gone, nothing. `ShopDeclined` where it had ended, shall last longer, and has no room."""
        with suppress(_Missing):
            await self._ask("PATCH", f"vouchers/{voucher}/", msgspec.json.encode(worth.words()))

    async def delete(self, voucher: int) -> bool:
        """Whether it is gone now; one that stands in an order stays."""
        try:
            await self._ask("DELETE", f"vouchers/{voucher}/")
        except _Missing:
            return True
        except ShopNotAllowed:
            return False
        return True

    async def orders(self, since: datetime | None) -> list[Order]:
        """Orders that changed `since` then, with the vouchers of their positions and nothing of who bought."""
        query: list[tuple[str, str]] = [("include", name) for name in _OF_ORDERS]
        query += [("include_canceled_positions", "true"), ("ordering", "last_modified")]
        if since is not None:
            query.append(("modified_since", since.isoformat()))
        return [each async for each in self._pages("orders/", _Page[Order], query)]

    async def check_ins(self, since: datetime | None) -> list[CheckIn]:
        """Scans that pretix heard of `since` then."""
        query = [("ordering", "created")]
        if since is not None:
            query.append(("created_since", since.isoformat()))
        return [each async for each in self._pages("checkins/", _Page[CheckIn], query)]

    def _all(self, path: str, shape: type[_Page[Row]], **query: str) -> AsyncIterator[Row]:
        return self._pages(path, shape, list(query.items()))

    async def _pages(
        self, path: str, shape: type[_Page[Row]], query: Collection[tuple[str, str]]
    ) -> AsyncIterator[Row]:
        """Page by page as we count them: an address that the shop gives is never called."""
        for number in range(1, MOST_PAGES + 1):
            asked = urlencode([*query, ("page_size", str(PAGE)), ("page", str(number))])
            page = await self._read(f"{path}?{asked}", shape)
            for each in page.results:
                yield each
            if page.next is None or not page.results:
                return
        raise ShopMisunderstood

    async def _read(self, path: str, shape: type[Row]) -> Row:
        try:
            return self._decoded(await self._ask("GET", path), shape)
        except _Missing:
            raise ShopMisunderstood(404) from None

    async def _ask(self, method: str, path: str, body: bytes = b"") -> Answer:
        headers = {"Accept": "application/json", "Authorization": f"Token {self._token}"}
        if body:
            headers["Content-Type"] = "application/json"
        if not (self._token.isascii() and self._token.isprintable()):
            raise ShopTokenRefused  # a token with such a character is none
        try:
            return _accepted(await self._web.ask(method, self._root + path, headers=headers, body=body))
        except Forbidden:
            raise ShopAddressRefused from None
        except Unreachable:
            raise ShopUnreachable from None

    def _decoded(self, answer: Answer, shape: type[Row]) -> Row:
        try:
            return msgspec.json.decode(answer.body, type=shape)
        except (msgspec.DecodeError, RecursionError):
            raise ShopMisunderstood(answer.status) from None


_OF_ORDERS = ("status", "last_modified", "positions.id", "positions.voucher", "positions.canceled")


class _Missing(Exception):  # noqa: N818 -- a state
    """404."""


def _accepted(answer: Answer) -> Answer:
    if 200 <= answer.status < 300:
        return answer
    if answer.status == 401:
        raise ShopTokenRefused
    if answer.status == 403:
        raise ShopNotAllowed
    if answer.status == 404:
        raise _Missing
    if answer.status in {400, 409}:
        raise ShopDeclined
    if answer.status == 429 or answer.status >= 500:
        wait = answer.headers.get("retry-after", "")
        is_number = wait.isascii() and wait.isdigit() and len(wait) < 8
        raise ShopUnreachable(min(int(wait), LONGEST_WAIT) if is_number else None)
    raise ShopMisunderstood(answer.status)


def tightest(quotas: Iterable[Quota], item: int, variation: int | None) -> tuple[int | None, int | None]:
    """Size and what is left of the quota that bounds a product most; none where nothing bounds it."""
    bounds = [
        each
        for each in quotas
        if item in each.items and (variation is None or variation in each.variations)
        if each.available_number is not None
    ]
    found = min(bounds, key=lambda each: each.available_number or 0, default=None)
    return (found.size, found.available_number) if found else (None, None)


def words(text: Words, language: str = "en") -> str:
    """What the shop calls it, in this language if it can."""
    if isinstance(text, str):
        return text
    return text.get(language) or next((each for each in text.values() if each), "")
