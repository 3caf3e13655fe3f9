"""Who the readers of an event are, on a page of their own."""

from promos.database import Database
from tests.web.pages.conftest import SignIn
from tests.web.pages.desk import a_world, an_owner


async def test_who_the_readers_are_is_told_of_five_and_more(signed_in: SignIn, database: Database) -> None:
    partner, event, *_ = await a_world(database, redeemed=6)
    browser = await an_owner(signed_in, partner)

    page = (await browser.get(f"/partner/events/{event.id}/results/readers")).text

    assert "Of 5 readers who hold or held a pass. 1 more is counted once the next group of five is full." in page
    assert '<th scope="row">English</th>' in page
    assert '<th scope="row">readers.example</th>' in page


async def test_nobody_is_told_of_before_five_came(signed_in: SignIn, database: Database) -> None:
    partner, event, *_ = await a_world(database, redeemed=4)
    browser = await an_owner(signed_in, partner)

    page = (await browser.get(f"/partner/events/{event.id}/results/readers")).text

    assert "With five readers, this begins to count." in page
    assert "readers.example" not in page
