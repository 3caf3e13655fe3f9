"""The mail that brings a report: its numbers are read, and its links made, when it is sent."""

from datetime import datetime

from promos.actions import reports
from promos.actions.deliveries import LinkLost, Reported
from promos.database import Database
from promos.queries import reports as queries
from promos.rendering import mails
from promos.rendering.envelopes import Mail
from promos.rendering.language import language
from promos.rendering.reports import mailed
from promos.rules import signing
from promos.settings import Keys


async def mail(database: Database, reported: Reported, base: str, keys: Keys, *, now: datetime) -> Mail:
    """The numbers as they are now, read as somebody of the partner reads them. Raises `LinkLost`."""
    link, words = reported.link, language(reported.link.language)
    secret = reports.secret_again(link, keys)
    if secret is None:
        raise LinkLost
    async with database.reading(of=frozenset({link.partner_id})) as session:
        report = await queries.of_event(session, link.event_id, words, now=now, by=reports.bearer(link))
    stop = f"{base}/stop-report/{signing.link(keys.signing, 'stop-report', reported.schedule.id)}"
    return mails.report(mailed(report, f"{base}/report/{secret}", link.expires_at, stop), report.rows, words)
