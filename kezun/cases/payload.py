"""What somebody says with a verb: checked value by value, each mistake named by its field."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from kezun.cases import catalogs
from kezun.cases.models import Case, Party, Petition
from kezun.cases.remarks import Remark
from kezun.cases.rules import identity
from kezun.cases.rules.kinds import Field, Kind
from kezun.cases.rules.verbs import VERBS, Take
from kezun.cases.sealing import PERSONAL
from kezun.kernel.actor import Actor
from kezun.kernel.mask import refuse_c3
from kezun.kernel.models import StoredFile
from kezun.org.models import Person, Post, Unit

NUMBER = re.compile(r"(?:C\d\d-)?0*(\d{1,18})", re.IGNORECASE)
WHOLE = re.compile(r"\s*([+-]?\d{1,20})\s*")
LONE = re.compile("[\ud800-\udfff]")
LARGEST = 2**31 - 1
EARLIEST = dt.datetime(1990, 1, 1, tzinfo=dt.UTC)
LEAST_DIGITS = 5
MOST_PARTIES, MOST_REPRESENTATIVES, MOST_FILES = 60, 5, 20
FREE = ("amend", "ask")  # of the kind's fields these name whichever they are about


def cleaned(
    actor: Actor, kind: Kind, verb: str, given: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The values of a verb and those of the kind's fields, typed.

    Raises ValidationError by field: an unknown name, a missing or wrong value, each with what to do.
    """
    spec = VERBS[verb]
    fields = {field.id: field for field in kind.asked(verb)}
    takes = {take.name: take for take in spec.takes}
    if verb in FREE:
        listed = kind.fields if verb == "amend" else kind.classing()
        fields = {field.id: field for field in listed if field.id not in takes}
    errors: dict[str, Any] = {}
    for name in given:
        if name not in takes and name not in fields:
            known = ", ".join([*takes, *fields]) or "—"
            errors[name] = _("There is no value «%(name)s» here; known are: %(known)s.") % {
                "name": str(name)[:40],
                "known": known,
            }
    said = {name: _one(errors, name, given.get(name), partial(_take, actor, t)) for name, t in takes.items()}
    held = {id: _one(errors, id, given.get(id), partial(_field, actor, f)) for id, f in fields.items()}
    for name, take in takes.items():
        if take.required and said[name] in (None, "", [], ()) and name not in errors:
            errors[name] = _("This is missing; fill it in.")
    for id, field in fields.items():
        if field.required and held[id] in (None, "") and id not in errors and verb not in FREE:
            errors[id] = _("This is missing; fill it in.")
    if errors:
        raise ValidationError(errors)
    return {k: v for k, v in said.items() if v is not None}, {k: v for k, v in held.items() if v is not None}


def _one(errors: dict[str, Any], name: str, value: Any, read: Callable[[Any], Any]) -> Any:
    if value is None or value == "":
        return None
    try:
        return read(value)
    except ValidationError as error:
        errors[name] = error.messages
    except (ValueError, OverflowError, RecursionError):  # a number of 5,000 digits, lists a thousand deep
        errors[name] = _("This value cannot be read; correct it.")
    return None


def _take(actor: Actor, take: Take, value: Any) -> Any:
    if take.kind == "choice" and value not in take.among:
        raise ValidationError(_choose(take.among))
    return READERS[take.kind](actor, value, take.most)


def _choose(among: Iterable[str]) -> str:
    return _("Choose one of: %(known)s.") % {"known": ", ".join(among)}


def _field(actor: Actor, field: Field, value: Any) -> Any:
    if field.type == "choice":
        ids = [choice.id for choice in field.choices]
        if str(value) not in ids:
            raise ValidationError(_choose(ids))
        return str(value)
    if field.type == "code":
        table = catalogs.tables().get(field.table)
        if table is None or str(value) not in table.codes:
            raise ValidationError(
                _("«%(value)s» is not a code of «%(table)s»; choose one from the table.")
                % {"value": str(value)[:40], "table": field.table}
            )
        return str(value)
    if field.type in ("unit", "person"):
        return FIELD_READERS[field.type](actor, value, 200).code
    made = FIELD_READERS[field.type](actor, value, 20_000 if field.type == "long" else 400)
    if isinstance(made, int) and not isinstance(made, bool):
        _within(field, made)
    return made.isoformat() if isinstance(made, (dt.date, dt.datetime)) else made


def _within(field: Field, value: int) -> None:
    if (field.least is not None and value < field.least) or (field.most is not None and value > field.most):
        raise ValidationError(
            _("%(value)d is outside %(least)s to %(most)s; correct it.")
            % {"value": value, "least": field.least, "most": field.most}
        )


