"""The colours of a promo block, the same in every rendering.

Every ink on every ground it stands on is at least 4.5 : 1, also with all colours inverted; the button is light, so that
a mail program that throws the styles away and keeps `bgcolor` shows its own blue link on it legibly.
"""

from typing import Final

PAINT: Final = {"ink": "#1B1F27", "paper": "#FFFFFF", "wash": "#F4F5F7", "button": "#E9EFFC", "link": "#16337A"}
