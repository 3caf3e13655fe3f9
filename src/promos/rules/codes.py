"""How a promo code is written: one normal form for the index and for every look-up.

Public words are compared as they are typed. Secret codes are long, and compared with their look-alikes mended (O is 0,
I and L are 1): nobody who types one from paper has to tell them apart.
"""

import re

from promos.rules.refusals import CodeMalformed

SECRET = 13  # symbols from which on a text may be a secret code: 64 bits need as many

_SPELLED = re.compile(r"[A-Za-z0-9](?:-?[A-Za-z0-9]){2,39}")
_ALIKE = str.maketrans("OIL", "011")  # as Crockford's base 32 reads them


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


def mended(normal: str) -> str:
    """A secret code as it is compared: `GENAI7KO2…` → `GENA17K02…`."""
    return normal.translate(_ALIKE)


def may_be_secret(normal: str) -> bool:
    """Whether a text is as long as secret codes are. Unless it is a public word, nobody hears whether it is one."""
    return len(normal) >= SECRET
