"""What the body of a request says, as actions take it."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET

_KEPT = (datetime, Decimal, UUID)


def told(body: msgspec.Struct) -> dict[str, Any]:
    """The members that a body names; what a PATCH leaves out stays as it is."""
    named = {name: getattr(body, name) for name in body.__struct_fields__}
    return {
        name: msgspec.to_builtins(value, builtin_types=_KEPT) for name, value in named.items() if value is not UNSET
    }
