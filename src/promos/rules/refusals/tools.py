"""The programs that editors write and send their newsletters with.

No fact of these names an address, a port or a key: whoever asks learns nothing of the network that Promos stands in.
"""

from promos.rules.language import N_
from promos.rules.refusals.families import Blocked, Invalid, Unavailable


class ToolMissing(Blocked):
    slug = "tool-missing"
    title = N_("No newsletter tool is connected yet. An editor gives Promos its address and a key.")


class NotInTool(Blocked):
    slug = "not-in-tool"
    title = N_("This issue stands in no draft of the newsletter tool yet. Put its blocks into one first.")


class ToolAddressRefused(Invalid):
    slug = "tool-address-refused"
    title = N_("This address cannot be used. It has to begin with https:// and to be open to the whole internet.")


class ToolUnreachable(Unavailable):
    """No connection, no answer in time, too long an answer, or the tool says that it is busy: always the same words."""

    slug = "tool-unreachable"
    title = N_("The newsletter tool cannot be reached at this moment. Nothing of ours was lost; please try again.")


class ToolRefused(Blocked):
    slug = "tool-refused"
    title = N_("The newsletter tool does not accept our key for this. Give Promos a key that may read and edit drafts.")


class ToolChanged(Blocked):
    slug = "tool-changed"
    title = N_("The draft was changed in the newsletter tool meanwhile. Read it again first.")


class DraftSent(Blocked):
    slug = "draft-sent"
    title = N_("This is no draft any more: it is sent, scheduled or published. Nothing was changed.")


class DraftUnsuited(Blocked):
    """`form`: how the draft is written, as the tool calls it."""

    slug = "draft-unsuited"
    title = N_("A draft of this form does not take the block from us. Copy the block and paste it in the tool.")

    def __init__(self, form: str) -> None:
        self.form = form


class BlockUnframed(Blocked):
    slug = "block-unframed"
    title = N_("The block stands in this draft, but where it begins and ends is lost. Take it out in the tool first.")


class ToolMisunderstood(Unavailable):
    """`status`: of the answer over HTTP, if it came that far."""

    slug = "tool-misunderstood"
    title = N_("The newsletter tool answered something that we cannot read. Look at the draft there before you go on.")

    def __init__(self, status: int | None = None) -> None:
        if status:
            self.status = status
