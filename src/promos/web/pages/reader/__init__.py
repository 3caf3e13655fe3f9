"""What a reader sees: the code's page, the page of a mail's button, the pass."""

from promos.web.pages.reader import claim, code, disclosures, held, living

HANDLERS = [*code.HANDLERS, *claim.HANDLERS, *held.HANDLERS, *living.HANDLERS, *disclosures.HANDLERS]