def text(_actor: Actor, value: Any, most: int) -> str:
    """One line or many, without what no database takes, without class C3."""
    if isinstance(value, Remark):  # the platform's own sentence
        return value
    if not isinstance(value, str) or LONE.search(value):
        raise ValidationError(_("A text is expected here."))
    plain = value.replace("\x00", "").replace("\r\n", "\n").strip()
    if len(plain) > most:
        raise ValidationError(
            _("At most %(most)d characters; these are %(n)d.") % {"most": most, "n": len(plain)}
        )
    return refuse_c3(plain)


def whole(_actor: Actor, value: Any, _most: int) -> int:
    """A whole number."""
    written = WHOLE.fullmatch(str(value))
    found = int(written[1]) if written else LARGEST + 1
    if abs(found) > LARGEST:
        raise ValidationError(_("A whole number is expected here."))
    return found


def money(_actor: Actor, value: Any, _most: int) -> int:
    """An amount of money in fen (hundredths); written in yuan, with at most two places."""
    found = re.fullmatch(r"\s*(\d{1,12})(?:\.(\d{1,2}))?\s*", str(value).replace(",", ""))
    if found is None:
        raise ValidationError(_("An amount is expected here, for instance 1234.50."))
    return int(found[1]) * 100 + int((found[2] or "0").ljust(2, "0"))


def flag(_actor: Actor, value: Any, _most: int) -> bool:
    """True or false, as forms and files write it."""
    if isinstance(value, bool):
        return value
    low = str(value).strip().lower()
    if low in ("true", "on", "yes", "1"):
        return True
    if low in ("false", "off", "no", "0"):
        return False
    raise ValidationError(_("Yes or no is expected here."))


def moment(_actor: Actor, value: Any, _most: int) -> dt.datetime:
    """A moment, in the bank's zone where it names none; not later than now by more than a minute."""
    try:
        found = value if isinstance(value, dt.datetime) else parse_datetime(str(value).strip())
    except ValueError:
        found = None
    if found is None:
        raise ValidationError(_("A moment is expected here, for instance 2026-09-21 10:30."))
    if found.tzinfo is None:
        found = found.replace(tzinfo=ZoneInfo(settings.KEZUN_BANK_ZONE))
    if found > timezone.now() + dt.timedelta(minutes=1):
        raise ValidationError(_("This moment lies in the future; enter when it happened."))
    if found < EARLIEST:
        raise ValidationError(_("A moment is expected here, for instance 2026-09-21 10:30."))
    return found.astimezone(dt.UTC)


def day(_actor: Actor, value: Any, _most: int) -> dt.date:
    """A day."""
    try:
        if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
            return value
        return dt.date.fromisoformat(str(value).strip())
    except ValueError as error:
        raise ValidationError(_("A day is expected here, for instance 2026-09-21.")) from error


def _code(value: Any) -> str:
    """A code as a database takes it; "" (which nothing has) for what cannot be one."""
    plain = str(value).strip() if isinstance(value, (str, int)) else ""
    return "" if "\x00" in plain or LONE.search(plain) else plain


def unit(_actor: Actor, value: Any, _most: int) -> Unit:
    """A unit of the bank, open today, by its code: work may be handed to any."""
    if isinstance(value, Unit):
        return value
    found = Unit.objects.filter(code=_code(value), closed_date__gte=timezone.localdate()).first()
    if found is None:
        raise ValidationError(_("There is no open unit «%(code)s».") % {"code": str(value)[:40]})
    return found


def person(_actor: Actor, value: Any, _most: int) -> Person:
    """A member of staff by staff number."""
    if isinstance(value, Person):
        return value
    found = Person.objects.filter(code=_code(value), is_active=True).first()
    if found is None:
        raise ValidationError(_("There is no member of staff «%(code)s».") % {"code": str(value)[:40]})
    return found


def post(_actor: Actor, value: Any, _most: int) -> Post:
    """A post, in which somebody may stand today, by its code."""
    if isinstance(value, Post):
        return value
    found = Post.objects.filter(code=_code(value), closed_date__gte=timezone.localdate()).first()
    if found is None:
        raise ValidationError(_("There is no post «%(code)s».") % {"code": str(value)[:40]})
    return found


def case(actor: Actor, value: Any, _most: int) -> Case:
    """Another case, by its number, which the actor may see."""
    if isinstance(value, Case):
        return value
    value = str(value)
    found = NUMBER.fullmatch(value.strip())
    row = Case.objects.visible_to(actor).filter(pk=int(found[1])).first() if found else None
    if row is None or (value.strip()[:1] in "Cc" and row.no[:4] != value.strip()[:4].upper()):
        raise ValidationError(_("There is no case «%(no)s» in your scope.") % {"no": str(value)[:40]})
    return row


