"""What cases are called on the pages, in the page's language: verbs, their values, time that is left."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.utils import timezone
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)
# what a button says, and what the history says
VERBS = {
    "open": (lazy("Register"), lazy("registered it")),
    "accept": (lazy("Accept"), lazy("accepted it")),
    "reject": (lazy("Do not accept"), lazy("did not accept it")),
    "grade": (lazy("Grade anew"), lazy("graded it anew")),
    "assign": (lazy("Assign"), lazy("assigned it")),
    "take": (lazy("Take it"), lazy("took it")),
    "return": (lazy("Send back to where it came from"), lazy("sent it back to where it came from")),
    "transfer": (lazy("Hand over"), lazy("handed it over")),
    "wait": (lazy("Wait for somebody"), lazy("waits for somebody")),
    "resume": (lazy("Go on"), lazy("went on")),
    "supplement": (lazy("What was lacking was brought"), lazy("noted that what was lacking was brought")),
    "contact": (lazy("Note a contact"), lazy("was in contact")),
    "note": (lazy("Write a note"), lazy("wrote")),
    "amend": (lazy("Put right"), lazy("put it right")),
    "attach": (lazy("Add files"), lazy("added files")),
    "party": (lazy("Add people"), lazy("added people")),
    "meet": (lazy("Minutes of a meeting"), lazy("kept the minutes of a meeting")),
    "propose": (lazy("Propose the result"), lazy("proposed the result")),
    "verify": (lazy("Verify"), lazy("verified it")),
    "send_back": (lazy("Send back to work"), lazy("sent it back to work")),
    "answer": (lazy("Give the answer"), lazy("gave the answer")),
    "rate": (lazy("Rate the handling"), lazy("rated how it was handled")),
    "close": (lazy("Close the case"), lazy("closed it")),
    "reopen": (lazy("Open the case again"), lazy("opened it again")),
    "check": (lazy("Check the effect"), lazy("checked the effect")),
    "withdraw": (lazy("Withdraw"), lazy("withdrew it")),
    "merge": (lazy("Merge into another case"), lazy("merged it into another")),
    "unmerge": (lazy("Take out again"), lazy("took it out again")),
    "join": (lazy("Note a merged case"), lazy("noted a case that joined")),
    "part": (lazy("Note a case taken out"), lazy("noted a case that was taken out")),
    "link": (lazy("Link to another"), lazy("linked it to another")),
    "roll_out": (lazy("Look for it everywhere"), lazy("had it looked for everywhere")),
    "ask": (lazy("Ask for an exception"), lazy("asked for an exception")),
    "grant": (lazy("Grant the request"), lazy("granted what was asked")),
    "refuse": (lazy("Refuse the request"), lazy("refused what was asked")),
    "escalate": (lazy("Escalate"), lazy("told the next level")),
    "recompute": (lazy("Work out again"), lazy("worked the deadlines out again")),
    "unmask": (lazy("Show personal data"), lazy("saw personal data")),
    "erase": (lazy("Erase personal data"), lazy("erased personal data")),
}
# what a verb takes, as a form names it
TAKES = {
    **{
        "title": lazy("Title"),
        "reason": lazy("Reason"),
        "note": lazy("Note"),
        "notice": lazy("Notice given"),
    },
    **{
        "unit": lazy("Unit"),
        "person": lazy("Staff number"),
        "post": lazy("Post"),
        "owner": lazy("First owner"),
    },
    **{"severity": lazy("Severity"), "received_at": lazy("Received"), "story": lazy("In their own words")},
    **{"parties": lazy("People"), "line": lazy("Business line"), "how": lazy("Which way")},
    **{"at": lazy("When")},
    **{"files": lazy("Files"), "stage": lazy("What they show"), "pair": lazy("Number of the pair")},
    **{"caption": lazy("Caption"), "minutes": lazy("Minutes"), "result": lazy("Result")},
    **{"reply": lazy("Text of the answer"), "satisfaction": lazy("Satisfaction (1 to 5)")},
    **{"words": lazy("In words"), "verdict": lazy("Verdict"), "into": lazy("Into case")},
    **{"to": lazy("Which case")},
    **{"other": lazy("Other case"), "type": lazy("What kind"), "policy": lazy("Deadline")},
    **{"units": lazy("How many more units"), "petition": lazy("Request"), "for": lazy("For whom")},
    **{
        "question": lazy("What to look for"),
        "under": lazy("Below which unit"),
        "tag": lazy("Only with this tag"),
    },
    **{"kind": lazy("Kind of unit"), "days": lazy("Days (workdays)")},
    **{"measure": lazy("What is proposed")},
    **{"clock": lazy("Deadline"), "step": lazy("Step of the ladder"), "until": lazy("Until when")},
}
CHOICES = {
    **{"phone": lazy("telephone"), "visit": lazy("visit"), "letter": lazy("letter")},
    **{"message": lazy("text message"), "mail": lazy("e-mail"), "given": lazy("brought by the customer")},
    **{"before": lazy("how it was before"), "after": lazy("how it is now"), "work": lazy("of the work")},
    **{"effective": lazy("effective"), "not": lazy("not effective"), "unknown": lazy("cannot tell")},
    **{"caused_by": lazy("caused by"), "rectifies": lazy("corrects"), "follow_up_of": lazy("follow-up of")},
    **{"recurrence_of": lazy("recurrence of"), "roll_out_of": lazy("roll-out of")},
    **{"extend": lazy("an extension"), "waive": lazy("closing without effect")},
    **{"account": lazy("accountability"), "customer": lazy("the customer"), "other": lazy("others")},
}
# what a take's own choice means where the word alone would be taken for something else
CHOICES_OF = {
    ("stage", "reply"): lazy("of the answer"),
    ("type", "grade"): lazy("another grade"),
}


def button(verb: str) -> str:
    """The verb as something to do."""
    return str(VERBS[verb][0]) if verb in VERBS else verb


def done(verb: str) -> str:
    """The verb as something that was done, after who did it."""
    return str(VERBS[verb][1]) if verb in VERBS else verb


def way_to_grade() -> dict[str, str]:
    """What the button and the choice are called by which another grade is asked for."""
    return {"ask": button("ask"), "type": choice_name("type", "grade")}


def take_name(name: str) -> str:
    """What a verb takes, as a form names it."""
    return str(TAKES.get(name, name))


def choice_name(name: str, value: str) -> str:
    """One value of a choice that a verb takes."""
    told = CHOICES_OF.get((name, value)) or CHOICES.get(value)
    return value if told is None else str(told)


def said(name: str, text: str) -> str:
    """What something is called with what it holds: «State: open»."""
    return _("%(name)s: %(text)s") % {"name": name, "text": text}


def in_chinese() -> bool:
    """Whether the page is in Chinese."""
    return (get_language() or "").startswith("zh")


def sentences(parts: Iterable[str]) -> str:
    """Sentences one after another; between Chinese ones there is no space."""
    return ("" if in_chinese() else " ").join(parts)


def series(parts: Iterable[str]) -> str:
    """Parts of a line one after another: «State: open; Title: …»."""
    return pgettext("between the parts of a line", "; ").join(parts)


def several(names: Iterable[str]) -> str:
    """Names one after another: «queue, fee, wait»."""
    return pgettext("between names", ", ").join(names)


def named(name: str, name_en: str) -> str:
    """The name in the page's language."""
    return name_en if name_en and (get_language() or "").startswith("en") else name


