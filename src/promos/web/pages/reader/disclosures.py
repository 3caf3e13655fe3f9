"""What a newsletter promoted, for whom and for what, as its readers were told: for everybody, as a page and as data."""

from typing import Any

import sqlalchemy as sa
from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from promos.actions import evidence
from promos.models import Publication
from promos.queries import disclosures
from promos.queries.disclosures import Disclosed
from promos.rules.refusals import NotFound
from promos.settings import Settings
from promos.web.access import ANYONE
from promos.web.given import Reads
from promos.web.pages.show import page

SHOWN = 50  # issues on one page
LINKED = ".jsonld"


@get("/publications/{slug:str}/disclosures", opt=ANYONE)
async def disclosures_page(
    request: Request[Any, Any, Any], slug: FromPath[str], reads: NamedDependency[Reads]
) -> Response[str]:
    async with reads() as session:
        publication, found = await _found(session, slug, request.query_params.get("before"))
        head = await evidence.head(session, publication.id)
    here = f"/publications/{publication.slug}/disclosures"
    return page(
        request,
        "reader/disclosures.html",
        here=here,
        publication=publication,
        disclosed=found[:SHOWN],
        head=head,
        next_href=f"{here}?before={found[SHOWN - 1].seq}" if len(found) > SHOWN else None,
        first_href=here if request.query_params.get("before") else None,
    )


@get("/publications/{slug:str}/disclosures.jsonld", opt=ANYONE)
async def linked(
    request: Request[Any, Any, Any],
    slug: FromPath[str],
    reads: NamedDependency[Reads],
    settings: NamedDependency[Settings],
) -> Response[dict[str, Any]]:
    """The same as JSON-LD: an `AdvertiserContentArticle` of schema.org for each promo block."""
    async with reads() as session:
        publication, found = await _found(session, slug, request.query_params.get("before"))
    here = f"{settings.base_url}/publications/{publication.slug}/disclosures"
    articles = [each for issue in found[:SHOWN] for each in _articles(publication, issue, here)]
    more = {"next": f"{here}{LINKED}?before={found[SHOWN - 1].seq}"} if len(found) > SHOWN else {}
    document = {"@context": ["https://schema.org", {"next": "https://www.w3.org/ns/activitystreams#next"}]}
    return Response({**document, "@graph": articles, **more}, media_type="application/ld+json")


async def _found(session: AsyncSession, slug: str, before: str | None) -> tuple[Publication, list[Disclosed]]:
    publication = await session.scalar(sa.select(Publication).where(Publication.slug == slug))
    if publication is None:
        raise NotFound("publication")
    seq = int(before) if before and before.isascii() and before.isdigit() and len(before) < 10 else None
    return publication, await disclosures.listed(session, publication.id, before=seq, limit=SHOWN + 1)


def _articles(publication: Publication, issue: Disclosed, here: str) -> list[dict[str, Any]]:
    number = {
        "@type": "PublicationIssue",
        "issueNumber": issue.number,
        "name": issue.title,
        "isPartOf": {"@type": "Periodical", "name": publication.name},
    }
    corrections = [
        {"@type": "CorrectionComment", "datePublished": each.at.isoformat(), "text": each.text}
        for each in issue.corrections
    ]
    return [
        {
            "@type": "AdvertiserContentArticle",
            "@id": f"{here}#{each.block_id}",
            "headline": f"{each.label} – {each.advertiser}",
            "abstract": each.given,
            "inLanguage": issue.language,
            "datePublished": issue.at.isoformat(),
            "isPartOf": number,
            "publisher": {"@type": "Organization", "name": publication.name},
            "sponsor": {"@type": "Organization", "name": each.advertiser},
            "about": {"@type": "Event", "name": each.event, "url": each.event_url},
        }
        | ({"correction": corrections} if corrections else {})
        for each in issue.blocks
    ]


HANDLERS: list[Any] = [disclosures_page, linked]
