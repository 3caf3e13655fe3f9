"""The kinds of "no"."""

from typing import Any, ClassVar


class Refusal(Exception):  # noqa: N818 -- a refusal is an answer, not an error
    """A "no" that a person understands and a program can match."""

    slug: ClassVar[str]
    title: ClassVar[str]

    @property
    def facts(self) -> dict[str, Any]:
        """What differs from one refusal of this kind to the next, by name."""
        return {name: value for name, value in vars(self).items() if not name.startswith("_")}


class Unauthenticated(Refusal):
    """Who asks has to be known first."""


class NotYours(Refusal):
    """Who asks is known and may not do this."""


class Unknown(Refusal):
    """There is no such thing, or not for whoever asks."""


class NotYet(Refusal):
    """It will be possible later."""


class Taken(Refusal):
    """Somebody or something else has it."""


class Blocked(Refusal):
    """Something else has to happen before."""


class Over(Refusal):
    """It was possible once."""


class TooLarge(Refusal):
    """More than is read in one piece."""


class Invalid(Refusal):
    """It can be read, and makes no sense."""


class TooMany(Refusal):
    """The same thing too often."""


class Unavailable(Refusal):
    """Not at this moment; ask again."""
