"""Which opened links are a person's, and which a program's that looks ahead."""

import re
from collections.abc import Mapping

# Words of programs that open every link of a mail, or fetch a page to preview it. Whoever pretends to be a browser
# is counted as a person: nothing rests on this number but a picture.
_PROGRAMS = re.compile(
    r"bot\b|crawl|spider|slurp|preview|scan|monitor|fetch|http-?client|headless|curl/|wget/|python|okhttp|go-http"
    r"|java/|libwww|axios|node\b|ruby|perl|php|barracuda|proofpoint|mimecast|safelinks|symantec|trend ?micro|fortinet"
    r"|forcepoint|sophos|facebookexternalhit|^whatsapp/|embedly"
    r"|googleimageproxy|yahoomailproxy|bingpreview|mail\.ru",
    re.IGNORECASE,
)
_AHEAD = ("sec-purpose", "purpose", "x-purpose", "x-moz")


def is_machine(method: str, headers: Mapping[str, str]) -> bool:
    """Whether no person opened this: a HEAD, a prefetch, or a program that says so. `headers` by lower-case name."""
    if method.upper() != "GET":
        return True
    if any("prefetch" in headers.get(name, "") or "preview" in headers.get(name, "") for name in _AHEAD):
        return True
    browser = headers.get("user-agent", "").strip()
    return not browser or bool(_PROGRAMS.search(browser))
