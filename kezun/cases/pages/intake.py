"""A complaint taken in by staff: whoever hears it first registers it and owns it until another takes it."""

from __future__ import annotations

import hashlib
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kezun.cases import following, intake, kinds, payload, receipts
from kezun.cases.actions.printing import print_receipt
from kezun.cases.effects.course import parent_of
from kezun.cases.forms_intake import MOST_ROWS, ROLES, ComplaintForm, party_rows, people
from kezun.cases.likeness import Like, most
from kezun.cases.models import Case
from kezun.cases.payload import NUMBER
from kezun.kernel.models import StoredFile
from kezun.kernel.page import Menu, page
from kezun.org.models import Assignment, Person, Unit, valid_on
from kezun.org.reader import reader_of

OPEN = "cases.open"
FOUND = 20


@page(
    "complaints/new/",
    name="cases.new_complaint",
    needs=OPEN,
    menu=Menu("handle", 3, gettext_lazy("Take a complaint"), "message-report", short=3),
)
def new(request: HttpRequest) -> HttpResponse:
    """Take a complaint in: what is alike is shown before it is saved, files stay through every try."""
    actor = reader_of(request)
    home = actor.home_unit.code if actor.home_unit else ""
    form = ComplaintForm(request.POST or None, initial={"unit": request.GET.get("unit", home)[:40]})
    context: dict[str, Any] = {"form": form, "roles": ROLES, "rows": party_rows(request.POST), "status": 200}
    context["staff"] = [code for code in request.POST.getlist("staff") if code.strip()][:MOST_ROWS]
    if request.method == "POST" and (answer := _posted(request, actor, form, context)) is not None:
        return answer
    context["crumbs"] = [{"title": _("Take a complaint")}]
    return render(request, "cases/new_complaint.html", context, status=context["status"])


def _posted(
    request: HttpRequest, actor: Person, form: ComplaintForm, context: dict[str, Any]
) -> HttpResponse | None:
    """Keep the files, then save, or show what is alike or wrong; None: the form is shown again."""
    brought = intake.keep_files(actor, request.FILES.getlist("files"))
    files = [*intake.files_of(actor, request.POST.get("kept", "")), *brought.kept]
    context |= {"files": files, "kept": intake.ticket_for(actor, files), "refused": brought.refused}
    if request.POST.get("step") == "row":
        context["rows"] = party_rows(request.POST, min(len(context["rows"]) + 1, MOST_ROWS))
        form.errors.clear()
        return None
    if form.is_valid() & _known(actor, form, context):  # both, so that all mistakes are told at once
        try:
            return _saved(request, actor, form, files, context)
        except ValidationError as error:
            put_errors(form, error)
    context["status"] = 422
    return None


def _known(actor: Person, form: ComplaintForm, context: dict[str, Any]) -> bool:
    """Whether the unit is one of ours and the values are such as a complaint takes; each mistake is told."""
    before = len(form.errors)
    form_of = kinds.form_of(kinds.kind_now(intake.KIND))
    given = form.given() | {"title": form.cleaned_data.get("title") or "—", "parties": _people(context)}
    for check in (
        lambda: unit_called(form.cleaned_data["unit"]) if "unit" in form.cleaned_data else None,
        lambda: payload.cleaned(actor, form_of, "open", given),
    ):
        try:
            check()
        except ValidationError as error:
            put_errors(form, _other_than(form, error))
    return len(form.errors) == before


def _other_than(form: ComplaintForm, error: ValidationError) -> ValidationError:
    """The mistakes at fields of which nothing is told yet."""
    return ValidationError(
        {name: texts for name, texts in error.message_dict.items() if name not in form.errors}
    )


def _people(context: dict[str, Any]) -> list[dict[str, str]]:
    """Everybody whom the form names: those outside, and staff complained of."""
    return people(context["rows"]) + [{"role": "named_staff", "person": code} for code in context["staff"]]


def _saved(
    request: HttpRequest,
    actor: Person,
    form: ComplaintForm,
    files: list[StoredFile],
    context: dict[str, Any],
) -> HttpResponse | None:
    unit = unit_called(form.cleaned_data["unit"])
    given = form.given() | {"parties": _people(context)}
    target = {"superior": parent_of(unit) or unit, "own": actor.home_unit or unit}
    given["owner"] = target.get(form.cleaned_data["hand_over"], unit)
    like = intake.alike(unit, given)
    seen = token_of(like)
    if (like and request.POST.get("seen") != seen) or context["refused"]:
        context |= {"like": like_rows(actor, like), "seen": seen}
        return None
    case = intake.bring(actor, unit, given, files=files, key=str(form.cleaned_data["key"]))
    messages.success(request, _("Registered as %(no)s.") % {"no": case.no})
    return redirect("cases.receipt", case.no)


