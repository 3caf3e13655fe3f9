"""Numbers and lengths as CSS writes them, those that are computed among them."""

import re
from collections.abc import Callable

_NUMBER = r"[+-]?(?:\d{1,9}(?:\.\d{0,9})?|\.\d{1,9})(?:e[+-]?\d{1,2})?"
_LENGTH = re.compile(rf"({_NUMBER})(px|pt|pc|em|rem|ex|ch|lh|vw|vh|vmin|vmax|in|cm|mm|q|%|)")
_UNITS = {"px": 1.0, "pt": 4 / 3, "pc": 16.0, "rem": 16.0, "lh": 19.2, "in": 96.0, "cm": 37.8, "mm": 3.78, "q": 0.945}
_UNITS |= {**dict.fromkeys(("vw", "vh", "vmin", "vmax"), 6.0), "": 1.0}
_OF_AROUND = {"em": 1.0, "%": 0.01, "ex": 0.5, "ch": 0.5}
_TOKEN = re.compile(rf"\s*(?:((?:{_NUMBER})[a-z%]{{0,4}})|([a-z]{{0,10}}\()|([-+*/,)]))\s*")
_MOST = 200  # characters of one value
_CHOOSE: dict[str, Callable[[list[float]], float]] = {
    "min(": min,
    "max(": max,
    "clamp(": lambda values: sorted(values)[1] if len(values) == 3 else values[0],
}


def pixels(text: str, around: float | None = None) -> float | None:
    """A length in CSS pixels; `None` for what is none. Percentages and em are of `around`."""
    match = _LENGTH.fullmatch(text)
    if match is None:
        return _computed(text, around) if "(" in text else None
    return None if match[2] == "" and float(match[1]) != 0 else _length(match, around)


def number(text: str) -> float | None:
    """A number, a percentage as a part of one, or what is computed of them; `None` for anything else."""
    match = _LENGTH.fullmatch(text)
    if match is None:
        return _computed(text, 1.0) if "(" in text else None
    return float(match[1]) * {"": 1.0, "%": 0.01}[match[2]] if match[2] in ("", "%") else None


def _length(match: re.Match[str], around: float | None) -> float:
    value, unit = float(match[1]), match[2]
    return value * (around or 16.0) * _OF_AROUND[unit] if unit in _OF_AROUND else value * _UNITS[unit]


def _computed(text: str, around: float | None) -> float | None:
    """`calc(1em - 2px)`, `clamp(0px, 2vw, 18px)`; units are not checked against each other."""
    if len(text) > _MOST:
        return None
    tokens, at = [], 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            return None
        tokens.append(token[0].strip())
        at = token.end()
    try:
        value = _sum(tokens, around)
    except (IndexError, ValueError, ZeroDivisionError):
        return None
    return None if tokens else value


def _sum(tokens: list[str], around: float | None) -> float:
    value = _product(tokens, around)
    while tokens and tokens[0] in "+-":
        value += _product(tokens, around) if tokens.pop(0) == "+" else -_product(tokens, around)
    return value


def _product(tokens: list[str], around: float | None) -> float:
    value = _one(tokens, around)
    while tokens and tokens[0] in "*/":
        value = value * _one(tokens, around) if tokens.pop(0) == "*" else value / _one(tokens, around)
    return value


def _one(tokens: list[str], around: float | None) -> float:
    token = tokens.pop(0)
    if not token.endswith("("):
        match = _LENGTH.fullmatch(token)
        if match is None:
            raise ValueError(token)
        return _length(match, around)
    values = [_sum(tokens, around)]
    while tokens.pop(0) == ",":
        values.append(_sum(tokens, around))
    if token not in ("(", "calc(", *_CHOOSE):
        raise ValueError(token)
    return _CHOOSE[token](values) if token in _CHOOSE else values[0]
