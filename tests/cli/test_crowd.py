"""`promos crowd`: what it says where all is well, where something is wrong, and where it cannot begin."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from math import inf
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from promos import cli, crowd
from promos.crowd.desk import Desk
from promos.crowd.report import Report
from promos.crowd.wire import Wire
from promos.database import Database
from promos.models import Pass, PromoCode, Reader, Redemption
from promos.queries import recount
from promos.rules.histories import Asked, Done, Finding, Refused, Unknown
from promos.rules.people import Role, Scope
from promos.settings import Settings
from tests.race.conftest import House

LIMIT = 12


@pytest.fixture
async def served(settings: Settings, database: Database) -> AsyncIterator[House]:
    house = House(settings, database)
    try:
        await house.start(1)
        yield house
    finally:
        house.stop()


def where(house: House) -> str:
    return f"http://127.0.0.1:{house.ports[0]}"


async def promos(house: House, *arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Exit status and what `promos crowd` printed."""
    status = await asyncio.to_thread(cli.main, ["crowd", *arguments, "--url", where(house)])
    said = capsys.readouterr()
    return status, said.out, said.err


async def code_now(database: Database, code: PromoCode) -> PromoCode:
    async with database.reading() as session:
        return await session.get_one(PromoCode, code.id)


async def test_a_crowd_comes_is_told_the_truth_and_leaves_the_code_as_it_was(
    served: House, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    code = await served.code(limit=None, code_limit=LIMIT)
    _, token = await served.token()
    asked = (code.text, "--token", token, "--readers", "80", "--connections", "16")

    status, out, _ = await promos(served, *asked, "--json", capsys=capsys)

    report = json.loads(out)
    assert (status, report["verdict"], report["findings"]) == (0, "well", [])
    assert report["granted"] - report["cancelled"] <= LIMIT <= report["granted"]
    assert report["granted"] + report["refused"] >= 80
    assert [report[name] for name in ("over", "refused_while_free", "second_passes", "drift", "left_behind")] == [0] * 5
    after = await code_now(database, code)
    assert (after.used, after.limit, after.status) == (0, LIMIT, "active")
    async with database.reading() as session:
        assert await recount.differences(session) == []
        assert all(email.endswith(".invalid") for email in await session.scalars(sa.select(Reader.email)))
        live = sa.select(sa.func.count()).select_from(Pass).where(Pass.state == "live")
        assert await session.scalar(live) == 0

    status, out, _ = await promos(served, *asked, "--keep", "--cancels", "0", "--limit-changes", "0", capsys=capsys)

    assert status == 0
    assert re.search(rf"granted +{LIMIT} ", out)
    assert out.rstrip().endswith("All is well: every answer was true when it was given.")
    assert (await code_now(database, code)).used == LIMIT


async def test_a_counter_that_somebody_moves_in_the_crowd_is_found(served: House, database: Database) -> None:
    code = await served.code(limit=None, code_limit=LIMIT)
    _, token = await served.token()
    is_full = asyncio.Event()

    async def tamper() -> None:
        await is_full.wait()
        async with database.writing() as session:
            await session.execute(sa.update(PromoCode).where(PromoCode.id == code.id).values(used=PromoCode.used - 3))

    plan = crowd.Plan(
        code.text, where(served), token, readers=300, connections=8, cancels=0, limit_changes=0, keep=True
    )
    tampering = asyncio.create_task(tamper())
    report = await crowd.run(plan, lambda done, _: is_full.set() if done >= 2 * LIMIT else None)
    await tampering

    said = report.as_json()
    assert not report.is_well
    assert (said["over"], said["drift"], said["verdict"]) == (3, -3, "wrong")
    assert said["granted"] == LIMIT + 3


async def test_somebody_else_at_the_same_code_is_noticed(served: House) -> None:
    code = await served.code(limit=None, code_limit=LIMIT)
    _, token = await served.token()
    begun = asyncio.Event()

    async def come_too() -> None:
        await begun.wait()
        own: list[Asked] = []
        desk = Desk(Wire(where(served), token), code.text, own)
        await desk.limit(LIMIT + 1)
        desk.wire.close()

    plan = crowd.Plan(code.text, where(served), token, readers=60, connections=4, limit_changes=0)
    coming = asyncio.create_task(come_too())
    report = await crowd.run(plan, lambda _done, _all: begun.set())
    await coming

    assert "gap" in {finding.what for finding in report.findings}


async def test_where_it_cannot_begin_it_says_why(served: House, capsys: pytest.CaptureFixture[str]) -> None:
    code = await served.code(limit=None, code_limit=LIMIT)
    kept = await served.code(limit=9, on_cancel="keep")
    _, token = await served.token()
    _, stranger = await served.token(Role.MEMBER, partner_id=kept.partner_id)

    async def why(*arguments: str) -> str:
        status, out, err = await promos(served, *arguments, "--readers", "20", capsys=capsys)
        assert (status, out) == (2, "")
        return err

    assert "unknown, has ended or was revoked" in await why(code.text, "--token", "pk_nobody")
    assert "there is no such code" in await why("NOSUCHCODE", "--token", token)
    assert "none that this token may see" in await why(code.text, "--token", stranger)
    assert "stay used up" in await why(kept.text, "--token", token)
    served.stop()
    assert "it does not answer" in await why(code.text, "--token", token)


async def test_a_token_that_may_not_redeem_is_told_which_scope_it_lacks(
    served: House, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    code = await served.code(limit=None, code_limit=LIMIT)
    token_id, token = await served.token(scopes={Scope.READ, Scope.WRITE})

    status, _, err = await promos(served, code.text, "--token", token, capsys=capsys)

    assert token_id
    assert (status, "(redeem)" in err) == (2, True)
    async with database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(Redemption)) == 0


def test_a_report_counts_what_was_heard_and_shows_what_is_wrong() -> None:
    history = [
        Asked("redeem", 0.0, 0.1, Done(2, "one"), "ada"),
        Asked("redeem", 0.0, 0.3, Refused("code-exhausted"), "bo"),
        Asked("redeem", 0.1, inf, Unknown(), "cy"),
        Asked("cancel", 0.2, 0.4, Done(3), redemption="one"),
        Asked("limit", 0.2, 0.5, Done(4), limit=3),
    ]
    findings = tuple(Finding("free", f"reader{number} was told so") for number in range(12))
    report = Report("FREEA", 3, 2, 1, history, 0.5, 0, 0, findings)

    said: dict[str, Any] = report.as_json()

    names = ("granted", "cancelled", "refused", "not_heard", "limit_changes", "refused_while_free")
    assert [said[name] for name in names] == [1, 1, 1, 1, 1, 12]
    assert (said["answers_per_second"], said["p50_ms"], said["p99_ms"]) == (10.0, 300.0, 300.0)
    text = "\n".join(report.as_text())
    assert "… and 2 more, all of them with --json" in text
    assert text.endswith("Something is wrong.")


@pytest.mark.parametrize(
    "mistake", [("--readers", "0"), ("--cancels", "2"), ("--cancels", "x"), ("--limit-changes", "-1")]
)
def test_senseless_numbers_are_refused_by_name(mistake: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["crowd", "FREEA", "--token", "pk_x", *mistake])

    assert ended.value.code == 2
    assert mistake[0] in capsys.readouterr().err


async def test_who_keeps_the_passes_has_the_limit_back_even_when_stopped(
    served: House, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = await served.code(limit=None, code_limit=LIMIT)
    _, token = await served.token()
    change, stopped = Desk.limit, list[int]()

    async def limit(desk: Desk, to: int | None) -> Asked:
        changed = await change(desk, to)
        if to is not None and to < LIMIT and not stopped:
            stopped.append(to)
            raise crowd.NotPossible("stopped")
        return changed

    monkeypatch.setattr(Desk, "limit", limit)
    plan = crowd.Plan(code.text, where(served), token, readers=40, connections=4, limit_changes=20, keep=True)
    with pytest.raises(crowd.NotPossible, match="stopped"):
        await crowd.run(plan)

    assert stopped
    assert (await code_now(database, code)).limit == LIMIT


@pytest.mark.parametrize(("status", "document"), [(301, None), (200, None), (200, ["a page"])])
async def test_another_site_is_told_from_an_installation(status: int, document: object) -> None:
    async def ask(_method: str, _path: str) -> SimpleNamespace:
        return SimpleNamespace(status=status, document=document)

    site: Any = SimpleNamespace(ask=ask)
    with pytest.raises(crowd.NotPossible, match="no installation"):
        await Desk(site, "X", []).document("GET", "/api/v1/codes/X")
