"""A fake of pretix's REST API, from docs.pretix.eu and what pretix 2026.8 answered."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.outside.fakes import Asked, Said, said

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
DENIED = {"detail": "You do not have permission to perform this action."}
THERE = {"non_field_errors": ["A voucher with this code already exists."]}
FULL = {
    "non_field_errors": [
        "You cannot create a voucher that blocks quota as the selected product or quota is currently sold out or "
        "completely reserved."
    ]
}


class FakePretix:
    """One event `genai/2027` with a product of 999.00 EUR, number 1, in a quota of `size`."""

    key = "t0k3n" * 12
    organizer, slug = "genai", "2027"

    def __init__(self, size: int | None = 40) -> None:
        self.size = size
        self.name: Any = {"en": "GenerationAI 2027", "fr": "GenerationAI 2027, Paris"}
        self.asked: list[Asked] = []
        self.vouchers: dict[int, dict[str, Any]] = {}
        self.orders: list[dict[str, Any]] = []
        self.check_ins: list[dict[str, Any]] = []
        self.page = 50
        self.is_series = False
        self.is_down = self.is_revoked = False
        self.fails_after: int | None = None  # answers until it is down
        self.now = NOW
        self._last, self._clock = 0, NOW

    @property
    def left(self) -> int | None:
        if self.size is None:
            return None
        blocked = sum(
            each["block_quota"] and not each["redeemed"] and not self._has_ended(each)
            for each in self.vouchers.values()
        )
        sold = sum(not each["canceled"] for order in self.orders for each in order["positions"])
        return self.size - int(blocked + sold)

    def voucher(self, code: str) -> dict[str, Any]:
        [found] = [each for each in self.vouchers.values() if each["code"].upper() == code.upper()]
        return found

    def add(self, code: str, *, tag: str = "", max_usages: int = 1) -> int:
        return self._store({"code": code, "tag": tag, "max_usages": max_usages})

    def order(self, code: str | None) -> int:
        """Somebody buys with this code; the number of the position."""
        number = self._next()
        voucher = self.voucher(code) if code else None
        if voucher:
            voucher["redeemed"] += 1
        position = {"id": number, "voucher": voucher["id"] if voucher else None, "canceled": False}
        self.orders.append({"status": "p", "last_modified": self._now(), "positions": [position]})
        return number

    def cancel(self, position: int) -> None:
        for order in self.orders:
            if order["positions"][0]["id"] == position:
                order |= {"status": "c", "last_modified": self._now()}
                self.vouchers[order["positions"][0]["voucher"]]["redeemed"] -= 1

    def scan(self, position: int, *, successful: bool = True, type_: str = "entry") -> None:
        at = self._now()
        self.check_ins.append(
            {"position": position, "successful": successful, "type": type_, "datetime": at, "created": at}
        )

    async def __call__(self, asked: Asked) -> Said:
        self.asked.append(asked)
        if self.fails_after is not None:
            self.is_down = self.is_down or self.fails_after <= 0
            self.fails_after -= 1
        if self.is_down:
            return Said(502, b"<h1>Bad gateway</h1>")
        if self.is_revoked or asked.headers.get("authorization") != f"Token {self.key}":
            return said(401, {"detail": "Invalid token."})
        path = re.fullmatch(r"/api/v1/organizers/([^/]+)/events/([^/]+)/(.*)", asked.path)
        if not path or path.groups()[:2] != (self.organizer, self.slug):
            return said(403, DENIED)
        return self._answer(asked, path[3])

    def _answer(self, asked: Asked, path: str) -> Said:
        if path == "":
            event = {"slug": self.slug, "name": self.name, "currency": "EUR", "live": True, "testmode": False}
            return said(
                200, event | {"has_subevents": self.is_series, "public_url": "https://shop.example/genai/2027/"}
            )
        if path == "items/":
            price = {"default_price": "999.00", "variations": []}
            return self._listed(asked, [{"id": 1, "name": {"en": "Two days", "fr": "Pass 2 jours"}, **price}])
        if path == "quotas/":
            quota = {"id": 1, "name": "Passes", "size": self.size, "items": [1], "variations": []}
            return self._listed(asked, [quota | {"available_number": self.left}])
        if path == "vouchers/batch_create/":
            return self._made(asked.data)
        if path == "vouchers/":
            return self._listed(asked, [each for each in self.vouchers.values() if each["tag"] == asked.query["tag"]])
        if path == "orders/":
            return self._listed(asked, [each for each in self.orders if _since(each["last_modified"], asked)])
        if path == "checkins/":
            return self._listed(asked, [each for each in self.check_ins if _since(each["created"], asked)])
        one = re.fullmatch(r"vouchers/(\d+)/", path)
        if one and asked.method == "PATCH" and int(one[1]) in self.vouchers:
            return self._changed(self.vouchers[int(one[1])], asked.data)
        if one and asked.method == "DELETE" and int(one[1]) in self.vouchers:
            if self.vouchers[int(one[1])]["redeemed"]:
                return said(403, {"detail": "This voucher can not be deleted as it has already been used."})
            del self.vouchers[int(one[1])]
            return Said(204)
        return said(404, {"detail": "Not found."})

    def _made(self, wanted: list[dict[str, Any]]) -> Said:
        """All or none; whether there is room is asked for each alone, as pretix does."""
        codes = {each["code"].upper() for each in self.vouchers.values()}
        wrong = [
            THERE if each["code"].upper() in codes else FULL if each["block_quota"] and self.left == 0 else {}
            for each in wanted
        ]
        if any(wrong):
            return said(400, wrong)
        return said(201, [self.vouchers[self._store(each)] for each in wanted])

    def _changed(self, voucher: dict[str, Any], wanted: dict[str, Any]) -> Said:
        """What had ended and shall last longer needs room in the quota again."""
        if self._has_ended(voucher) and voucher["block_quota"] and self.left == 0:
            return said(400, FULL)
        voucher |= wanted
        return said(200, voucher)

    def _has_ended(self, voucher: dict[str, Any]) -> bool:
        return bool(voucher["valid_until"]) and datetime.fromisoformat(voucher["valid_until"]) < self.now

    def _store(self, voucher: dict[str, Any]) -> int:
        number = self._next()
        self.vouchers[number] = {"block_quota": False, "valid_until": None, **voucher, "id": number, "redeemed": 0}
        return number

    def _listed(self, asked: Asked, rows: list[dict[str, Any]]) -> Said:
        """The address of the next page leads elsewhere: nobody may go where it says."""
        page, size = int(asked.query.get("page", 1)), min(self.page, int(asked.query.get("page_size", 50)))
        there = rows[(page - 1) * size : page * size]
        following = "https://evil.example/?page=2" if page * size < len(rows) else None
        return said(200, {"count": len(rows), "next": following, "previous": None, "results": there})

    def _next(self) -> int:
        self._last += 1
        return self._last

    def _now(self) -> str:
        self._clock += timedelta(seconds=1)
        return self._clock.isoformat()


def _since(at: str, asked: Asked) -> bool:
    bound = asked.query.get("modified_since") or asked.query.get("created_since")
    return bound is None or datetime.fromisoformat(at) >= datetime.fromisoformat(bound)
