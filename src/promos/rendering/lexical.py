"""HTML as Ghost's editor keeps it: one card in a Lexical document."""

import json


def document(html: str) -> str:
    """`html` as JSON for the field `lexical` of a Ghost post; `root.children` can be joined to those of a draft.

    An HTML card is kept as it is. The other way in, `?source=html`, takes apart what it does not know (Ghost 6).
    """
    card = {"type": "html", "version": 1, "html": html}
    root = {"children": [card], "direction": None, "format": "", "indent": 0, "type": "root", "version": 1}
    return json.dumps({"root": root}, ensure_ascii=False)
