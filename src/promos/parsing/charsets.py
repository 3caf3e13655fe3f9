"""Bytes that say in which encoding they are written: only those that browsers and mail programs know are believed.

Python knows more, and some of them take a text apart in ways no reader ever sees. Source: WHATWG Encoding, 4.2.
"""

import codecs

_KNOWN = frozenset(
    "utf-8 utf-16 utf-16-le utf-16-be ascii iso8859-1 iso8859-2 iso8859-3 iso8859-4 iso8859-5 iso8859-6 iso8859-7"
    " iso8859-8 iso8859-10 iso8859-13 iso8859-14 iso8859-15 iso8859-16 cp874 cp1250 cp1251 cp1252 cp1253 cp1254 cp1255"
    " cp1256 cp1257 cp1258 cp866 koi8-r koi8-u mac-roman mac-cyrillic gb2312 gbk gb18030 big5 big5hkscs euc_jp"
    " iso2022_jp shift_jis cp932 euc_kr cp949".split()
)


def decoded(raw: bytes, charset: str) -> str:
    """`raw` as text, whatever it says it is; what cannot be read becomes U+FFFD."""
    try:
        name = codecs.lookup(charset).name
    except (LookupError, ValueError):
        name = "utf-8"
    return raw.decode(name if name in _KNOWN else "utf-8", errors="replace")
