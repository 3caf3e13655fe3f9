from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from promos.rules import funnels
from promos.rules.funnels import Basis, Purse, Sent

BASES = [
    Basis(currency, vat, rate)
    for currency in ("EUR", "CHF")
    for vat, rate in (("included", Decimal(20)), ("included", Decimal("5.5")), ("excluded", None), ("unknown", None))
]


@given(st.lists(st.tuples(st.sampled_from(BASES), st.integers(0, 10**9), st.integers(0, 9), st.integers(0, 9))))
def test_each_basis_has_its_own_sum_and_nothing_of_another(
    drawn: list[tuple[Basis, int, int, int]],
) -> None:
    purse = Purse()
    for basis, amount, passes, arrivals in drawn:
        purse.add(basis, amount=amount, passes=passes, arrivals=arrivals)

    for each in purse.given:
        mine = [one for one in drawn if one[0] == each.basis]
        assert each.amount == sum(one[1] for one in mine)
        assert (each.passes, each.arrivals) == (sum(one[2] for one in mine), sum(one[3] for one in mine))
    assert len({each.basis for each in purse.given}) == len(purse.given)


def test_a_pass_and_an_arrival_cost_what_was_given_away_half_up() -> None:
    purse = Purse()
    purse.add(BASES[0], amount=99_905, passes=2, arrivals=0)

    [given_away] = purse.given
    assert (given_away.per_pass, given_away.per_arrival) == (49_953, None)


def test_what_nobody_told_is_unknown_and_not_zero() -> None:
    assert funnels.sent([]).known is None
    assert funnels.sent([None, None]) == Sent(0, 0, 2)
    assert funnels.sent([None]).known is None
    assert funnels.sent([0]).known == 0
    assert funnels.sent([128_000, None, 2]) == Sent(128_002, 2, 1)
