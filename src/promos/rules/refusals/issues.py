"""Issues, their blocks and what is said of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from promos.rules.language import N_
from promos.rules.refusals.families import Blocked, Invalid


class IssueUnreadable(Invalid):
    slug = "issue-unreadable"
    title = N_("We cannot read any text in this.")


class IssuePublished(Blocked):
    slug = "issue-published"
    title = N_("This issue is published; what readers were told is kept as it was.")


class IssueNotPublished(Blocked):
    slug = "issue-not-published"
    title = N_("This issue is a draft still: change it, and nobody has to be told of a correction.")


class NothingToObserve(Blocked):
    slug = "nothing-to-observe"
    title = N_("There is no promo block in this issue, so there is no label to look for.")


class PageUnreadable(Invalid):
    """Always the same words: nobody learns what stands in our own network, or what is only silent."""

    slug = "page-unreadable"
    title = N_("No issue can be read at this address. It begins with https://, is open to everybody, and is text.")


class SegmentUnknown(Invalid):
    slug = "segment-unknown"
    title = N_("The issue has no such segment, or a block stands there already.")

    def __init__(self, segment: str) -> None:
        self.segment = segment


class LabelNotAllowed(Invalid):
    """`allowed`: the labels that there are to choose from."""

    slug = "label-not-allowed"
    title = N_("The readers of this issue need another label. Choose one that their countries accept.")

    def __init__(self, allowed: Sequence[str]) -> None:
        self.allowed = list(allowed)


class BlockChanged(Blocked):
    slug = "block-changed"
    title = N_("The block was changed meanwhile. Read it again before you approve it.")


class LabelLost(Blocked):
    """`surface`: of the rendering; `after`: what is done to it by mail programs or tools that it does not outlive."""

    slug = "label-lost"
    title = N_("This rendering would lose its label on the way to readers, so it is not given out.")

    def __init__(self, surface: str, after: str) -> None:
        self.surface = surface
        self.after = after


class NotOverridable(Blocked):
    slug = "not-overridable"
    title = N_("This does not stop the issue, or may not be overridden by anybody.")


class SecondPersonNeeded(Blocked):
    slug = "second-person-needed"
    title = N_("A second person has to agree, signed in as themselves.")


class DisclosureIncomplete(Blocked):
    """`findings` are those that stop the issue, as `POST /issues/{id}/check` shows them."""

    slug = "disclosure-incomplete"
    title = N_("This issue cannot go out: its disclosure is not complete.")

    def __init__(self, findings: Sequence[Mapping[str, Any]]) -> None:
        self.findings = list(findings)
