"""What is stored: tables, their constraints and who may see their rows."""

from promos.models.base import Base, Instant, new_id, table
from promos.models.blocks import Declaration, PromoBlock
from promos.models.checkins import CheckIn
from promos.models.codes import CodeBatch, PromoCode
from promos.models.connections import Connection
from promos.models.deliveries import Delivery
from promos.models.devices import Device
from promos.models.events import Event, EventSource, PassType
from promos.models.evidence import Evidence, Observation
from promos.models.installation import IdempotencyRecord, Installation, RateLimit
from promos.models.invitations import Invitation
from promos.models.issues import Issue, IssueCheck, Override
from promos.models.journal import Entry
from promos.models.moves import Move
from promos.models.offers import Allotment, Offer, OfferPublication
from promos.models.partners import Partner
from promos.models.passes import Pass
from promos.models.passkeys import Passkey, RecoveryCode
from promos.models.people import Person, Session, SignInLink, StaffRole, Token
from promos.models.pools import PoolCode
from promos.models.publications import Publication
from promos.models.readers import Consent, Reader
from promos.models.reconciliations import ReconciledCode, Reconciliation
from promos.models.redemptions import Claim, Redemption
from promos.models.reports import ReportLink, ReportSchedule
from promos.models.shops import Shop, ShopCode, Supply
from promos.models.visits import Visit
from promos.models.webhooks import Attempt, Endpoint, EndpointSecret, Message
from promos.models.wishes import Wish

__all__ = [
    "Allotment",
    "Attempt",
    "Base",
    "CheckIn",
    "Claim",
    "CodeBatch",
    "Connection",
    "Consent",
    "Declaration",
    "Delivery",
    "Device",
    "Endpoint",
    "EndpointSecret",
    "Entry",
    "Event",
    "EventSource",
    "Evidence",
    "IdempotencyRecord",
    "Installation",
    "Instant",
    "Invitation",
    "Issue",
    "IssueCheck",
    "Message",
    "Move",
    "Observation",
    "Offer",
    "OfferPublication",
    "Override",
    "Partner",
    "Pass",
    "PassType",
    "Passkey",
    "Person",
    "PoolCode",
    "PromoBlock",
    "PromoCode",
    "Publication",
    "RateLimit",
    "Reader",
    "ReconciledCode",
    "Reconciliation",
    "RecoveryCode",
    "Redemption",
    "ReportLink",
    "ReportSchedule",
    "Session",
    "Shop",
    "ShopCode",
    "SignInLink",
    "StaffRole",
    "Supply",
    "Token",
    "Visit",
    "Wish",
    "new_id",
    "table",
]
