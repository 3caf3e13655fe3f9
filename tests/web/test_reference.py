"""The page of the API."""

import httpx


async def test_every_operation_stands_on_the_page_that_the_demo_names(client: httpx.AsyncClient) -> None:
    page = await client.get("/docs")
    document = (await client.get("/openapi.json")).json()

    assert page.status_code == 200
    assert [path for path in document["paths"] if path not in page.text] == []
