"""The reply letter: written once the answer is given, kept with the case, its opening of names recorded."""

from __future__ import annotations

import io

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from kezun.cases import engine, letters
from kezun.cases.following import ANSWERED, REPLY
from kezun.cases.models import Case
from kezun.cases.remarks import remark
from kezun.cases.sealing import Erased
from kezun.kernel.action import action
from kezun.kernel.actor import Actor
from kezun.kernel.file import keep
from kezun.kernel.models import StoredFile


@action("cases.write_letter")
def write_letter(actor: Actor, case: Case) -> StoredFile:
    """Write the reply letter of an answered case as PDF and keep it with the case.

    The name stands in the letter alone; that it was opened for it is an event. Raises ValidationError where
    there is no answer, where it lacks a part, or where the names were erased.
    """
    if case.state not in ANSWERED:
        raise ValidationError(_("There is no answer yet: give it first, then the letter can be written."))
    if not all(case.data.get(part) for part in REPLY):
        raise ValidationError(_("The answer lacks decision, reasons, basis or further ways."))
    case = engine.apply(case, "unmask", actor, {"reason": remark("reply_letter")})
    try:
        content = letters.letter(case, letters.addressee(case))
    except Erased as error:
        raise ValidationError(
            _("The personal data of this case were erased; no letter can be written.")
        ) from error
    file = keep(actor, io.BytesIO(content), f"{case.no}.pdf", allow=("pdf",))
    if case.state == Case.State.ANSWERED:
        engine.apply(case, "attach", actor, {"files": [file], "stage": "reply", "caption": _("Reply letter")})
    return file
