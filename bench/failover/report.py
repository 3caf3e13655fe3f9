"""What a crowd was told against what is stored: the figures of a drill, and which promise they break."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from bench.failover.crowd import Answer, Crowd
from bench.failover.installation import Stored

LONGEST = 15.0  # seconds for any answer, whatever happens


@dataclass(frozen=True, slots=True)
class Drill:
    """`repeats`: what the readers who hold a pass heard when each asked once more. `killed` is when; seconds."""

    crowd: Crowd
    stored: Stored
    repeats: list[Answer]
    limit: int
    killed: float
    paired_again: float
    is_synchronous: bool

    @property
    def lost(self) -> int:
        """Passes that a reader was told of and that are not there."""
        return len({given.id for given in self.crowd.passes.values()} - self.stored.passes)

    @property
    def over(self) -> int:
        """Passes that readers were told of, beyond the limit."""
        return max(0, len(self.crowd.passes) - self.limit)

    @property
    def never_told(self) -> int:
        return len(self.stored.passes - {given.id for given in self.crowd.passes.values()})

    @property
    def given_twice(self) -> int:
        tokens = Counter(given.token for given in self.crowd.passes.values())
        return sum(number > 1 for number in tokens.values())

    @property
    def not_the_same(self) -> int:
        return sum(answer.given != self.crowd.passes[answer.reader] for answer in self.repeats)

    @property
    def outage(self) -> tuple[float, float]:
        """From the last yes before to the first yes after; as seconds since the leader was killed."""
        ends = sorted(answer.end for answer in self.crowd.answers if answer.what == "pass")
        last, first = max(pairwise(ends), key=lambda pair: pair[1] - pair[0])
        return last - self.killed, first - self.killed

    @property
    def unknown(self) -> set[int]:
        """Readers for whom it was open whether they have a pass, when they were first told nothing."""
        return {answer.reader for answer in self.crowd.answers if answer.status in (0, 503)}

    @property
    def found(self) -> int:
        """Of `unknown`, those whose pass was there already when they asked again."""
        return len({answer.reader for answer in self.crowd.answers if answer.what == "same pass"} & self.unknown)

    @property
    def slowest(self) -> float:
        return max(answer.end - answer.start for answer in self.crowd.answers)

    def faults(self) -> list[str]:
        """Every broken promise. Asynchronous replication promises nothing about what it had not sent on."""
        kept = [
            ("acknowledged and lost", self.lost),
            ("acknowledged beyond the limit", self.over),
            ("readers whose repeat gave something else", self.not_the_same),
        ]
        always = [
            ("stored beyond or below the limit", abs(len(self.stored.passes) - self.limit)),
            ("stored and never told", self.never_told),
            ("readers with two passes", self.stored.readers_with_two),
            ("tokens given twice", self.given_twice),
            ("counters that disagree", len(self.stored.differences) + sum(n != self.limit for n in self.stored.used)),
            ("answers other than yes, sold out, or 503 with Retry-After", sum(map(_is_wrong, self.crowd.answers))),
            (
                f"answers later than {LONGEST:.0f} s",
                sum(answer.end - answer.start > LONGEST for answer in self.crowd.answers),
            ),
        ]
        return [f"{what}: {number}" for what, number in [*(kept if self.is_synchronous else []), *always] if number]

    def verdict(self) -> Iterator[str]:
        """Which promise was broken; and what was never promised."""
        faults = self.faults()
        yield from (f"BROKEN  {fault}" for fault in faults)
        if not faults:
            yield "Every promise was kept."
        if self.lost and not self.is_synchronous:
            yield f"{self.lost} acknowledged passes are gone: asynchronous replication promises nothing about them."

    def lines(self) -> Iterator[str]:
        """The closing table."""
        last, first = self.outage
        passes, told = self.crowd.passes, len(self.repeats)
        yield _row("replication", "synchronous" if self.is_synchronous else "asynchronous")
        yield _row("passes acknowledged", len(passes))
        yield _row("lost", self.lost)
        yield _row("stored / limit", f"{len(self.stored.passes)} / {self.limit}")
        yield _row("over", self.over)
        yield _row("stored and never told", self.never_told)
        yield _row("readers with two passes", self.stored.readers_with_two)
        yield _row("counters that disagree with the ledger", len(self.stored.differences))
        yield _row("asked once more: the same pass", f"{told - self.not_the_same} of {told}")
        yield _row("told 503 at first", f"{len(self.unknown)} readers; {self.found} had their pass already")
        yield _row("outage", f"{first - last:.1f} s, from {last:+.1f} s to {first:+.1f} s")
        yield _row("slowest answer", f"{self.slowest:.1f} s")
        yield _row("old leader follows again after", f"{self.paired_again:.1f} s")
        yield ""
        yield "Answers:"
        for kind, number in sorted(_kinds(self.crowd.answers).items()):
            yield _row(f"  {kind}", number)


def _kinds(answers: Sequence[Answer]) -> Counter[str]:
    return Counter(_kind(answer) for answer in answers)


def _kind(answer: Answer) -> str:
    promise = ", Retry-After" if answer.has_retry_after else ""
    return f"{answer.status or '---'} {answer.what}{promise}"


def _is_wrong(answer: Answer) -> bool:
    sold_out = answer.status == 409 and answer.what.endswith("-exhausted")
    return not (answer.given or sold_out or (answer.status == 503 and answer.has_retry_after))


def _row(what: str, value: object) -> str:
    return f"{what:<42} {value}"
