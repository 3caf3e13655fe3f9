"""Between the issues here and where they stand outside: blocks are put into drafts, and what is there is looked at.

No transaction is open while a tool is spoken to, and nothing is sent or published from here.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import message_from_bytes
from email.policy import default
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import connections, disclosure, observations
from promos.actions.connections import Due
from promos.actions.observations import Expected, Seen, Through
from promos.database import Database
from promos.models import Issue
from promos.outside import pages, seeds
from promos.outside.tools import Draft, Tool
from promos.outside.tools.kinds import KINDS
from promos.outside.web import Web
from promos.parsing import Unreadable
from promos.parsing.issues import HTML, MAIL, TEXT
from promos.queries.observations import meant
from promos.retrying import written
from promos.rules.disclosure.ruleset import RuleSet
from promos.rules.people import PROGRAM, Actor
from promos.rules.refusals import NotFound, NotInTool, PageUnreadable, Refusal, ToolMisunderstood
from promos.settings import Keys, Settings

log = logging.getLogger(__name__)
MAILBOX_EVERY = timedelta(minutes=5)
SURFACES = ("email_html", "email_text", "mjml")  # that tools take


@dataclass(frozen=True, slots=True)
class Looked:
    """What stands in the tool, and what was seen of it."""

    draft: Draft
    seen: Seen


def web_of(settings: Settings) -> Web:
    """The way to newsletter tools and published pages."""
    return Web(trusted=settings.trusted_tools)


class Looking:
    """`web` reaches tools; each call may raise what `outside.tools.Tool` and `actions.connections.of` raise."""

    def __init__(
        self,
        database: Database,
        web: Web,
        rules: RuleSet,
        settings: Settings,
        keys: Keys,
        clock: Callable[[], datetime],
    ) -> None:
        self._database, self._web, self._rules, self._settings = database, web, rules, settings
        self._secrets, self._clock = keys.signing, clock
        self._grace = timedelta(seconds=settings.label_grace)
        self._read_at: datetime | None = None

    async def drafts(self, publication_id: UUID, by: Actor) -> list[Draft]:
        """The newest drafts of a publication's tool."""
        async with self._database.reading() as session:
            tool = await self._tool(session, publication_id, by)
        return await tool.drafts()

    async def place(self, issue_id: UUID, draft_id: str, by: Actor) -> Looked:
        """Put every block of an issue into a draft, and look whether their labels arrived.

        Raises `DisclosureIncomplete` for an issue that could not be published. Again: the same blocks take their own
        places; whatever else is in the draft stays.
        """
        now = self._clock()
        async with self._database.reading() as session:
            issue = await _issue(session, issue_id, by)
            tool = await self._tool(session, issue.publication_id, by)
            kind = (await connections.of(session, issue.publication_id, by)).kind
            expected = await observations.expected(session, issue_id, now=now, by=by)
            drawn = {block: await self._drawn(session, block, now, by) for block, _, _ in expected.blocks}
        draft = await tool.read(draft_id)
        for block, renderings in drawn.items():
            draft = await tool.put(draft_id, renderings, str(block), version=draft.version)
        facts = {"address": draft.address, "kind": kind, "by": by}
        await written(self._database, self._clock, connections.place, issue_id, draft.id, **facts)
        return await self._kept(expected, draft, by)

    async def look(self, issue_id: UUID, by: Actor) -> Looked:
        """Look now at where the issue stands in its tool; raises `NotInTool`."""
        now = self._clock()
        async with self._database.reading() as session:
            issue = await _issue(session, issue_id, by)
            expected = await observations.expected(session, issue_id, now=now, by=by)
            tool = await self._tool(session, issue.publication_id, by)
            if issue.draft_id is None:
                raise NotInTool
            draft_id = issue.draft_id
        return await self._kept(expected, await tool.look(draft_id), by)

    async def find(self, issue_id: UUID, address: str, by: Actor) -> Seen:
        """Look at where the issue is published on the web, and look there again by itself; raises `PageUnreadable`."""
        now = self._clock()
        async with self._database.reading() as session:
            expected = await observations.expected(session, issue_id, now=now, by=by)
        try:
            seen = await self._judged(expected, [await pages.fetched(self._web, address)])
        except Unreadable:
            raise PageUnreadable from None
        await written(self._database, self._clock, connections.find, issue_id, address, by=by)
        return await self._record(expected, seen, "address", by)

    async def fetched(self, address: str) -> tuple[str | bytes, str]:
        """What stands at an address of the web, and its media type; raises `PageUnreadable`."""
        return await pages.fetched(self._web, address)

    async def round(self) -> int:
        """Look at the published issues that are due; how many they were."""
        now = self._clock()
        async with self._database.reading() as session:
            if not await connections.is_any_due(session, now=now):
                return 0
        found = await written(self._database, self._clock, connections.due)
        for each in found:
            await self._again(each)
        return len(found)

    async def read_mailbox(self) -> int:
        """Look at the mails that arrived in the seed mailbox; how many were issues of ours."""
        url, now = self._settings.seed_mailbox, self._clock()
        if not url or (self._read_at and now - self._read_at < MAILBOX_EVERY):
            return 0
        self._read_at = now
        seen = 0
        try:
            for mail in await asyncio.to_thread(seeds.unread, url):
                seen += await self._arrived(mail.content)
                await asyncio.to_thread(seeds.read, url, mail.uid)
        except seeds.MailboxSilent:
            log.warning("the seed mailbox does not answer")
        return seen

    async def _arrived(self, content: bytes) -> bool:
        now = self._clock()
        text = words_of(content)
        async with self._database.reading() as session:
            issue_id = await meant(session, text, now=now)
            if issue_id is None:
                return False
            expected = await observations.expected(session, issue_id, now=now, by=PROGRAM)
        try:
            seen = await asyncio.to_thread(observations.look, expected, content, MAIL, self._rules)
        except Unreadable:
            return False
        await self._record(expected, seen, "mailbox", PROGRAM)
        return True

    async def _again(self, due: Due) -> None:
        trouble = None
        try:
            if due.address:
                await self._find_again(due.issue_id, due.address)
            if due.draft_id:
                await self.look(due.issue_id, PROGRAM)
        except Refusal as refusal:
            trouble = refusal.slug
            log.warning("issue %s could not be looked at: %s", due.issue_id, trouble)
        except Exception:  # one issue never stops the others
            log.exception("issue %s could not be looked at", due.issue_id)
            return
        async with self._database.writing() as session:
            await connections.troubled(session, due.publication_id, trouble)

    async def _find_again(self, issue_id: UUID, address: str) -> None:
        try:
            await self.find(issue_id, address, PROGRAM)
        except PageUnreadable:
            log.warning("issue %s could not be read where it is published", issue_id)

    async def _kept(self, expected: Expected, draft: Draft, by: Actor) -> Looked:
        try:
            seen = await self._judged(expected, [(draft.html, HTML), (draft.text, TEXT)])
        except Unreadable:
            raise ToolMisunderstood from None
        return Looked(draft, await self._record(expected, seen, "tool", by, is_sent=not draft.is_draft))

    async def _judged(self, expected: Expected, parts: Sequence[tuple[str | bytes, str]]) -> Seen:
        """All parts of it that are there; raises `Unreadable` where none is."""
        looks = [
            await asyncio.to_thread(observations.look, expected, content, kind, self._rules)
            for content, kind in parts
            if content.strip()
        ]
        if not looks:
            raise Unreadable
        return observations.worst(looks)

    async def _record(
        self, expected: Expected, seen: Seen, through: Through, by: Actor, *, is_sent: bool = True
    ) -> Seen:
        facts = {"through": through, "is_sent": is_sent, "grace": self._grace, "by": by}
        await written(self._database, self._clock, observations.record, expected.issue_id, seen, **facts)
        return seen

    async def _drawn(self, session: AsyncSession, block_id: UUID, now: datetime, by: Actor) -> dict[str, str]:
        given = {"base_url": self._settings.base_url, "for_sending": True, "now": now, "by": by}
        return {
            surface: await disclosure.rendered_block(session, block_id, surface, self._rules, **given)  # type: ignore[arg-type]
            for surface in SURFACES
        }

    async def _tool(self, session: AsyncSession, publication_id: UUID, by: Actor) -> Tool:
        connection = await connections.of(session, publication_id, by)
        return KINDS[connection.kind].open(self._web, connections.access(connection, self._secrets), self._clock)


async def _issue(session: AsyncSession, issue_id: UUID, by: Actor) -> Issue:
    issue = await session.scalar(sa.select(Issue).where(Issue.id == issue_id, Issue.visible_to(by)))
    if issue is None:
        raise NotFound("issue")
    return issue


def words_of(mail: bytes) -> str:
    """All text of a mail as its parts are written, tags and addresses among it."""
    parts = message_from_bytes(mail, policy=default).walk()
    texts = [part.get_payload(decode=True) for part in parts if part.get_content_maintype() == "text"]
    return "\n".join(text.decode("utf-8", "replace") for text in texts if isinstance(text, bytes))
