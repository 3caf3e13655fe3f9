"""The ticket shop of an event: connected, read, and the offers whose pools are filled from it."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from litestar import Response, delete, get, post, put
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import shops, supplies
from promos.models import Shop
from promos.outside.shops import pretix
from promos.queries.shops import Reconciled, reconciled
from promos.rules.people import Actor, Role, Scope
from promos.settings import Keys, Settings
from promos.stocking import Stocking
from promos.web.access import ANYONE, allows
from promos.web.api.offers import RUN_BY
from promos.web.api.tokens import HEADS
from promos.web.given import Reads, Writes

READ, WRITE, LEAD = (
    allows(*RUN_BY, scope=Scope.READ),
    allows(*RUN_BY, scope=Scope.WRITE),
    allows(*HEADS, scope=Scope.WRITE),
)


class NewShop(msgspec.Struct, forbid_unknown_fields=True):
    """`organizer` and `event` as they stand in the shop's address: `https://pretix.eu/{organizer}/{event}/`.

    Give it a token of a team that may see products, see and change vouchers, and see orders, and nothing else.
    """

    base_url: str
    organizer: str
    event: str
    token: str
    kind: Literal["pretix"] = "pretix"


class NewSupply(msgspec.Struct, forbid_unknown_fields=True):
    """`make` codes in the shop for the product `item`, or `import` those under a `tag`.

    `most`: how many are made; without it as many as the offer's limit, and never more than that. `blocks_quota`: they
    are set aside in the shop's quota.
    """

    how: Literal["make", "import"] = "make"
    item: int | None = None
    variation: int | None = None
    blocks_quota: bool = True
    most: int | None = None
    tag: str | None = None


class SupplySeen(msgspec.Struct):
    """What readers were handed is `unused` or `used`; `ended`: of those used, codes whose pass had ended here, or
    gone on with another code; `outside`: used in the shop, never handed out by us.

    `waiting`: not in the shop yet; `deleted` there, `lost`: of them, those that a reader has; `cancelled`: with their
    order; `skipped`: under the tag and of no use to us. `arrived` at the door there, `scanned`: of them, by our own
    scanners too; neither is among our check-ins. `quota_size`, `quota_left`: of the product's tightest quota.
    """

    offer_id: UUID
    name: str
    limit: int | None
    how: Literal["make", "import"]
    tag: str
    item: int | None
    variation: int | None
    blocks_quota: bool
    most: int | None
    quota_size: int | None
    quota_left: int | None
    trouble: str | None
    waiting: int
    free: int
    unused: int
    used: int
    ended: int
    outside: int
    cancelled: int
    deleted: int
    lost: int
    skipped: int
    arrived: int
    scanned: int


class ShopSeen(msgspec.Struct):
    """The token is never shown. `trouble`: the refusal that the last reading ended in; `synced_at`: the last whole one.

    `hook`: for owners, the address that the shop may call when something happens.
    """

    id: UUID
    event_id: UUID
    kind: Literal["pretix"]
    base_url: str
    organizer: str
    event: str
    name: str
    currency: str
    public_url: str | None
    trouble: str | None
    troubled_since: datetime | None
    synced_at: datetime | None
    sync_at: datetime
    connected_at: datetime
    hook: str | None
    supplies: list[SupplySeen]


class VariationSeen(msgspec.Struct):
    id: int
    name: str


class ProductSeen(msgspec.Struct):
    """`quota_left`: of its tightest quota; none where nothing bounds it."""

    id: int
    name: str
    price: str
    quota_left: int | None
    variations: list[VariationSeen]


class ProductsSeen(msgspec.Struct):
    items: list[ProductSeen]


async def seen(session: AsyncSession, shop: Shop, keys: Keys, settings: Settings, by: Actor) -> ShopSeen:
    facts = {name: getattr(shop, name, None) for name in ShopSeen.__struct_fields__}
    hook = f"{settings.base_url}/api/v1/shops/{shops.hook(shop, keys)}"
    facts |= {
        "event": shop.slug,
        "hook": hook if by.runs(shop.partner_id, Role.OWNER) else None,
        "supplies": [supply_seen(each) for each in await reconciled(session, shop.id)],
    }
    return msgspec.convert(facts, ShopSeen)


def supply_seen(each: Reconciled) -> SupplySeen:
    supply = each.supply
    facts = {name: getattr(each, name, None) for name in SupplySeen.__struct_fields__}
    facts |= {name: getattr(supply, name) for name in SupplySeen.__struct_fields__ if hasattr(supply, name)}
    facts |= {"how": "make" if supply.makes else "import", "quota_size": supply.size, "quota_left": supply.left}
    return msgspec.convert(facts, SupplySeen)


@put("/events/{id:uuid}/shop", opt=LEAD, operation_id="connectShop")
async def connect(
    id: FromPath[UUID],
    data: JSONBody[NewShop],
    reads: NamedDependency[Reads],
    state: State,
    actor: NamedDependency[Actor],
    keys: NamedDependency[Keys],
    settings: NamedDependency[Settings],
) -> ShopSeen:
    """Say in which ticket shop the event is sold, and how Promos reaches it; it is asked at once."""
    stocking: Stocking = state.stocking
    given = {"base_url": data.base_url, "organizer": data.organizer, "slug": data.event, "token": data.token}
    await stocking.connect(id, actor, **given)
    async with reads() as session:
        return await seen(session, await shops.of(session, id, actor), keys, settings, actor)


@get("/events/{id:uuid}/shop", opt=READ, operation_id="getShop")
async def get_shop(
    id: FromPath[UUID],
    reads: NamedDependency[Reads],
    actor: NamedDependency[Actor],
    keys: NamedDependency[Keys],
    settings: NamedDependency[Settings],
) -> ShopSeen:
    """The shop, and our codes in it both ways: handed out by us against used there."""
    async with reads() as session:
        return await seen(session, await shops.of(session, id, actor), keys, settings, actor)


@delete("/events/{id:uuid}/shop", opt=LEAD, operation_id="leaveShop")
async def leave(id: FromPath[UUID], writes: NamedDependency[Writes], actor: NamedDependency[Actor]) -> None:
    """Forget the shop and its token; codes stay there and in the pools."""
    await writes.run(lambda session, now: shops.leave(session, id, now=now, by=actor))


@get("/events/{id:uuid}/shop/products", opt=READ, operation_id="listShopProducts")
async def products(id: FromPath[UUID], state: State, actor: NamedDependency[Actor]) -> ProductsSeen:
    """What the shop sells for the event, as it says at this moment."""
    stocking: Stocking = state.stocking
    items, quotas = await stocking.products(id, actor)
    return ProductsSeen(
        [
            ProductSeen(
                item.id,
                pretix.words(item.name),
                item.default_price,
                pretix.tightest(quotas, item.id, None)[1],
                [VariationSeen(each.id, pretix.words(each.value)) for each in item.variations],
            )
            for item in items
        ]
    )


@post("/events/{id:uuid}/shop/read", status_code=202, opt=WRITE, operation_id="readShop")
async def read(
    id: FromPath[UUID],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
    keys: NamedDependency[Keys],
    settings: NamedDependency[Settings],
) -> Response[ShopSeen]:
    """Read it as soon as a worker is free, at most every half minute."""

    async def effect(session: AsyncSession, now: datetime) -> ShopSeen:
        shop = await shops.read_soon(session, id, now=now, by=actor)
        return await seen(session, shop, keys, settings, actor)

    return await writes.answer(effect, status=202)


@put("/offers/{id:uuid}/supply", opt=WRITE, operation_id="fillPool")
async def fill(
    id: FromPath[UUID],
    data: JSONBody[NewSupply],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
) -> Response[SupplySeen]:
    """Fill the offer's pool from the shop from now on. Again: other terms for what is made from now on, and what was
    deleted there is made up for.
    """
    given = {name: getattr(data, name) for name in ("item", "variation", "blocks_quota", "most", "tag")}

    async def effect(session: AsyncSession, now: datetime) -> SupplySeen:
        made = await supplies.fill(session, id, makes=data.how == "make", **given, now=now, by=actor)
        return supply_seen(next(each for each in await reconciled(session, made.shop_id) if each.supply.offer_id == id))

    return await writes.answer(effect)


@post("/shops/{secret:str}", status_code=202, opt=ANYONE, operation_id="hearShop")
async def hear(secret: FromPath[str], writes: NamedDependency[Writes]) -> None:
    """The address that a shop calls when something happens there: it is read soon. What it says is not looked at.

    The secret in the address is all that it is known by; being called often does not make it be read often.
    """
    await writes.run(lambda session, now: shops.called(session, secret, now=now))


HANDLERS: list[Any] = [connect, get_shop, leave, products, read, fill, hear]
