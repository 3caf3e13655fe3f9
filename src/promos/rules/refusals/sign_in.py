"""Who people are, and whether they showed it well enough and lately enough."""

from promos.rules.language import N_
from promos.rules.refusals.families import Blocked, Invalid, NotYours, Unauthenticated


class FreshSignInNeeded(Unauthenticated):
    slug = "fresh-sign-in-needed"
    title = N_("Please confirm first that it is you: your last sign-in is too long ago for this.")


class SecondFactorNeeded(Unauthenticated):
    slug = "second-factor-needed"
    title = N_("Your passkey is still to come: the link alone does not sign you in.")


class PasskeyNeeded(NotYours):
    """Of whoever has none, where the organisation requires one."""

    slug = "passkey-needed"
    title = N_("Whoever works here signs in with a passkey. Please add one to your account first.")


class LinkElsewhere(NotYours):
    slug = "link-elsewhere"
    title = N_("This link works only in the browser in which you asked for it.")


class PasskeyRefused(Invalid):
    slug = "passkey-refused"
    title = N_("This passkey was not accepted. Please try once more.")


class RecoveryCodeRefused(Invalid):
    slug = "recovery-code-refused"
    title = N_("This is none of your recovery codes, or it was used before.")


class PasskeysUnavailable(Blocked):
    slug = "passkeys-unavailable"
    title = N_("Passkeys need an installation that goes by a name, not by a number such as 127.0.0.1.")


class TooManyPasskeys(Blocked):
    slug = "too-many-passkeys"
    title = N_("You have as many passkeys as one can have. Please remove one first.")

    def __init__(self, most: int) -> None:
        self.most = most