def span(length: dt.timedelta) -> str:
    """A length of time in its two largest units: «3 d 4 h», «5 h», «20 min»."""
    length = abs(length)
    days, hours = length // DAY, length % DAY // HOUR
    if days >= 10 or (days and not hours):
        return ngettext("%(n)d d", "%(n)d d", days) % {"n": days}
    if days:
        return _("%(days)d d %(hours)d h") % {"days": days, "hours": hours}
    if hours:
        return ngettext("%(n)d h", "%(n)d h", hours) % {"n": hours}
    return ngettext("%(n)d min", "%(n)d min", length.seconds // 60) % {"n": length.seconds // 60}


def amount(n: float, basis: str) -> str:
    """So many units of what a deadline counts (`Basis`): «10 natural days», «1 workday»."""
    whole = int(n)
    said = {
        "natural": ngettext("%(n)s natural day", "%(n)s natural days", whole),
        "workday": ngettext("%(n)s workday", "%(n)s workdays", whole),
        "workminute": ngettext("%(n)s working minute", "%(n)s working minutes", whole),
        "hour24": ngettext("%(n)s hour", "%(n)s hours", whole),
    }.get(basis, "%(n)s")
    return said % {"n": f"{n:g}" if n % 1 else str(whole)}


def unit_name(basis: str) -> str:
    """What a deadline counts in, in words; "" for an unknown basis."""
    known = {
        "natural": _("natural days"),
        "workday": _("workdays"),
        "workminute": _("working minutes"),
        "hour24": _("hours"),
    }
    return known.get(basis, "")


def left(until: dt.datetime | None, now: dt.datetime) -> str:
    """How much time is left, or by how much it is late; says so where there is no deadline."""
    if until is None:
        return _("no deadline")
    if until >= now:
        return _("%(span)s left") % {"span": span(until - now)}
    return _("%(span)s late") % {"span": span(now - until)}


def file_name() -> str:
    """What a list of cases is called as a file, with the day."""
    # a call within an f-string is not found when messages are collected
    name = pgettext("name of a file", "cases")
    return f"{name}-{timezone.localdate():%Y%m%d}"
