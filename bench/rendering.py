"""Goal G9: drawing blocks and QR codes, in this process."""

import time
from collections.abc import Callable
from uuid import uuid4

from bench.scenes import Figure
from promos.rendering import blocks, qr
from promos.rules.blocks import BlockContent

SECONDS = 0.5
BLOCK = BlockContent(
    language="fr",
    label="Publicité – collaboration commerciale",
    advertiser="Generation Events SAS",
    given="Pas de paiement ; l’organisateur nous fournit 20 accès à offrir à nos lecteurs.",
    heading="GenerationAI, le 3 décembre à Paris",
    body="Une journée de **conférences** et d’ateliers, [le programme](https://generation.example/).",
    call_to_action="Demander un accès",
    code="FREEAGENAI",
    url="https://promos.example/go/0192f5c4",
    terms=("20 accès, un par personne", "valeur 999 € TTC chacun"),
    conditions_url="https://generation.example/conditions",
    block_id="0192f5c4",
)


def drawings(rounds: int) -> list[Figure]:
    blocks.email_html(BLOCK)  # templates are read when first used
    block = tuple(_rate(lambda: blocks.email_html(BLOCK)) for _ in range(rounds))
    drawn = tuple(_rate(lambda: qr.svg(f"P1.{uuid4().hex.upper()}", "QR")) for _ in range(rounds))
    return [
        Figure("G9", "blocks for mail, a core", block, "/s", least=10_000),
        Figure("G9", "QR codes as SVG, a core", drawn, "/s", least=300),
    ]


def _rate(draw: Callable[[], str]) -> float:
    began, number = time.process_time(), 0
    while time.process_time() < began + SECONDS:
        draw()
        number += 1
    return number / (time.process_time() - began)
