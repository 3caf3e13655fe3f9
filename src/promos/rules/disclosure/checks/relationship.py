"""What was exchanged, and whether the block says so."""

from collections.abc import Iterator

from promos.rules.disclosure.checks.case import CANNOT_TELL, FAIL, PASS, Answer, Case
from promos.rules.disclosure.declarations import Declaration
from promos.rules.disclosure.lexicon import contains, names_what_was_given, sentences
from promos.rules.disclosure.vocabulary import RelationshipKind
from promos.rules.language import N_

DIFFERENT = {
    "kinds": N_("the relationship"),
    "benefits": N_("what was given"),
    "editorial_control": N_("who has a say over the text"),
    "obligation": N_("the duty to publish"),
    "contract": N_("whether there is a written contract"),
}


def rel_1(case: Case) -> Iterator[Answer]:
    facts = case.block.facts
    if facts is None:
        yield (CANNOT_TELL, N_("A file says nothing of what was agreed: who gave what to whom is not in it."), "", {})
    elif facts.partner is None or facts.editor is None:
        why = N_("The declaration of the %(who)s is missing: what was exchanged for this block is not known.")
        both = ((N_("partner"), facts.partner), (N_("editor"), facts.editor))
        whose = tuple(who for who, made in both if made is None)
        yield (FAIL, why, N_("Ask for it, or make it, on the page of the block."), {"who": whose})
    elif facts.differences:
        why = N_("Partner and editor declare different things: %(what)s.")
        fix = N_("Agree on what was exchanged, and let whoever was wrong declare anew.")
        yield (FAIL, why, fix, {"what": tuple(DIFFERENT[name] for name in facts.differences)})
    else:
        yield (PASS, N_("Partner and editor declare the same."), "", {})


def rel_2(case: Case) -> Iterator[Answer]:
    lexicon, block = case.rules.lexicon, case.block
    disclosure = [block.segments[at].text for at in dict.fromkeys(line.at for line in case.visible)]
    if block.facts is not None:
        disclosure = [block.text]
    unpaid = next((word for text in disclosure for word in lexicon.unpaid if contains(text, word)), None)
    if unpaid is None:
        yield (PASS, N_("Nothing in the disclosure denies that something was given."), "", {})
        return
    said = any(names_what_was_given(sentence, lexicon) for text in disclosure for sentence in sentences(text))
    declared = [made for made in (block.facts.partner, block.facts.editor) if made] if block.facts else []
    if any(made.is_paid for made in declared):
        why = N_("The block says “%(word)s”, and payment was declared.")
        yield (FAIL, why, N_("Say that the partner pays."), {"word": unpaid})
    elif len(declared) == 2 and not any(_gives(made) for made in declared):
        yield (PASS, N_("It says that nothing was given, and nothing was declared."), "", {})
    elif said:
        yield (PASS, N_("It says that no money moved, and what was given instead."), "", {})
    else:
        why = N_("“%(word)s” denies a payment and does not say what was given: passes are worth money too.")
        fix = N_("Say what was exchanged: “No payment; the organiser provides n passes for our readers.”")
        yield (FAIL, why, fix, {"word": unpaid})


def _gives(made: Declaration) -> bool:
    return bool(made.benefits) or RelationshipKind.PASSES_FOR_READERS in made.kinds
