"""The least that this framework and this server can do: what everything over HTTP is compared with."""

from litestar import Litestar, get
from litestar.types import ASGIApp


@get("/")
async def hello() -> dict[str, str]:
    return {"hello": "world"}


def served() -> ASGIApp:
    return Litestar([hello], openapi_config=None, logging_config=None)


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
