"""One finding looked for everywhere: an order opens a self-check at every peer, each answer is counted.

The order is an event of the case it comes from; a task opens the self-checks, each once however often it
runs. Whoever finds the same gets a correction of their own as soon as it is verified.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from kezun.cases import rollout
from kezun.cases.actions.verbs import do, open_case
from kezun.cases.doing import Doing, after, effect
from kezun.cases.models import Case, Event, Link, Proof
from kezun.cases.rollout import BY, CORRECTION, SELF_CHECK, TASK
from kezun.cases.standing import permission
from kezun.kernel.action import once
from kezun.kernel.task import enqueue, progress, task
from kezun.org.models import Person, Unit

MOST_DAYS = 365
TITLE = 200
AT_ONCE = 500  # self-checks; some seconds of work


@effect("roll_out")
def ordered(doing: Doing) -> None:
    """Where it is looked for: the peers below a unit, by tag and kind; at least one, all in scope."""
    said = doing.said
    days = said.get("days")
    if days is not None and not 1 <= days <= MOST_DAYS:
        raise ValidationError({"days": _("1 to %(most)d workdays.") % {"most": MOST_DAYS}})
    kind = said.get("kind") or doing.case.unit.kind
    if kind not in Unit.Kind.values:
        known = ", ".join(Unit.Kind.values)
        raise ValidationError({"kind": _("Choose one of: %(known)s.") % {"known": known}})
    under: Unit = said["under"]
    if isinstance(doing.actor, Person) and not _reaches(doing.actor, under):
        raise ValidationError({"under": _("This unit lies outside what you lead.")})
    told = {"under": under.pk, "tag": said.get("tag", ""), "kind": kind}
    count = rollout.peers(doing.case, told).count()
    if not count:
        raise ValidationError({"under": _("No unit below is of this kind and tag.")})
    doing.told["order"] = told | {"units": count}


def _reaches(person: Person, unit: Unit) -> bool:
    return Unit.objects.visible_to(person, permission("roll_out")).filter(pk=unit.pk).exists()


@after
def sent_out(doing: Doing) -> None:
    """The self-checks are opened by a task: there may be thousands."""
    if doing.verb == "roll_out":
        enqueue(TASK, case=doing.case.pk, seq=doing.seq)


@task(TASK)
def open_self_checks(case: int, seq: int) -> None:
    """Open the self-checks of an order that are not there yet, so many at once; the rest in a task behind.

    Between two tasks the worker comes to what else is due: a large bank has fifteen thousand outlets.
    """
    event = Event.objects.select_related("case__unit").get(case=case, seq=seq, verb="roll_out")
    order = rollout.order_of(event)
    there = rollout.checks_of(order).values("unit")
    asked = rollout.peers(event.case, order.told)
    left = asked.exclude(pk__in=there).order_by("code")
    whole, lacking = asked.count(), left.count()
    units = list(left[:AT_ONCE])
    for done, unit in enumerate(units, 1 + whole - lacking):
        _open(event.case, order, unit)
        progress(done, whole, unit.title)
    if lacking > len(units) > 0:
        enqueue(TASK, case=case, seq=seq)
    elif not units:
        progress(whole, whole)


def _open(case: Case, order: rollout.Order, unit: Unit) -> None:
    given: dict[str, Any] = {
        "title": _("Self-check: %(title)s") % {"title": case.title},
        "question": order.question,
        "origin": case.no,
        "order": order.seq,
        **({"days": order.days} if order.days else {}),
    }
    given["title"] = given["title"][:TITLE]
    with transaction.atomic():
        with once(f"roll_out:{case.pk}:{order.seq}:{unit.pk}"):
            made: Any = open_case(BY, SELF_CHECK, unit, given)
        if isinstance(made, Case):
            do(BY, made, "link", {"to": case, "type": Link.Type.ROLL_OUT_OF.value})


@after
def found_the_same(doing: Doing) -> None:
    """What a self-check found, and was not put right at once, is corrected like any other finding."""
    case = doing.case
    if case.code != SELF_CHECK or doing.verb != "verify":
        return
    if case.data.get("found") != "same" or case.data.get("put_right"):
        return
    link = Link.objects.filter(source=case, type=Link.Type.ROLL_OUT_OF).select_related("target").first()
    origin = link.target.data if link else {}
    given = {
        "title": case.title,
        "source": "self_check",
        "requirement": f"{case.data['question']}\n{rollout.result_of(case)}".strip(),
        "complexity": origin.get("complexity", "minor"),
        "urgency": origin.get("urgency", "term"),
        **{name: origin[name] for name in ("days", "standard", "criterion") if origin.get(name)},
    }
    made = open_case(BY, CORRECTION, case.unit, given)
    if files := [p.file for p in Proof.objects.filter(case=case).select_related("file")]:
        do(BY, made, "attach", {"files": files, "stage": "before"})
    do(BY, made, "link", {"to": case, "type": Link.Type.RECTIFIES.value})
