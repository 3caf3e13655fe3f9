"""Who acts, and in which role. What somebody may see follows from `Actor` alone."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from promos.rules.refusals import NotAllowed, PartnerSuspended, ScopeMissing


class Role(StrEnum):
    ADMIN = "admin"  # the installation
    EDITOR = "editor"  # a publication
    OWNER = "owner"  # a partner: all of it, its people and tokens too
    MEMBER = "member"  # a partner: its events, offers and codes
    DOOR = "door"  # a partner's events: scanning, nothing else


class Scope(StrEnum):
    READ = "read"
    WRITE = "write"
    REDEEM = "redeem"  # vouch for a reader
    SCAN = "scan"


CHANGING = frozenset({Scope.WRITE, Scope.REDEEM})
OF_PARTNERS = frozenset({Role.OWNER, Role.MEMBER, Role.DOOR})

SCOPES: dict[Role, frozenset[Scope]] = {
    Role.ADMIN: frozenset(Scope),
    Role.EDITOR: frozenset({Scope.READ, Scope.WRITE}),
    Role.OWNER: frozenset(Scope),
    Role.MEMBER: frozenset(Scope),
    Role.DOOR: frozenset({Scope.SCAN}),
}


@dataclass(frozen=True, slots=True)
class Grant:
    """One role, for one partner or one publication, or (admin) for everything.

    `is_suspended`: the partner is, so the role reads and changes nothing.
    """

    role: Role
    partner_id: UUID | None = None
    publication_id: UUID | None = None
    is_suspended: bool = False


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, a token, the program itself or nobody known.

    `event_ids` narrows a token or a door to some events; `None` means all that its grants reach.
    """

    kind: str  # person | token | program | reader | anonymous
    id: UUID | None = None
    grants: frozenset[Grant] = frozenset()
    scopes: frozenset[Scope] = frozenset(Scope)
    event_ids: frozenset[UUID] | None = None
    name: str = field(default="", compare=False)

    @property
    def is_known(self) -> bool:
        return bool(self.grants)

    @property
    def is_admin(self) -> bool:
        return any(grant.role is Role.ADMIN for grant in self.grants)

    @property
    def roles(self) -> frozenset[Role]:
        return frozenset(grant.role for grant in self.grants)

    @property
    def publications(self) -> frozenset[UUID]:
        """The publications whose editor this is."""
        return frozenset(grant.publication_id for grant in self.grants if grant.publication_id)

    @property
    def reach(self) -> frozenset[UUID] | None:
        """The partners beyond whose rows nothing exists for this actor; `None` for who works for no partner alone."""
        if not self.grants or any(grant.partner_id is None for grant in self.grants):
            return None
        return frozenset(grant.partner_id for grant in self.grants if grant.partner_id)

    def partners(self, *roles: Role) -> frozenset[UUID]:
        """The partners for whom this actor has one of `roles`."""
        return frozenset(grant.partner_id for grant in self.grants if grant.partner_id and grant.role in roles)

    def runs(self, partner_id: UUID | None, *roles: Role) -> bool:
        """Whether this is an admin, or has one of `roles` for this partner."""
        return self.is_admin or partner_id in self.partners(*(roles or (Role.OWNER, Role.MEMBER)))

    def runs_event(self, partner_id: UUID, event_id: UUID) -> bool:
        """Whether this actor works for the partner, and may see this event of theirs."""
        return self.runs(partner_id) and (self.event_ids is None or event_id in self.event_ids)

    @property
    def is_suspended(self) -> bool:
        """Whether one of the partners for whom this actor works is."""
        return any(grant.is_suspended for grant in self.grants)

    def changing(self, *roles: Role) -> "Actor":
        """Who may change something in one of `roles`: this actor without what is suspended.

        Raises `PartnerSuspended` if nothing is left.
        """
        if not self.is_suspended:
            return self
        active = replace(self, grants=frozenset(grant for grant in self.grants if not grant.is_suspended))
        if not active.roles & set(roles):
            raise PartnerSuspended
        return active

    def needs(self, *roles: Role, scope: Scope) -> None:
        """Raise `NotAllowed` or `ScopeMissing` unless one of `roles` and `scope` are there."""
        if not self.roles & set(roles):
            raise NotAllowed(sorted(roles))
        if scope not in self.scopes:
            raise ScopeMissing(scope)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A browser in which somebody signed in, and how well and lately its person proved who they are."""

    id: UUID
    person_id: UUID
    actor: Actor
    proved_at: datetime
    second_factor_at: datetime | None = None
    has_passkey: bool = False
    is_withheld: bool = False  # whether roles are left out of `actor` that ask for a passkey

    @property
    def is_half(self) -> bool:
        """Whether the passkey is still to come: until then the session is good for nothing else."""
        return self.has_passkey and self.second_factor_at is None


NOBODY = Actor("anonymous")
READER = Actor("reader")  # known by a signed link alone
PROGRAM = Actor("program", grants=frozenset({Grant(Role.ADMIN)}), name="promos")