def put_errors(form: Any, error: ValidationError) -> None:
    """Mistakes found by the verb, at the fields of the form; those of no field at the top."""
    told = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
    for name, texts in told.items():
        for text in texts:
            form.add_error(name if name in form.fields else None, text)


def unit_called(text: str) -> Unit:
    """The open unit by its code, or by its whole name; ValidationError at `unit` where there is none."""
    plain, today = text.strip(), timezone.localdate()
    for way in ({"code": plain}, {"name": plain}, {"name_en": plain}):
        found = list(Unit.objects.filter(closed_date__gte=today, **way)[:2]) if plain else []
        if len(found) == 1:
            return found[0]
    raise ValidationError({"unit": _("There is no open unit «%(code)s».") % {"code": plain[:40]}})


def token_of(like: Like) -> str:
    """What stands for the hints that were shown: others have to be shown anew."""
    cases = sorted({one.pk for one in (*like.again, *like.same)})
    return hashlib.sha256(repr(cases).encode()).hexdigest()[:16] if like else ""


def like_rows(actor: Person, like: Like) -> dict[str, Any]:
    """The hints for the page: numbers always, the cases themselves only where they lie in scope."""
    wanted = [one.pk for one in (*like.again, *like.same)][: 2 * most()]
    seen = (
        Case.objects.visible_to(actor).filter(pk__in=wanted).select_related("unit").order_by("-received_at")
    )
    return {"again": len(like.again), "same": len(like.same), "group": like.group, "cases": list(seen)}


@page("complaints/units/", name="cases.unit_hints", needs=OPEN)
def unit_hints(request: HttpRequest) -> HttpResponse:
    """Units for the list under a field: a complaint may be about any."""
    return render(request, "cases/parts/unit_hints.html", {"units": units_like(request.GET.get("unit", ""))})


def units_like(text: str) -> list[Unit]:
    """Open units whose code or name holds the text; none for less than two signs."""
    plain = text.strip()[:40]
    if len(plain) < 2:
        return []
    match = Q(code__istartswith=plain) | Q(name__icontains=plain) | Q(name_en__icontains=plain)
    rows = Unit.objects.filter(match, closed_date__gte=timezone.localdate()).order_by("code")
    return list(rows.only("code", "name", "name_en")[:FOUND])


@page("complaints/staff/", name="cases.staff_hints", needs=OPEN)
def staff_hints(request: HttpRequest) -> HttpResponse:
    """Who is posted today at the unit complained of: customers know a face, not a number."""
    try:
        unit = unit_called(request.GET.get("unit", ""))
    except ValidationError:
        return render(request, "cases/parts/staff_hints.html", {"rows": []})
    today = timezone.localdate()
    rows = Assignment.objects.filter(valid_on(today), unit=unit, person__is_active=True)
    shown = rows.select_related("person", "post").order_by("person__code", "pk")
    return render(request, "cases/parts/staff_hints.html", {"rows": list(shown[:200])})


@page("complaints/<str:no>/receipt/", name="cases.receipt", needs=OPEN)
def receipt(request: HttpRequest, no: str) -> HttpResponse:
    """The receipt to hand to the customer; for whoever registered the case and has done nothing on it since.

    Who holds a receipt speaks for the customer, so nobody who handled or decided a case gets at it, and
    nobody who is barred from it.
    """
    actor = reader_of(request)
    found = NUMBER.fullmatch(no)
    case = Case.objects.visible_to(actor).filter(pk=int(found[1]), opener=actor).first() if found else None
    if case is None or case.no != no.upper():
        raise Http404(no)
    if not receipts.open_to(actor, case):
        raise Http404(no)
    print_receipt(actor, case)
    number = receipts.receipt_of(case)
    address = receipts.address_of(number, request.build_absolute_uri("/"))
    side, path = receipts.picture(address)
    context = {
        "answer_by": following.answer_by(case),
        **{"case": case, "number": number, "address": address, "side": side, "path": path},
        "crumbs": [
            {"title": _("Take a complaint"), "href": reverse("cases.new_complaint")},
            {"title": case.no},
        ],
    }
    return render(request, "cases/receipt.html", context)
