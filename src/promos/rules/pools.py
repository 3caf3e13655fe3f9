"""A partner's own ticket shop: what its codes look like, when one can be given again, and when a pool runs low."""

import re
import unicodedata
from typing import Final
from urllib.parse import quote

from promos.rules import texts
from promos.rules.blocks import seen
from promos.rules.redemption import Low, Tally
from promos.rules.refusals import InvalidRequest, PoolCodeMalformed

LONGEST: Final = 200  # characters of a shop's code
FEW: Final = 25  # codes left, and a tenth of the pool: at the larger of the two it runs low
PLACE: Final = "{code}"  # in the address of a shop's checkout, where the code goes

# A letter or digit first: no spreadsheet takes such a cell for a formula.
_CODE = re.compile(r"[^\W_][!-~\u00a1-\uffff]*")


def code(typed: str) -> str:
    """A shop's code as its reader types it there; raises `PoolCodeMalformed`.

    Shops differ in what they allow, so nothing is mended. Neither blanks nor anything unseen.
    """
    text = unicodedata.normalize("NFC", typed.strip())
    if len(text) > LONGEST or not _CODE.fullmatch(text) or seen(text) != text or "\ufffd" in text:
        raise PoolCodeMalformed
    return text


def compared(text: str) -> str:
    """Two codes that no ticket shop tells apart are one: upper and lower case, full and half width."""
    return unicodedata.normalize("NFKC", text.strip()).casefold()


def after_end(state: str, *, is_returned: bool) -> str:
    """What becomes of a shop's code when the redemption that has it ends.

    A code is shown with the confirmation, on the page and by mail at once: from then on it is *burnt*, for its reader
    can use it in the shop whatever happens here. The code of a hold was shown to nobody, so it is *free* again, unless
    the offer keeps what a hold used.
    """
    return "free" if state == "reserved" and is_returned else "burnt"


def running_low(pool: Tally, given: int) -> Low | None:
    """Told once on the way down, when these last codes leave a tenth or 25, whichever is more; and at the last one.

    A pool of fewer than 50 says so at half.
    """
    left = pool.after(given).left
    if pool.limit is None or pool.left is None or left is None:
        return None
    few = min(max(pool.limit // 10, FEW), pool.limit // 2)
    return Low("pool", left) if left == 0 < pool.left or left <= few < pool.left else None


def shop_url(value: str, field: str) -> str:
    """The address of a shop's checkout, with `{code}` in at most one place."""
    text = texts.url(value.replace(PLACE, "CODE", 1), field)
    if "{" in text or "}" in text:
        raise InvalidRequest({field: texts.ONE_PLACE})
    return value.strip()


def address(template: str, text: str) -> str:
    """Where a reader uses this code."""
    return template.replace(PLACE, quote(text, safe=""))
