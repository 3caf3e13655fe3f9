from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from promos.rules import pseudonyms


@given(st.uuids(), st.uuids(), st.uuids())
def test_a_reader_is_the_same_to_a_partner_and_not_named(partner: UUID, other: UUID, reader: UUID) -> None:
    pseudonym = pseudonyms.reader(partner, reader)

    assert pseudonym == pseudonyms.reader(partner, reader)
    assert len(pseudonym) == 8
    assert pseudonym not in reader.hex
    if partner != other:
        assert pseudonym != pseudonyms.reader(other, reader)


def test_a_pass_number_can_be_read_out() -> None:
    assert pseudonyms.pass_number(UUID("01a206c8-4b1b-76cb-bbe2-bc22d2bb0e77")) == "D2BB-0E77"
