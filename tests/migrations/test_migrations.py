"""Up, down and up again, and a schema that says what the models say, on both databases."""

import re
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from promos import schema
from promos.database import Database
from promos.models import Base, PromoCode
from promos.settings import Settings

ROOT = Path(__file__).parents[2]


async def test_the_models_say_what_the_migrations_made(settings: Settings) -> None:
    await schema.check(settings)


async def test_down_and_up_again_is_the_same_schema(settings: Settings, database: Database) -> None:
    before = await _everything(database)

    await schema.downgrade(settings, "base")
    await schema.upgrade(settings)

    assert await schema.current(database) == schema.head()
    assert await _everything(database) == before


async def test_a_second_upgrade_finds_nothing_to_do(settings: Settings, database: Database) -> None:
    await schema.upgrade(settings)

    assert await schema.current(database) == schema.head()


async def test_checks_and_conditions_of_indexes_are_the_models(database: Database) -> None:
    """Alembic's own check sees neither."""
    found = await _everything(database)
    checks, conditions = found["checks"], found["conditions"]

    for table in Base.metadata.sorted_tables:
        for constraint in table.constraints:
            if isinstance(constraint, sa.CheckConstraint):
                assert str(constraint.name) in checks, constraint.name
                if database.is_sqlite:
                    assert checks[str(constraint.name)] == _bare(str(constraint.sqltext))
        for index in table.indexes:
            where = index.dialect_options["sqlite" if database.is_sqlite else "postgresql"]["where"]
            if where is not None:
                assert _bare(str(where)) == conditions[str(index.name)]


async def test_the_application_may_add_to_the_journal_and_never_change_it(
    database: Database, settings: Settings
) -> None:
    if database.is_sqlite:
        return  # one file, one owner
    async with database.reading() as session:
        rights = "SELECT has_table_privilege('journal', :right)"
        held = {
            right: await session.scalar(sa.text(rights), {"right": right}) for right in ("INSERT", "UPDATE", "DELETE")
        }
        owner = await session.scalar(sa.text("SELECT tableowner FROM pg_tables WHERE tablename = 'promo_codes'"))
        me = await session.scalar(sa.text("SELECT current_user"))
    assert held == {"INSERT": True, "UPDATE": False, "DELETE": False}
    assert owner != me


def test_the_migrations_can_be_written_as_sql_for_postgresql(capsys: Any) -> None:
    config = Config(ROOT / "alembic.ini")

    command.upgrade(config, "head", sql=True)

    written = capsys.readouterr().out
    assert f"CREATE TABLE {PromoCode.__tablename__}" in written
    assert "lock_timeout" in written


async def _everything(database: Database) -> dict[str, Any]:
    """Tables with their columns, and each CHECK and index condition by name, as the database tells them."""
    async with database.reading() as session:
        connection = await session.connection()
        columns = await connection.run_sync(_columns)
        if database.is_sqlite:
            rows = (
                (await session.execute(sa.text("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL"))).scalars().all()
            )
            text = "\n".join(rows)
            checks = {
                name: _bare(condition)
                for name, condition in re.findall(r"CONSTRAINT (ck_\w+) CHECK \((.+?)\)(?:, \n|\n)", text)
            }
            conditions = {name: _bare(where) for name, where in re.findall(r"INDEX (\w+) ON .+ WHERE (.+)", text)}
            return {"columns": columns, "checks": checks, "conditions": conditions}
        made = (
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'c' AND conname LIKE 'ck_%'"
        )
        checks = {row[0]: row[1] for row in await session.execute(sa.text(made))}
        indexed = "SELECT indexname, indexdef FROM pg_indexes WHERE indexdef LIKE '%WHERE%' AND schemaname = 'public'"
        conditions = {row[0]: _bare(row[1].partition(" WHERE ")[2]) for row in await session.execute(sa.text(indexed))}
        return {"columns": columns, "checks": checks, "conditions": conditions}


def _columns(connection: sa.Connection) -> dict[str, list[str]]:
    inspector = sa.inspect(connection)
    return {
        name: sorted(column["name"] for column in inspector.get_columns(name)) for name in inspector.get_table_names()
    }


def _bare(condition: str) -> str:
    """A condition without what PostgreSQL adds when it tells it."""
    text = re.sub(r"::(?:text|character varying)(?:\[\])?", "", condition)
    text = re.sub(r"= ANY \(+ARRAY\[(.*?)\]\)+", r"IN (\1)", text)
    return re.sub(r"[\s()]+", " ", text).strip().lower()
