"""A published page is read as anybody gets it, and nothing is told of what is closed."""

import pytest

from promos.outside.pages import fetched
from promos.outside.web import Web
from promos.rules.refusals import PageUnreadable
from tests.outside.fakes import Asked, Said, serving

PAGE = "<p>Publicité : Zephyr Events SAS</p>"


class Site:
    """Says what it is told to for each path."""

    def __init__(self, **pages: Said) -> None:
        self.pages, self.asked = pages, list[str]()

    async def __call__(self, asked: Asked) -> Said:
        self.asked.append(asked.path)
        return self.pages.get(asked.path.strip("/"), Said(404))


def said(text: str, kind: str = "text/html; charset=utf-8", charset: str = "utf-8") -> Said:
    return Said(200, text.encode(charset), {"Content-Type": kind})


def gone_to(place: str) -> Said:
    return Said(301, b"", {"Location": place})


@pytest.mark.parametrize(
    "answer",
    [
        said(PAGE),
        said(PAGE, "text/html;charset=ISO-8859-1", "latin-1"),
        said(f'<meta charset="windows-1252">{PAGE}', "text/html", "cp1252"),
        said(PAGE, "text/html; charset=nonsense"),
        said(PAGE, "text/html; charset=idna"),
        said(f'<meta charset="punycode">{PAGE}', "text/html"),
        said(PAGE, "application/xhtml+xml"),
        said(PAGE, "text/plain"),
    ],
)
async def test_a_page_is_read_in_its_own_letters(answer: Said) -> None:
    async with serving(Site(issue=answer)) as place:
        content, kind = await fetched(Web(trusted={place}), f"http://{place}/issue")

    assert isinstance(content, str)
    assert "Publicité : Zephyr" in content
    assert kind == ("text/plain" if "plain" in answer.headers["Content-Type"] else "text/html")


async def test_three_moves_are_followed_and_a_fourth_is_not() -> None:
    site = Site(a=gone_to("/b"), b=gone_to("c"), c=gone_to("/d"), d=said(PAGE), z=gone_to("/a"))
    async with serving(site) as place:
        web = Web(trusted={place})
        content, _ = await fetched(web, f"http://{place}/a")
        with pytest.raises(PageUnreadable):
            await fetched(web, f"http://{place}/z")

    assert content == PAGE


@pytest.mark.parametrize(
    "place", ["http://169.254.169.254/latest", "http://127.0.0.1:1/", "https://localhost/", "file:///etc/passwd"]
)
async def test_a_move_into_our_own_network_is_not_followed(place: str) -> None:
    site = Site(a=gone_to(place))
    async with serving(site) as outside:
        with pytest.raises(PageUnreadable):
            await fetched(Web(trusted={outside}), f"http://{outside}/a")
    with pytest.raises(PageUnreadable):
        await fetched(Web(), place)


@pytest.mark.parametrize(
    "answer",
    [
        Said(200, b"%PDF", {"Content-Type": "application/pdf"}),
        Said(401, PAGE.encode(), {"Content-Type": "text/html"}),
        Said(500),
        Said(301),
        Said(200, b"x" * 4_000_001, {"Content-Type": "text/html"}),
    ],
)
async def test_what_is_no_page_for_everybody_is_refused_in_the_same_words(answer: Said) -> None:
    async with serving(Site(issue=answer)) as place:
        with pytest.raises(PageUnreadable) as caught:
            await fetched(Web(trusted={place}), f"http://{place}/issue")

    assert caught.value.facts == {}
