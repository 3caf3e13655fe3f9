"""Whether the label can be seen."""

from collections.abc import Iterator

from promos.rules.disclosure.checks.case import CANNOT_TELL, FAIL, PASS, Answer, Case
from promos.rules.language import N_

CONTRAST, LEAST_SIZE = 4.5, 14.0


def vis_1(case: Case) -> Iterator[Answer]:
    hidden = [line for line in case.lines if line not in case.visible]
    if hidden and not case.visible:
        look = case.block.segments[hidden[0].at].look
        why = N_("The label is there and nobody sees it (%(how)s).")
        fix = N_("Show it as text, in the size and colour of the text around it.")
        yield (FAIL, why, fix, {"how": tuple((look.hidden_by or N_("in a picture only")).split(", "))})
    elif case.visible:
        yield (PASS, N_("Nothing hides the label."), "", {})


def vis_2(case: Case) -> Iterator[Answer]:
    if case.label is None:
        return
    look = case.block.segments[case.label.at].look
    if look.color is None or look.background is None:
        yield (CANNOT_TELL, N_("The colours of the label are not in the source."), "", {})
        return
    ratio = contrast(look.color, look.background)
    facts: dict[str, str | tuple[str, ...]] = {"ratio": f"{ratio:.1f}"}
    if ratio < CONTRAST:
        why = N_("The label is too pale: its contrast is %(ratio)s : 1.")
        yield (FAIL, why, N_("Use 4.5 : 1 or more."), facts)
    else:
        yield (PASS, N_("The label's contrast is %(ratio)s : 1."), "", facts)


def vis_3(case: Case) -> Iterator[Answer]:
    if case.label is None:
        return
    size = case.block.segments[case.label.at].look.font_size
    if size is None:
        yield (CANNOT_TELL, N_("The size of the label is not in the source."), "", {})
    elif size < LEAST_SIZE:
        why = N_("The label is small: %(size)s pixels.")
        yield (FAIL, why, N_("Use 14 pixels or more."), {"size": f"{size:.0f}"})
    else:
        yield (PASS, N_("The label is large enough."), "", {})


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours `#rrggbb` (WCAG 2.2, relative luminance)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: str) -> float:
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def vis_4(case: Case) -> Iterator[Answer]:
    if case.visible:
        yield (PASS, N_("The label is text."), "", {})
    elif any(case.block.segments[line.at].look.is_image for line in case.lines):
        why = N_("The label stands in a picture only, and many mail programs show none until they are asked.")
        yield (FAIL, why, N_("Write “%(label)s” as text."), {"label": case.proposal})
