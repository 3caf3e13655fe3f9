"""What one asks the API about one code, with every question and answer kept for the check."""

import asyncio
from math import inf
from typing import Any
from urllib.parse import quote

from promos.crowd.wire import Heard, Lost, Wire
from promos.rules.histories import Asked, Code, Done, Refused, Unknown

TRIES = 8
LONGEST_PAUSE = 2.0  # seconds
NOT_US = frozenset({401, 403, 404})


class NotPossible(Exception):  # noqa: N818 -- a state
    """Why the code cannot be asked at all, in a sentence."""


class Desk:
    """One connection's questions about one code. Several desks keep one history."""

    def __init__(self, wire: Wire, code: str, history: list[Asked]) -> None:
        self.wire, self._code, self._history = wire, code, history

    async def redeem(self, email: str, *, is_ready: bool = False, hold_for: int | None = None) -> Asked:
        """Ask for a pass, or for a hold; where the outcome is unknown ask again, which shows what was given."""
        return await self._ask("redeem", *self._redemption(email, hold_for), who=email, is_ready=is_ready)

    async def ready(self, email: str) -> None:
        """Send all of `redeem` but its last byte."""
        await self.wire.hold(*self._redemption(email))

    async def confirm(self, redemption: str) -> Asked:
        path = f"/api/v1/redemptions/{redemption}/confirm"
        return await self._ask("confirm", "POST", path, redemption=redemption)

    async def cancel(self, redemption: str) -> Asked:
        path = f"/api/v1/redemptions/{redemption}/cancel"
        return await self._ask("cancel", "POST", path, redemption=redemption)

    async def limit(self, limit: int | None) -> Asked:
        return await self._ask("limit", "PATCH", self._path(), {"limit": limit}, limit=limit)

    async def pause(self) -> Asked:
        return await self._ask("pause", "PATCH", self._path(), {"status": "paused"})

    async def resume(self) -> Asked:
        return await self._ask("resume", "PATCH", self._path(), {"status": "active"})

    async def look(self) -> Asked:
        return await self._ask("look", "GET", self._path())

    async def document(self, method: str, path: str) -> Any:
        """What an address that changes nothing says, outside of the history; raises `NotPossible`."""
        try:
            heard = await self.wire.ask(method, path)
        except Lost:  # perhaps only a connection that was idle for too long
            try:
                heard = await self.wire.ask(method, path)
            except Lost as lost:
                raise NotPossible(f"it does not answer: {lost}") from None
        if heard.status >= 400:
            raise NotPossible(_why(heard))
        if heard.status >= 300 or not isinstance(heard.document, dict):
            raise NotPossible("that is no installation of Promos, or its address is another one")
        return heard.document

    def _path(self) -> str:
        return f"/api/v1/codes/{quote(self._code, safe='')}"

    def _redemption(self, email: str, hold_for: int | None = None) -> tuple[str, str, Any]:
        held = {} if hold_for is None else {"hold_for": hold_for}
        return "POST", "/api/v1/redemptions", {"code": self._code, "reader": {"email": email}} | held

    async def _ask(
        self, kind: str, method: str, path: str, document: Any = None, *, is_ready: bool = False, **facts: Any
    ) -> Asked:
        asked = Asked(kind, inf, inf, Unknown(), **facts)
        for attempt in range(TRIES):
            pause = 0.05 * 2**attempt
            try:
                heard = await (
                    self.wire.release() if is_ready and not attempt else self.wire.ask(method, path, document)
                )
            except Lost as lost:
                asked = Asked(kind, lost.start, inf, Unknown(), **facts)
                self._history.append(asked)
            else:
                if heard.status in NOT_US:
                    raise NotPossible(_why(heard))
                answer = answer_of(kind, heard)
                is_known = not isinstance(answer, Unknown)
                asked = Asked(kind, heard.start, heard.end if is_known else inf, answer, **facts)
                if answer != Refused("overloaded"):  # which says that nothing was done
                    self._history.append(asked)
                    if is_known:
                        return asked
                pause = float(heard.headers.get("retry-after", pause))
            await asyncio.sleep(min(pause, LONGEST_PAUSE))
        return asked


def answer_of(kind: str, heard: Heard) -> Done | Refused | Code | Unknown:
    """What an answer of the API means for the history of a code."""
    said = heard.document or {}
    if heard.status < 300:
        if kind == "look":
            return Code(said["version"], said["used"], said["limit"], said["status"])
        return Done(
            said["version"], said["id"] if kind == "redeem" else "", is_new=heard.status == 201 or kind != "redeem"
        )
    if heard.status >= 500 and said.get("code") != "overloaded":
        return Unknown()
    return Refused(said.get("code", f"status {heard.status}"), said.get("used"))


def _why(heard: Heard) -> str:
    if heard.status == 404:
        return "there is no such code, or none that this token may see"
    said = heard.document or {}
    which = f" ({said['scope']})" if "scope" in said else ""
    return f"{said.get('title') or f'it answers {heard.status}'}{which}"
