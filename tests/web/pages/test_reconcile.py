"""An export of the partner's shop on the desk: tried, kept, and looked at again."""

import sqlalchemy as sa

from promos.database import Database
from promos.models import Reconciliation
from tests.web.pages.conftest import Browser, SignIn
from tests.web.pages.desk import a_world, all_of, an_owner


async def sent(browser: Browser, path: str, content: bytes, then: str, **typed: str) -> tuple[int, str]:
    answer = await browser.client.post(
        path,
        data={"_csrf_token": browser.csrf, "then": then, **typed},
        files={"file": ("export.csv", content, "text/csv")},
    )
    return answer.status_code, answer.text


async def test_a_file_is_tried_kept_and_known_again(database: Database, signed_in: SignIn) -> None:
    partner, _, offer, code = await a_world(database)
    browser = await an_owner(signed_in, partner)
    here = f"/partner/offers/{offer.id}/reconcile"
    file = f"Chose,api_id\n{code.spelled},g1\n".encode()

    status, lost = await sent(browser, here, file, "try")
    _, tried = await sent(browser, here, file, "try", code="Chose")
    _, kept = await sent(browser, here, file, "take", code="Chose")
    _, again = await sent(browser, here, file, "take", code="Chose")
    [found] = await all_of(database, sa.select(Reconciliation.id))
    one = await browser.get(f"/partner/reconciliations/{found}")

    assert status == 422
    assert "Say which one it is" in lost
    assert "Only tried" in tried
    assert "The result is kept." in kept
    assert "nothing has changed" in again
    assert code.spelled in one.text
