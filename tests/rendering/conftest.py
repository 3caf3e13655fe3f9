import pytest

from promos.rules.blocks import BlockContent


@pytest.fixture
def block() -> BlockContent:
    """A French block as an editor would place it."""
    return BlockContent(
        language="fr",
        label="Publicité – collaboration commerciale",
        advertiser="Harmonie Congrès SAS",
        given="Pas de paiement\xa0; l’organisateur nous fournit 20 accès à offrir à nos lecteurs.",
        heading="Deux jours d’orgue et d’ordinateurs à Lyon",
        body="Le **12 mars**, quarante facteurs d’orgue ouvrent [leurs ateliers](https://orgue.example/ateliers).\n\n"
        "- trois concerts\n- un banc d’essai",
        call_to_action="Réserver ma place",
        code="ORGUE-12",
        url="https://promos.example/go/0192f5c4",
        terms=(
            "20 accès, un par personne",
            "valeur 250\xa0€ TTC chacun",
            "jusqu’au mardi 1er\xa0mars 2027 à 23\xa0h\xa059 (Paris)",
        ),
        conditions_url="https://orgue.example/conditions",
        block_id="0192f5c4",
    )
