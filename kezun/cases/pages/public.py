"""Pages without sign-in: a customer brings a complaint, and follows it by the number of the receipt.

A number that is wrong in whatever way gets one and the same answer, is counted, and soon braked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from kezun.cases import actions, brakes, catalogs, intake, receipts, standing
from kezun.cases.actions.adding import add_words
from kezun.cases.following import followed
from kezun.cases.forms_intake import PublicForm
from kezun.cases.models import Case
from kezun.cases.pages.intake import put_errors
from kezun.cases.remarks import remark
from kezun.kernel.models import StoredFile
from kezun.kernel.page import page
from kezun.org.models import Unit

CUSTOMER = standing.CUSTOMER
SHOWN = 12
View = Callable[..., HttpResponse]


def braked(view: View) -> View:
    """Look at the size of what is sent before anything of it is read, then check the form's own token."""

    @csrf_exempt
    @wraps(view)
    def look(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        most = int(catalogs.numbers("complaints")["public"]["total_mib"]) * intake.MEBI
        length = request.headers.get("Content-Length") or "0"
        if request.method == "POST" and (not length.isdigit() or int(length) > most):
            told = _("Too much at once: at most %(most)d MiB.") % {"most": most // intake.MEBI}
            return _sorry(request, told, 413)
        answer: HttpResponse = csrf_protect(view)(request, *args, **kwargs)
        return answer

    return look


def _sorry(request: HttpRequest, text: str, status: int) -> HttpResponse:
    answer = render(request, "cases/public/sorry.html", {"text": text}, status=status)
    if status == 429:
        answer["Retry-After"] = "600"
    return answer


@page("p/complaint/", name="cases.public_complaint", public=True)
@braked
def complaint(request: HttpRequest) -> HttpResponse:
    """Bring a complaint without sign-in; the receipt comes at once."""
    form = PublicForm(request.POST or None, initial={"unit": request.GET.get("unit", "")[:40]})
    context: dict[str, Any] = {"form": form, "told": catalogs.numbers("complaints")}
    status = 200
    if request.method == "POST":
        place = brakes.place_of(request)
        if not brakes.count("bring", place, brakes.limits("per_address")):
            return _sorry(request, _("Too many complaints from this connection; try again later."), 429)
        status = 422
        files = _files(request)
        if form.is_valid() and (answer := _brought(request, form, context, files)) is not None:
            return answer
        context |= {"files": files.kept, "refused": files.refused}
        context["kept"] = intake.ticket_for(CUSTOMER, files.kept)
    return render(request, "cases/public/complaint.html", context, status=status)


def _files(request: HttpRequest) -> intake.Files:
    """The files of this try and of those before it, so that nothing has to be chosen again; no robot's."""
    if request.POST.get("website"):
        return intake.Files()
    return _kept(request, intake.files_of(CUSTOMER, request.POST.get("kept", "")))


def _kept(request: HttpRequest, before: Sequence[StoredFile] = ()) -> intake.Files:
    told = catalogs.numbers("complaints")["public"]
    uploads, held = request.FILES.getlist("files"), list(before)[: told["files"]]
    found = intake.keep_files(CUSTOMER, uploads, most=told["files"], mib=told["file_mib"], held=len(held))
    return intake.Files([*held, *found.kept], found.refused)


def _brought(
    request: HttpRequest, form: PublicForm, context: dict[str, Any], files: intake.Files
) -> HttpResponse | None:
    said, told = form.cleaned_data, catalogs.numbers("complaints")["public"]
    if said["website"]:
        brakes.log.warning("trapped", extra={"what": "bring"})
        form.add_error(None, _("This could not be taken; please call us."))
        return None
    unit = _unit(said["unit"], form, context)
    if unit is None:
        return None
    if not brakes.count("outlet", str(unit.pk), brakes.limits("per_outlet")):
        return _sorry(request, _("Very many complaints just now; try again later, or call us."), 429)
    given = {name: said[name] for name in ("business", "reason_code", "story", "claim") if said[name]}
    given["channel"] = told["channel"]
    given["parties"] = [{"role": "complainant", "name": said["name"], "phone": said["phone"]}]
    try:
        case = intake.bring(CUSTOMER, unit, given, files=files.kept, key=str(said["key"]))
    except ValidationError as error:
        put_errors(form, error)
        return None
    request.session["refused"] = files.refused
    return redirect(reverse("cases.public_case", args=[receipts.receipt_of(case)]) + "?new=1")


def _unit(text: str, form: PublicForm, context: dict[str, Any]) -> Unit | None:
    """The outlet by code or name; where several fit, they are offered."""
    exact, like = intake.units_by(text.strip(), SHOWN)
    if exact is not None:
        return exact
    context["units"] = like
    said = _("Which of these?") if like else _("We do not find this outlet; write a part of its name.")
    form.add_error("unit", said)
    return None


@page("p/case/", name="cases.public_find", public=True)
def find(request: HttpRequest) -> HttpResponse:
    """Type the number of a receipt."""
    number = request.GET.get("number", "").strip()[:60].replace("/", "")
    if number:
        return redirect("cases.public_case", number)
    return render(request, "cases/public/find.html", {})


def with_case(view: Callable[[HttpRequest, Case, str], HttpResponse]) -> View:
    """Find the case of a receipt; one answer for all that is wrong, counted and braked by address."""

    @wraps(view)
    def look(request: HttpRequest, number: str) -> HttpResponse:
        place = brakes.place_of(request)
        forged = brakes.limits("forged_per_address")
        if brakes.spent("forged", place, forged) or not brakes.count(
            "follow", place, brakes.limits("follow_per_address")
        ):
            return _sorry(request, _("Too many tries from this connection; try again later."), 429)
        case = receipts.case_by(number[:60])
        if case is None:
            brakes.count("forged", place, forged)
            brakes.log.warning("receipt refused", extra={"place": place[:8]})
            return _sorry(request, _("There is no such number; compare it sign by sign."), 404)
        return view(request, case, receipts.receipt_of(case))

    return look


@page("p/case/<str:number>/", name="cases.public_case", public=True)
@with_case
def case(request: HttpRequest, case: Case, number: str) -> HttpResponse:
    """How far a case is, in plain words."""
    return _shown(request, case, number)


def _shown(request: HttpRequest, case: Case, number: str, problems: list[str] | None = None) -> HttpResponse:
    context: dict[str, Any] = {"shown": followed(case), "number": number, "problems": problems or []}
    context["thanks"] = _thanks(request.GET.get("done", ""))
    if request.GET.get("new"):
        address = receipts.address_of(number, request.build_absolute_uri("/"))
        side, path = receipts.picture(address)
        context |= {"new": True, "side": side, "path": path, "address": address}
        context["refused"] = request.session.pop("refused", [])
    return render(request, "cases/public/case.html", context, status=422 if problems else 200)


def _add(request: HttpRequest, case: Case) -> None:
    found = _kept(request)
    words = request.POST.get("words", "").strip()
    if words or found.kept or not found.refused:
        add_words(CUSTOMER, case, words=words, files=found.kept)
    if found.refused:
        raise ValidationError(found.refused)


def _withdraw(request: HttpRequest, case: Case) -> None:
    reason = request.POST.get("reason", "").strip()[:200]
    actions.do(CUSTOMER, case, "withdraw", {"reason": reason or remark("customer_withdrew")})


def _rate(request: HttpRequest, case: Case) -> None:
    if request.user.is_authenticated:
        raise ValidationError(_("Staff do not rate in the customer's place: sign out first."))
    if case.satisfaction is not None:
        raise ValidationError(_("You have rated already; thank you."))
    given = {"satisfaction": request.POST.get("satisfaction", "")}
    words = request.POST.get("words", "").strip()[:1000]
    actions.do(CUSTOMER, case, "rate", given | ({"words": words} if words else {}))


def _review(request: HttpRequest, case: Case) -> None:
    actions.review(CUSTOMER, case, asked=request.POST.get("asked", ""))


WORDS: dict[str, Callable[[HttpRequest, Case], None]] = {
    **{"add": _add, "withdraw": _withdraw, "rate": _rate, "review": _review},
}


@page("p/case/<str:number>/do/", name="cases.public_do", public=True)
@braked
@with_case
def do(request: HttpRequest, case: Case, number: str) -> HttpResponse:
    """Add something, take it back, rate it, or ask for a review: what the receipt's holder may do."""
    word = request.POST.get("word", "")
    act = WORDS.get(word)
    if request.method != "POST" or act is None:
        return redirect("cases.public_case", number)
    try:
        act(request, case)
    except ValidationError as error:
        case.refresh_from_db()
        return _shown(request, case, number, error.messages)
    return redirect(reverse("cases.public_case", args=[number]) + f"?done={word}")


def _thanks(word: str) -> str:
    """What is said after something was done."""
    told = {
        "add": _("Thank you: it was added."),
        "withdraw": _("It was taken back and has ended."),
        "rate": _("Thank you for saying so."),
        "review": _("The unit above will look at it again."),
    }
    return told.get(word, "")