def petition(_actor: Actor, value: Any, _most: int) -> Petition:
    """A petition by its number."""
    if isinstance(value, Petition):
        return value
    found = Petition.objects.filter(pk=whole(_actor, value, 0)).first()
    if found is None:
        raise ValidationError(_("There is no such request."))
    return found


def files(_actor: Actor, value: Any, _most: int) -> list[StoredFile]:
    """Files that were examined and kept before (kernel.file.keep)."""
    rows = value if isinstance(value, (list, tuple)) else [value]
    if not all(isinstance(row, StoredFile) for row in rows):
        raise ValidationError(_("Files are brought by upload."))
    if len(rows) > MOST_FILES:
        raise ValidationError(_("At most %(most)d files at once.") % {"most": MOST_FILES})
    return list(rows)


def parties(actor: Actor, value: Any, _most: int) -> list[dict[str, Any]]:
    """People of a case: a list of {role, person} for staff, {role, name, phone, …} for others."""
    if not isinstance(value, (list, tuple)):
        raise ValidationError(_("A list of people is expected here."))
    if len(value) > MOST_PARTIES:
        raise ValidationError(_("At most %(most)d people.") % {"most": MOST_PARTIES})
    made = [_party(actor, row) for row in value]
    if sum(row["role"] == "representative" for row in made) > MOST_REPRESENTATIVES:
        raise ValidationError(
            _("At most %(most)d representatives speak for a group.") % {"most": MOST_REPRESENTATIVES}
        )
    return made


def _party(actor: Actor, row: Any) -> dict[str, Any]:
    if not isinstance(row, Mapping) or row.get("role") not in Party.Role.values:
        raise ValidationError(
            _("Each person needs a role; choose one of: %(known)s.") % {"known": ", ".join(Party.Role.values)}
        )
    unknown = set(row) - {"role", "person", *PERSONAL}
    if unknown:
        raise ValidationError(_("Of a person there is no «%(name)s».") % {"name": sorted(unknown)[0]})
    made: dict[str, Any] = {"role": row["role"]}
    if row.get("person"):
        made["person"] = person(actor, row["person"], 0)
    made |= {name: text(actor, row[name], 200) for name in PERSONAL if row.get(name)}
    if not actor.trail_name.startswith("system:ledger"):  # old ledgers say what they say
        _check_reachable(made)
        _check_identity(made)
    if row["role"] == Party.Role.NAMED_STAFF and "person" not in made:
        raise ValidationError(_("Name the member of staff by staff number."))
    if "person" not in made and not made.get("name") and not made.get("phone"):
        raise ValidationError(_("Of a person at least the name or the telephone is needed."))
    return made


# what is wrong with an identity number (rules/identity.py); the number itself is repeated nowhere
UNFIT = {
    "length": lazy("Identity number: a resident's number or a unified code has 18 signs; check it."),
    "signs": lazy("Identity number: it holds signs that no such number has; check it."),
    "birth": lazy("Identity number: its digits 7 to 14 are no possible day of birth; check them."),
    "check": lazy("Identity number: its last sign does not fit the others; one of them is miswritten."),
}


def _check_identity(made: dict[str, Any]) -> None:
    """An identity number is right to its check sign, else one customer is taken for two."""
    if made.get("id_number"):
        if wrong := identity.fault(made["id_number"], timezone.localdate()):
            raise ValidationError(str(UNFIT[wrong]))
        made["id_number"] = identity.plain(made["id_number"])


def _check_reachable(made: Mapping[str, Any]) -> None:
    """A telephone number has digits, a mail address a form: somebody has to reach this customer in a day."""
    if made.get("phone") and len(re.findall(r"\d", str(made["phone"]))) < LEAST_DIGITS:
        raise ValidationError(
            _("Write the telephone number in digits, at least %(n)d.") % {"n": LEAST_DIGITS}
        )
    if made.get("email"):
        try:
            validate_email(str(made["email"]))
        except ValidationError as error:
            raise ValidationError(
                _("This is no mail address: «%(value)s».") % {"value": made["email"]}
            ) from error


Reader = Callable[[Actor, Any, int], Any]
READERS: dict[str, Reader] = {
    **{"text": text, "long": text, "sealed": text, "whole": whole, "flag": flag, "moment": moment},
    **{"day": day, "unit": unit, "person": person, "post": post, "case": case, "petition": petition},
    **{"files": files, "party": parties, "choice": text},
}
FIELD_READERS: dict[str, Reader] = {
    **{"text": text, "long": text, "whole": whole, "money": money, "flag": flag, "moment": moment},
    **{"day": day, "unit": unit, "person": person},
}
