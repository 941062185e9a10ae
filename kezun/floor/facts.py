"""The floor's facts: tickets (a customer's turn at an outlet or on the telephone) and ratings."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kezun.facts.types import Column, FactType, fact_type

HOURS_12 = 12 * 3600

TICKET = fact_type(
    FactType(
        name="ticket",
        title=_("Ticket"),
        about=_("One customer's turn: taken, then served or abandoned, at a counter or on the telephone."),
        counted='outcome != "void"',
        columns=(
            Column("outcome", "text", _("Outcome"), required=True, choices=("served", "abandoned", "void")),
            Column("channel", "text", _("Channel"), required=True, choices=("counter", "phone")),
            Column("direction", "text", _("Direction"), required=True, choices=("in", "out")),
            Column("counter", "text", _("Counter")),
            Column("wait_s", "seconds", _("Wait"), low=0, high=HOURS_12),
            Column("service_s", "seconds", _("Service time"), low=0, high=HOURS_12),
            Column("wrap_s", "seconds", _("After-call work"), low=0, high=HOURS_12),
            Column("promise_s", "seconds", _("Promised wait"), low=0, high=HOURS_12),
        ),
    )
)

RATING = fact_type(
    FactType(
        name="rating",
        title=_("Rating"),
        about=_(
            "What a customer pressed after being served; score 1 (very dissatisfied) to 5 (very satisfied)."
        ),
        columns=(
            Column("ticket_id", "text", _("Ticket")),
            Column("channel", "text", _("Channel"), required=True, choices=("counter", "phone", "online")),
            Column("score", "integer", _("Score"), required=True, low=1, high=5),
            Column("reason", "text", _("Reason")),
        ),
    )
)
