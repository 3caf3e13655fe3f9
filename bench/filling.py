"""Redemptions by the million, written by the database itself as the product would have written them."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from bench.house import House
from promos.models import Delivery, Entry, Offer, Pass, PromoCode, Reader, Redemption, table

CODE = "FILLED00000"


def fill(house: House, number: int) -> None:
    """A code, CODE, that `number` readers redeemed already."""
    house.codes(CODE.removesuffix("00000"))

    async def write(session: AsyncSession) -> None:
        code = (await session.scalars(sa.select(PromoCode).where(PromoCode.text == CODE))).one()
        if house.kind == "postgresql":
            await session.execute(sa.text("SET LOCAL session_replication_role = replica"))  # no look at foreign keys
        for statement in _statements(house, code, number):
            await session.execute(statement)
        counted = sa.update(table(Offer)).where(Offer.id == code.offer_id)
        await session.execute(counted.values(used=number))
        counted = sa.update(table(PromoCode)).where(PromoCode.id == code.id)
        await session.execute(counted.values(used=number, version=number))

    house.do(write)
    house.rest()


def _statements(house: House, code: PromoCode, number: int) -> list[sa.Insert]:
    """Readers with keys in no order, and what follows from each of them."""
    now = datetime.now(UTC)
    first = sa.select(sa.literal(1).label("i")).cte("series", recursive=True)
    series = first.union_all(sa.select(first.c.i + 1).where(first.c.i < number))
    i = series.c.i
    one = sa.func.md5(sa.cast(sa.func.random(), sa.String)).concat(sa.func.md5(sa.cast(i, sa.String)))
    key = one if house.kind == "postgresql" else sa.func.lower(sa.func.hex(sa.func.randomblob(32)))
    whose = {"partner_id": house.partner_id, "event_id": house.event_id}
    of_type = whose | {"pass_type_id": house.pass_type_id}
    price = {"list_price": 99900, "reduction": 99900, "currency": "EUR"}

    def ids(kind: int, at: Any) -> Any:
        """The `at`-th id of a table: they grow, as those of the product do."""
        if house.kind == "postgresql":
            text = sa.func.lpad(sa.func.to_hex(at), 12, "0")
            return sa.cast(sa.literal(f"0192f5c4-000{kind}-7000-8000-").concat(text), sa.Uuid)
        return sa.literal(f"0192f5c4000{kind}70008000").concat(sa.func.printf("%012x", at))

    readers = {"id": ids(1, i), "reader_key": key, "language": "en", "created_at": now}
    readers["email"] = sa.literal("filled-").concat(sa.cast(i, sa.String)).concat("@readers.example")
    made = sa.select(table(Reader), sa.func.row_number().over(order_by=Reader.id).label("i"))
    reader = made.where(Reader.email.like("filled-%")).subquery()
    redemptions = of_type | {"id": ids(2, reader.c.i), "offer_id": code.offer_id, "code_id": code.id}
    redemptions |= price | {"reader_id": reader.c.id, "reader_key": reader.c.reader_key, "state": "confirmed"}
    redemptions |= {"counted": True, "version": reader.c.i, "created_at": now}
    passes = of_type | {"id": ids(3, i), "redemption_id": ids(2, i), "reader_id": ids(1, i), "drawn": 1}
    passes |= {"state": "live", "issued_at": now}
    entries = whose | {"id": ids(4, i), "at": now, "verb": "code.redeemed", "subject_id": ids(2, i), "facts": {}}
    entries |= {"actor_kind": "token", "code_id": code.id, "version": i}
    mails = {"id": ids(5, i), "kind": "pass", "pass_id": ids(3, i), "language": "en", "state": "sent", "attempts": 1}
    mails |= {"due_at": now, "created_at": now, "settled_at": now}
    return [
        _insert(Reader, readers, series),
        _insert(Redemption, redemptions, reader),
        _insert(Pass, passes, series),
        _insert(Entry, entries, series),
        _insert(Delivery, mails, series),
    ]


def _insert(model: type[Any], values: dict[str, Any], source: Any) -> sa.Insert:
    columns = table(model).c
    given = [
        value if isinstance(value, sa.ColumnElement) else sa.literal(value, columns[name].type)
        for name, value in values.items()
    ]
    return sa.insert(table(model)).from_select(list(values), sa.select(*given).select_from(source))
