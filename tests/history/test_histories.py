"""What a crowd was told is explained where it can be true, and only there; two checkers that share no code agree."""

from dataclasses import replace
from math import inf

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from promos.rules.histories import Asked, Code, Done, Refused, Unknown, findings
from tests.history.model import histories
from tests.history.search import is_explained

TWO = Code(version=1, used=0, limit=2)
NO = Refused("code-exhausted")


def redeem(who: str, start: float, end: float, answer: int | Refused | Unknown) -> Asked:
    """`answer`: the version of a new pass."""
    return Asked("redeem", start, end, Done(answer, f"of {who}") if isinstance(answer, int) else answer, who)


def again(who: str, start: float, end: float, version: int) -> Asked:
    return Asked("redeem", start, end, Done(version, f"of {who}", is_new=False), who)


def cancel(who: str, start: float, end: float, version: int | None) -> Asked:
    return Asked("cancel", start, end, Unknown() if version is None else Done(version), who, f"of {who}")


def confirm(who: str, start: float, end: float, answer: int | Refused) -> Asked:
    return Asked("confirm", start, end, Done(answer) if isinstance(answer, int) else answer, redemption=f"of {who}")


def limit(most: int | None, start: float, end: float, answer: int | Refused | Unknown) -> Asked:
    return Asked("limit", start, end, Done(answer) if isinstance(answer, int) else answer, limit=most)


def look(start: float, end: float, version: int, used: int, most: int | None = 2, status: str = "active") -> Asked:
    return Asked("look", start, end, Code(version, used, most, status))


def whats(before: Code, *asked: Asked) -> set[str]:
    return {finding.what for finding in findings(before, asked)}


GOOD = {
    "one after the other": [redeem("ada", 0, 1, 2), redeem("bo", 2, 3, 3), redeem("cy", 4, 5, NO)],
    "the later asked first": [redeem("ada", 0, 9, 3), redeem("bo", 1, 2, 2)],
    "a refusal before the answer that explains it": [
        redeem("ada", 0, 9, 2),
        redeem("bo", 0, 9, 3),
        redeem("cy", 1, 2, NO),
    ],
    "a place that came back": [
        redeem("ada", 0, 1, 2),
        redeem("bo", 0, 1, 3),
        redeem("cy", 2, 3, NO),
        cancel("ada", 4, 8, 4),
        redeem("di", 5, 6, 5),
    ],
    "cancelled twice at once": [redeem("ada", 0, 1, 2), cancel("ada", 2, 5, 3), cancel("ada", 3, 4, 3)],
    "the same pass twice": [redeem("ada", 0, 3, 2), again("ada", 1, 2, 2), again("ada", 5, 6, 2)],
    "a limit up and down": [
        limit(3, 0, 1, 2),
        redeem("ada", 2, 3, 3),
        limit(0, 4, 5, Refused("limit-below-used", 1)),
        limit(1, 6, 7, 4),
        limit(1, 8, 9, 4),
        redeem("bo", 10, 11, NO),
    ],
    "a pause that is a fence": [
        redeem("ada", 0, 9, 2),
        Asked("pause", 1, 4, Done(3)),
        redeem("bo", 5, 6, Refused("code-paused")),
        Asked("resume", 7, 8, Done(4)),
        redeem("bo", 9, 10, 5),
    ],
    "a hold, confirmed twice and cancelled": [
        redeem("ada", 0, 1, 2),
        confirm("ada", 2, 4, 3),
        confirm("ada", 3, 5, 3),
        cancel("ada", 4.5, 9, 4),
        confirm("ada", 6, 7, Refused("redemption-ended")),
    ],
    "a hold that a pause keeps waiting": [
        redeem("ada", 0, 1, 2),
        Asked("pause", 2, 3, Done(3)),
        confirm("ada", 4, 5, Refused("code-paused")),
        Asked("resume", 6, 7, Done(4)),
        confirm("ada", 8, 9, 5),
        Asked("pause", 10, 11, Done(6)),
        confirm("ada", 12, 13, 5),
    ],
    "looks": [redeem("ada", 0, 9, 2), look(1, 2, 1, 0), look(3, 4, 2, 1), look(10, 11, 2, 1)],
    "an answer that was lost": [redeem("ada", 0, inf, Unknown()), redeem("bo", 5, 6, 3), redeem("cy", 7, 8, NO)],
    "a lost answer, heard when asked again": [redeem("ada", 0, inf, Unknown()), again("ada", 5, 6, 2)],
    "a request that was lost": [redeem("ada", 0, inf, Unknown()), redeem("bo", 1, 2, 2), redeem("cy", 3, 4, 3)],
}

