"""Which place of the partner's desk a page says it belongs to."""

from uuid import UUID

import pytest

from promos.rendering import language
from promos.rules.people import Actor, Grant, Role
from promos.web.pages import places

EACH = "01a22943-75a4-7a51-80a6-5c4418187f06"


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/partner/offers", "/partner/offers"),
        (f"/partner/offers/{EACH}", "/partner"),  # as the way there says: events, this event, this offer
        (f"/partner/codes/{EACH}/try", "/partner"),
        (f"/partner/events/{EACH}/results", "/partner"),
        (f"/partner/organisation/{EACH}", "/partner/team"),
        (f"/partner/endpoints/of/{EACH}", "/partner/endpoints"),
    ],
)
def test_a_page_stands_where_its_way_there_begins(path: str, place: str) -> None:
    owner = Actor("person", grants=frozenset({Grant(Role.OWNER, partner_id=UUID(EACH))}))

    found = places.desk(owner, path, language.language("en"))

    assert [each["href"] for each in found if each["current"]] == [place]
