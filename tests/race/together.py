"""Requests that arrive at one moment: each lacks its last byte until all the others are there, too."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from promos.crowd.wire import Heard, Wire


@dataclass(frozen=True, slots=True)
class Request:
    port: int
    path: str
    document: Any = None
    token: str | None = None
    method: str = "POST"


def press(port: int, secret: str, **document: Any) -> Request:
    """The button behind a claim's mail."""
    return Request(port, f"/api/v1/claims/{secret}/confirm", document or None)


def vouch(port: int, token: str, code: str, email: str, **facts: Any) -> Request:
    """A token redeems for a reader."""
    return Request(port, "/api/v1/redemptions", {"code": code, "reader": {"email": email}} | facts, token)


async def together(requests: Sequence[Request]) -> list[Heard]:
    wires = [Wire(f"http://127.0.0.1:{each.port}", each.token) for each in requests]
    try:
        await asyncio.gather(
            *(wire.hold(each.method, each.path, each.document) for wire, each in zip(wires, requests, strict=True))
        )
        return await asyncio.gather(*(wire.release() for wire in wires))
    finally:
        for wire in wires:
            wire.close()


def said(answers: Sequence[Heard]) -> Counter[str]:
    """How often which answer was given: the slug of a refusal, or the status."""
    return Counter(str(heard.document.get("code", heard.status)) for heard in answers)


def redemptions_in(answers: Sequence[Heard]) -> set[str]:
    return {heard.document["id"] for heard in answers if heard.status in {200, 201}}
