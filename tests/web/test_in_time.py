"""An answer begins in time, on a clock that moves when nobody has anything to do."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from types import SimpleNamespace
from typing import Any

import pytest

from promos.rules.refusals import OutcomeUnknown, Overloaded
from promos.web.problems import InTime

LIMIT = 10.0


class Still(asyncio.SelectorEventLoop):
    """A loop whose clock jumps to what comes next."""

    def __init__(self) -> None:
        self.now = 0.0
        jumping = selectors.DefaultSelector()
        look = jumping.select

        def select(timeout: float | None = None) -> Any:
            self.now += timeout or 0
            return look(0)

        jumping.select = select  # type: ignore[method-assign]
        super().__init__(jumping)

    def time(self) -> float:
        return self.now


def answered(work: Callable[[Any, Any], Coroutine[Any, Any, None]], *, body: float, method: str = "POST") -> float:
    """When `work` was done with a request whose body comes after `body` seconds."""
    loop = Still()

    async def receive() -> Any:
        await asyncio.sleep(body)
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        pass

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await work(receive, send)

    async def all_of_it() -> None:
        scope: Any = {"route_handler": SimpleNamespace(opt={}), "method": method}
        await InTime(LIMIT).handle(scope, receive, send, app)

    try:
        loop.run_until_complete(all_of_it())
        return loop.now
    finally:
        loop.close()


def working(before: float, after: float, *, sends: bool = False) -> Callable[[Any, Any], Coroutine[Any, Any, None]]:
    async def work(receive: Any, send: Any) -> None:
        await asyncio.sleep(before)
        await receive()
        if sends:
            await send({"type": "http.response.start"})
        await asyncio.sleep(after)

    return work


def test_what_the_sender_takes_is_not_our_time() -> None:
    assert answered(working(6, 3), body=9) == pytest.approx(18)


def test_time_used_before_the_body_came_is_not_given_back() -> None:
    with pytest.raises(OutcomeUnknown):
        answered(working(6, 6), body=9)


def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    with pytest.raises(Overloaded):
        answered(working(0, 0), body=11, method="GET")


def test_an_answer_that_has_begun_may_take_long() -> None:
    assert answered(working(0, 100, sends=True), body=1) == pytest.approx(101)