BAD = {
    "one pass too many": ("over", [redeem("ada", 0, 1, 2), redeem("bo", 0, 1, 3), redeem("cy", 0, 1, 4)]),
    "a limit below what is out": ("over", [redeem("ada", 0, 1, 2), redeem("bo", 0, 1, 3), limit(1, 2, 3, 4)]),
    "refused while one was free": ("free", [redeem("ada", 0, 1, 2), redeem("bo", 0, 1, NO), redeem("cy", 2, 3, 3)]),
    "refused before anybody asked": ("free", [redeem("cy", 0, 1, NO), redeem("ada", 2, 3, 2), redeem("bo", 2, 3, 3)]),
    "refused after a place had come back": (
        "free",
        [redeem("ada", 0, 1, 2), redeem("bo", 0, 1, 3), cancel("bo", 2, 3, 4), redeem("cy", 4, 5, NO)],
    ),
    "two passes for one person": ("twice", [redeem("ada", 0, 1, 2), Asked("redeem", 2, 3, Done(3, "other"), "ada")]),
    "one pass told as new to two": ("twice", [redeem("ada", 0, 1, 2), redeem("ada", 2, 3, 2)]),
    "one version for two people": ("twice", [redeem("ada", 0, 1, 2), redeem("bo", 0, 1, 2)]),
    "a use that came back twice": (
        "twice",
        [redeem("ada", 0, 1, 2), cancel("ada", 2, 3, 3), cancel("ada", 4, 5, 4)],
    ),
    "a hold confirmed twice": ("twice", [redeem("ada", 0, 1, 2), confirm("ada", 2, 3, 3), confirm("ada", 2, 3, 4)]),
    "a hold confirmed by somebody else's version": (
        "stale",
        [redeem("ada", 0, 1, 2), confirm("ada", 2, 3, 3), redeem("bo", 4, 5, 4), confirm("bo", 6, 7, 3)],
    ),
    "a hold confirmed after its end": (
        "stale",
        [redeem("ada", 0, 1, 2), confirm("ada", 2, 3, 3), cancel("ada", 4, 5, 4), confirm("ada", 6, 7, 3)],
    ),
    "a hold that ended before it did": (
        "other",
        [redeem("ada", 0, 1, 2), confirm("ada", 2, 3, Refused("redemption-ended")), cancel("ada", 4, 5, 3)],
    ),
    "a pass given behind a pause": (
        "order",
        [Asked("pause", 0, 1, Done(3)), redeem("ada", 2, 3, 2), look(4, 5, 3, 1, status="paused")],
    ),
    "a hold confirmed behind a pause": (
        "order",
        [redeem("ada", 0, 1, 2), Asked("pause", 2, 3, Done(3)), confirm("ada", 4, 5, 4)],
    ),
    "a pass that a pause takes back": (
        "other",
        [
            redeem("ada", 0, 1, 2),
            confirm("ada", 2, 3, 3),
            Asked("pause", 4, 5, Done(4)),
            confirm("ada", 6, 7, Refused("code-paused")),
        ],
    ),
    "versions against the clock": ("order", [redeem("ada", 0, 1, 3), redeem("bo", 2, 3, 2)]),
    "a version that nobody made": ("gap", [redeem("ada", 0, 1, 2), redeem("bo", 2, 3, 4)]),
    "a version too early for the lost answer": (
        "gap",
        [redeem("bo", 0, 1, 3), redeem("ada", 2, inf, Unknown())],
    ),
    "an acknowledged pass that is gone": ("stale", [redeem("ada", 0, 1, 2), look(2, 3, 1, 0)]),
    "a pass shown after its end": (
        "stale",
        [redeem("ada", 0, 1, 2), cancel("ada", 2, 3, 3), again("ada", 4, 5, 2)],
    ),
    "an old look after a new one": (
        "stale",
        [redeem("ada", 0, 9, 2), look(1, 2, 2, 1), look(3, 4, 1, 0)],
    ),
    "a counter that drifted": ("stale", [redeem("ada", 0, 1, 2), look(2, 3, 2, 0)]),
    "an answer nobody knows": ("other", [redeem("ada", 0, 1, Refused("code-ended"))]),
}

