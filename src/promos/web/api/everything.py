"""All that is a partner's own, in one file, to carry it elsewhere."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Stream

from promos import schema
from promos.actions import exports as actions
from promos.models import Partner
from promos.queries import everything, exports
from promos.queries.lists import LISTS, Wish
from promos.rendering import parcels
from promos.rendering.parcels import Part
from promos.rendering.sheets import Cell
from promos.rules.people import Actor, Role, Scope
from promos.rules.texts import slug_of
from promos.web.access import allows
from promos.web.given import Reads, Writes
from promos.web.problems import TAKES_LONG

FORMAT = "promos-everything-1"
Told = Sequence[tuple[Mapping[str, Any], Sequence[Cell]]]


@get(
    "/partners/{id:uuid}/everything",
    opt=allows(Role.ADMIN, Role.OWNER, scope=Scope.READ) | TAKES_LONG,
    operation_id="exportEverything",
)
async def export_everything(
    id: FromPath[UUID],
    reads: NamedDependency[Reads],
    writes: NamedDependency[Writes],
    actor: NamedDependency[Actor],
    now: NamedDependency[datetime],
) -> Any:
    """A ZIP of every table of a partner, each as CSV and JSON, with a manifest: counts, SHA-256, schema. No secrets, no
    hashes; readers are pseudonyms, and `readers` holds what they agree to show at this moment. It leaves while it is
    read and lies nowhere. An entry of the journal says who took it."""
    return await taken(id, reads, writes, actor, now)


async def taken(partner_id: UUID, reads: Reads, writes: Writes, by: Actor, now: datetime) -> Any:
    """The file, once it is written down who takes it; raises `NotFound`."""
    async with reads() as session:
        partner = await everything.partner(session, partner_id, by)
        number = await everything.number(session, partner_id)
        readers = await exports.chosen(session, "readers", Wish(partner_id), by)
    await writes.run(lambda session, now: actions.record_everything(session, partner_id, number, now=now, by=by))
    parts = [
        Part(table.name, everything.columns(table), _told(reads, table, partner_id)) for table in everything.tables()
    ]
    columns = list(LISTS["readers"].columns)
    parts.append(Part("readers", columns, _shared(reads, readers, columns)))
    name = f"promos-{slug_of(partner.name)}-{now:%Y-%m-%d}.zip"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Stream(parcels.packed(parts, _about(partner, now)), media_type="application/zip", headers=headers)


def _about(partner: Partner, now: datetime) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "partner": {"id": str(partner.id), "name": partner.name},
        "begun_at": now.isoformat(),
        "schema": schema.head(),
        "left_out": {table: sorted(columns) for table, columns in everything.LEFT_OUT.items()},
    }


async def _told(reads: Reads, table: Any, partner_id: UUID) -> AsyncIterator[Told]:
    names = everything.columns(table)
    async for some in everything.rows(reads, table, partner_id):
        yield [(row, [everything.cell(row[name]) for name in names]) for row in some]


async def _shared(reads: Reads, readers: exports.Chosen, columns: Sequence[str]) -> AsyncIterator[Told]:
    """What readers agree to show at the moment when it leaves."""
    async for some in exports.pieces(reads, readers):
        yield [(dict(zip(columns, (everything.plain(cell) for cell in line), strict=True)), line) for line in some]


HANDLERS: list[Any] = [export_everything]
