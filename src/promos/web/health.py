"""Whether this process lives, and whether it can do its work."""

from typing import Any

from litestar import Request, Response, get
from sqlalchemy.exc import SQLAlchemyError

from promos import schema
from promos.web.access import ANYONE


@get("/health/live", opt=ANYONE, include_in_schema=False)
async def live() -> dict[str, str]:
    return {"status": "alive"}


@get("/health/ready", opt=ANYONE, include_in_schema=False)
async def ready(request: Request[Any, Any, Any]) -> Response[dict[str, str]]:
    """200 when the database answers, has the shape this program needs, and the process is not about to stop."""
    state = request.app.state
    try:
        if state.stopping:
            return Response({"status": "stopping"}, status_code=503)
        if await schema.current(state.database) != state.schema_head:
            return Response({"status": "the database needs `promos migrate`"}, status_code=503)
    except (SQLAlchemyError, OSError, TimeoutError):
        return Response({"status": "the database does not answer"}, status_code=503)
    return Response({"status": "ready"})


HEALTH: list[Any] = [live, ready]