ONLY_VERSIONS_TELL = {
    "a hold confirmed by somebody else's version",
    "a hold confirmed twice",
    "one version for two people",
    "a use that came back twice",
    "versions against the clock",
    "a version that nobody made",
    "a version too early for the lost answer",
}


@pytest.mark.parametrize("asked", GOOD.values(), ids=GOOD)
def test_what_can_be_true_is_explained(asked: list[Asked]) -> None:
    assert findings(TWO, asked) == ()
    assert is_explained(TWO, asked)


@pytest.mark.parametrize(("what", "asked"), BAD.values(), ids=BAD)
def test_what_cannot_be_true_is_found(what: str, asked: list[Asked]) -> None:
    assert what in whats(TWO, *asked)


@pytest.mark.parametrize("name", sorted(BAD.keys() - ONLY_VERSIONS_TELL))
def test_most_of_it_is_found_without_versions_too(name: str) -> None:
    assert not is_explained(TWO, BAD[name][1])


@pytest.mark.parametrize("name", sorted(ONLY_VERSIONS_TELL))
def test_without_versions_some_of_it_looks_well(name: str) -> None:
    assert is_explained(TWO, BAD[name][1])


def test_a_wider_limit_is_a_ceiling_too() -> None:
    asked = [redeem("ada", 0, 1, 2), redeem("bo", 2, 3, Refused("offer-exhausted"))]

    assert findings(TWO, asked, ceiling=1) == ()
    assert {finding.what for finding in findings(TWO, asked)} == {"free"}


def test_where_a_cancelled_use_is_kept_the_next_is_refused() -> None:
    asked = [redeem("ada", 0, 1, 2), redeem("bo", 0, 1, 3), cancel("bo", 2, 3, 4), redeem("cy", 4, 5, NO)]

    assert findings(TWO, asked, returns=False) == ()


@given(histories())
def test_a_true_history_is_always_explained(made: tuple[Code, list[Asked]]) -> None:
    before, asked = made

    assert findings(before, asked) == ()
    assert is_explained(before, asked)


@given(histories(most=12), st.data())
@settings(max_examples=300)
def test_both_checkers_find_the_same_histories_true(made: tuple[Code, list[Asked]], data: st.DataObject) -> None:
    before, asked = made
    for at in data.draw(st.sets(st.integers(0, max(len(asked) - 2, 0)), max_size=3)):
        asked[at] = data.draw(twisted(asked[at], asked))
    told = {each.answer.redemption for each in asked if isinstance(each.answer, Done)}
    assume(
        all(each.redemption in told for each in asked if each.kind in {"cancel", "confirm"})
    )  # else it may be an older one

    assert (not findings(before, asked)) == is_explained(before, asked, versions=True)


@st.composite
def twisted(draw: st.DrawFn, each: Asked, asked: list[Asked]) -> Asked:
    """The same request at another time, or with somebody else's answer."""
    if draw(st.booleans()):
        answer = draw(st.sampled_from([other for other in asked if other.kind == each.kind])).answer
        end = inf if isinstance(answer, Unknown) else each.start if each.end == inf else each.end
        return replace(each, answer=answer, end=end)
    start = draw(st.floats(-5, 15))
    return replace(each, start=start, end=each.end if each.end == inf else start + draw(st.floats(0, 5)))
