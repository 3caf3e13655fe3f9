"""How a promo code is written: one normal form for the index and for every look-up."""

import re

from promos.rules.refusals import CodeMalformed

_SPELLED = re.compile(r"[A-Za-z0-9](?:-?[A-Za-z0-9]){2,39}")


def spelled(typed: str) -> str:
    """The code as it is shown: `Free-A-GenAI` → `FREE-A-GENAI`; raises `CodeMalformed`.

    ASCII letters, digits and single dashes between them: `str.isalnum` would let `é`, `²` and `Ⅷ` through.
    """
    text = typed.strip()
    if not _SPELLED.fullmatch(text):
        raise CodeMalformed
    return text.upper()


def normal(typed: str) -> str:
    """The code as it is compared: capitals without dashes; raises `CodeMalformed`."""
    return spelled(typed.replace(" ", "")).replace("-", "")
