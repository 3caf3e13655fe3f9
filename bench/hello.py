"""The least that this framework and this server can do: what everything over HTTP is compared with."""

import msgspec
from litestar import Litestar, get, post
from litestar.params import JSONBody
from litestar.types import ASGIApp

SAID = {
    "id": "019a0000-0000-7000-8000-000000000000",
    "state": "confirmed",
    "version": 1,
    "expires_at": None,
    "price": {"list_price": "999.00", "reduction": "999.00", "price": "0.00", "currency": "EUR"},
    "pass": {
        "id": "019a0000-0000-7000-8000-000000000001",
        "token": "P" * 60,
        "url": "https://promos.example/p/" + "a" * 52,
    },
}


class NewReader(msgspec.Struct):
    email: str


class NewRedemption(msgspec.Struct):
    code: str
    reader: NewReader


@get("/")
async def hello() -> dict[str, str]:
    return {"hello": "world"}


@post("/redemptions")
async def nothing_done(data: JSONBody[NewRedemption]) -> dict[str, object]:  # noqa: ARG001 -- read, and that is all
    """A redemption's request and answer, with nothing between them."""
    return SAID


def served() -> ASGIApp:
    return Litestar([hello, nothing_done], openapi_config=None, logging_config=None)


if __name__ == "__main__":
    import sys

    from granian.constants import Interfaces
    from granian.server import Server

    Server(
        "bench.hello:served",
        port=int(sys.argv[1]),
        interface=Interfaces.ASGI,
        factory=True,
        websockets=False,
        log_level="warning",  # type: ignore[arg-type]
    ).serve()
