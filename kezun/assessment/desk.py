"""The steps of a round in words: what each does, where the round stands, what the next one waits for."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from kezun.assessment.models import Round
from kezun.assessment.rounds import HINDRANCES
from kezun.assessment.rules.steps import STEPS, Stand, hindrances

STEP_WORDS: dict[str, tuple[str | Promise, str | Promise]] = {
    "provisional": (
        _("Compute the provisional result"),
        _("A run with everything known now. Nobody is shown it yet; the office looks at it first."),
    ),
    "appeal": (
        _("Show it and open it to appeal"),
        _("Everybody judged sees the provisional result and may appeal against a line of it."),
    ),
    "final": (
        _("Compute the final result"),
        _("A run with upheld appeals, attributions and late facts taken in. Nobody is shown it yet."),
    ),
    "closed": (
        _("Publish the final result and close"),
        _("Everybody judged sees the final result. After this only a restatement by decision may follow."),
    ),
}


@dataclass(frozen=True)
class Step:
    """One step of the row: its name; past, now or ahead; whether somebody asked for it."""

    state: str
    title: str
    when: str
    asked: bool


def steps_of(held: Round) -> list[Step]:
    """All steps of a round in their order."""
    at = STEPS.index(held.state)
    return [
        Step(
            state,
            str(Round.State(state).label),
            "past" if number < at else "now" if number == at else "ahead",
            held.asked_state == state,
        )
        for number, state in enumerate(STEPS)
    ]


@dataclass(frozen=True)
class Hindrance:
    """What keeps the next step from being taken, in words, with the page where it can be settled."""

    text: str
    href: str = ""


def waiting_for(held: Round, stand: Stand) -> list[Hindrance]:
    """What hinders the next step, with how many where they can be counted."""
    numbers = {"appeals": stand.appeals_open, "pending": stand.pending}
    places = {
        "appeals": f"{reverse('assessment.appeals')}?state=filed",
        "pending": reverse("assessment.ledger"),
    }
    found = []
    for code in hindrances(stand):
        text = str(HINDRANCES[code])
        if code == "window" and held.appeal_until_date:
            text = f"{text} ({held.appeal_until_date:%Y-%m-%d})"
        elif numbers.get(code):
            text = f"{text} ({numbers[code]})"
        found.append(Hindrance(text, places.get(code, "")))
    return found
