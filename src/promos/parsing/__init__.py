"""Bytes and text in, values out: issues as editors have them, rules as lawyers write them."""


class Unreadable(ValueError):  # noqa: N818 -- a state of the content
    """There is no text in it that a reader could read, or more parts than any issue has."""
