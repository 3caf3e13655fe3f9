"""What was exchanged, and whether the block says so."""

from collections.abc import Iterator

from promos.rules.disclosure.checks.case import CANNOT_TELL, FAIL, PASS, Answer, Case
from promos.rules.disclosure.declarations import Declaration, worth
from promos.rules.disclosure.lexicon import contains, names_what_was_given, sentences
from promos.rules.disclosure.vocabulary import RelationshipKind
from promos.rules.language import N_
from promos.rules.money import major

CONTRACT_FROM = 100_000  # cents without VAT, from one advertiser for one goal in one year: décret 2025-1137

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
    given = {RelationshipKind.PASSES_FOR_READERS, RelationshipKind.PRESS_ACCREDITATION}
    given |= {RelationshipKind.UNSOLICITED_GIFT}
    return bool(made.benefits) or not made.kinds.isdisjoint(given)


def rel_3(case: Case) -> Iterator[Answer]:
    facts = case.block.facts
    if facts is None or not any(RelationshipKind.NONE_DECLARED in made.kinds for made in facts.declared):
        return
    text, lexicon = case.block.text, case.rules.lexicon
    contradicts = {
        N_("a code"): bool(case.block.code),
        N_("passes"): any(contains(text, thing) for thing in lexicon.things),
        N_("the author will be there"): any(contains(text, words) for words in lexicon.attends),
    }
    found = tuple(name for name, holds in contradicts.items() if holds)
    if found:
        why = N_("It was declared that nothing was exchanged, and the block has this: %(what)s.")
        yield (FAIL, why, N_("Declare what was given, to readers too, or take it out."), {"what": found})
    else:
        yield (PASS, N_("Nothing in the block contradicts that nothing was exchanged."), "", {})


def rel_4(case: Case) -> Iterator[Answer]:
    facts = case.block.facts
    if facts is None or not facts.declared:
        return
    if all(made.contract for made in facts.declared):
        yield (PASS, N_("Both parties name a written contract."), "", {})
        return
    if facts.given_this_year is None:
        yield (CANNOT_TELL, N_("What the advertiser gave in this year is not known."), "", {})
        return
    given = worth(facts.given_this_year)
    sums: dict[str, str | tuple[str, ...]] = {"sum": major(given.least, "EUR"), "most": major(given.most, "EUR")}
    if given.least >= CONTRACT_FROM:
        why = N_("What this advertiser gave this year is worth %(sum)s EUR without VAT, and no contract is named.")
        yield (FAIL, why, N_("From 1,000 EUR on, make a written contract and name it in both declarations."), sums)
    elif given.most >= CONTRACT_FROM:
        why = N_("What this advertiser gave this year is worth up to %(most)s EUR: whether VAT is in is not said.")
        yield (CANNOT_TELL, why, N_("Declare the VAT."), sums)
    elif given.uncounted:
        why = N_("Not all that this advertiser gave this year has a worth in euros; what has is %(most)s EUR.")
        yield (CANNOT_TELL, why, N_("Declare what it is worth."), sums)
    else:
        why = N_("What this advertiser gave this year is worth %(most)s EUR at most, and asks for no contract.")
        yield (PASS, why, "", sums)


def rel_5(case: Case) -> Iterator[Answer]:
    facts = case.block.facts
    if facts is None or not facts.is_own_event:
        return
    if facts.advertiser.casefold() not in case.block.text.casefold():
        yield (FAIL, N_("The event is the newsletter's own, and its owner is not named."), N_("Name the owner."), {})
        return
    line = case.label.line if case.label else ""
    sponsor = next((word for word in case.rules.lexicon.sponsored if contains(line, word)), None)
    if sponsor:
        why = N_("“%(word)s” tells of a sponsor, and the event is the newsletter's own.")
        yield (FAIL, why, N_("Say whose event it is; the label needs no more."), {"word": sponsor})
    else:
        yield (PASS, N_("The event is the newsletter's own, and its owner is named."), "", {})
