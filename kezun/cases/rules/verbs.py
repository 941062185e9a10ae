"""The verbs of cases: every way in which a case can be changed, and what each of them takes."""

from __future__ import annotations

from dataclasses import dataclass

# kinds of values: text (one line), long (many lines), unit, person, post (codes), case (number), whole, day,
# moment, flag, choice (of `among`), texts, sealed (personal: goes under the case's key), fields (of the kind)
KINDS = (
    *("text", "long", "unit", "person", "post", "case", "whole", "day", "moment", "flag", "choice", "texts"),
    *("sealed", "party", "files", "petition"),
)


@dataclass(frozen=True)
class Take:
    """One value that a verb takes."""

    name: str
    kind: str
    required: bool = False
    among: tuple[str, ...] = ()
    most: int = 2000


@dataclass(frozen=True)
class Verb:
    """A verb: what it takes besides the kind's own fields. quiet: it changes nothing but the history."""

    name: str
    takes: tuple[Take, ...] = ()
    quiet: bool = False
    ended: bool = False


REASON = Take("reason", "long", required=True)
NOTE = Take("note", "long")
CHANNELS = ("phone", "visit", "letter", "message", "mail")

VERBS: dict[str, Verb] = {
    v.name: v
    for v in (
        Verb(
            "open",
            (
                Take("title", "text", required=True, most=200),
                Take("received_at", "moment"),
                Take("severity", "whole"),
                Take("story", "sealed", most=20_000),
                Take("parties", "party"),
                Take("owner", "unit"),
                Take("line", "text", most=40),
            ),
        ),
        Verb("accept", (NOTE,)),
        Verb("reject", (REASON, Take("notice", "long", required=True))),
        Verb("grade", (Take("severity", "whole"), REASON)),
        Verb(
            "assign",
            (Take("unit", "unit", required=True), Take("post", "post"), Take("person", "person"), NOTE),
        ),
        Verb("take", (NOTE,)),
        Verb("return", (REASON,)),
        Verb("transfer", (Take("unit", "unit", required=True), REASON)),
        Verb("wait", (REASON,)),
        Verb("resume", (NOTE,)),
        Verb("supplement", (REASON,)),
        Verb("contact", (Take("how", "choice", required=True, among=CHANNELS), Take("at", "moment"), NOTE)),
        Verb("note", (Take("note", "long", required=True),), quiet=True, ended=True),
        Verb("amend", (REASON, Take("title", "text", most=200))),
        Verb(
            "attach",
            (
                Take("files", "files", required=True),
                Take("stage", "choice", required=True, among=("given", "before", "after", "work", "reply")),
                Take("pair", "whole"),
                Take("caption", "text", most=200),
            ),
            quiet=True,
        ),
        Verb("party", (Take("parties", "party", required=True),), quiet=True),
        Verb(
            "meet", (Take("at", "moment", required=True), Take("minutes", "long", required=True, most=20_000))
        ),
        Verb("propose", (Take("result", "long", required=True, most=20_000),)),
        Verb("verify", (NOTE,)),
        Verb("send_back", (REASON,)),
        Verb(
            "answer",
            (Take("how", "choice", required=True, among=CHANNELS), Take("reply", "long", most=20_000)),
        ),
        Verb("rate", (Take("satisfaction", "whole", required=True), Take("words", "sealed")), ended=True),
        Verb("close", (NOTE,)),
        Verb("reopen", (REASON,), ended=True),
        Verb("check", (Take("verdict", "choice", among=("effective", "not", "unknown")), NOTE), ended=True),
        Verb("withdraw", (REASON,)),
        Verb("merge", (Take("into", "case", required=True), REASON)),
        Verb("unmerge", (REASON,), ended=True),
        Verb("join", (Take("other", "case", required=True), NOTE), quiet=True, ended=True),
        Verb("part", (Take("other", "case", required=True), NOTE), quiet=True, ended=True),
        Verb(
            "link",
            (
                Take("to", "case", required=True),
                Take(
                    "type",
                    "choice",
                    required=True,
                    among=("caused_by", "rectifies", "follow_up_of", "recurrence_of", "roll_out_of"),
                ),
            ),
            quiet=True,
            ended=True,
        ),
        Verb(
            "roll_out",
            (
                Take("question", "long", required=True),
                Take("under", "unit", required=True),
                Take("tag", "text", most=60),
                Take("kind", "text", most=40),
                Take("days", "whole"),
            ),
            quiet=True,
            ended=True,
        ),
        Verb(
            "ask",
            (
                Take("type", "choice", required=True, among=("extend", "grade", "waive", "account")),
                Take("policy", "text", most=60),
                Take("units", "whole"),
                Take("severity", "whole"),
                Take("person", "person"),
                Take("measure", "text", most=200),
                REASON,
                Take("notice", "long"),
            ),
            quiet=True,
            ended=True,
        ),
        Verb("grant", (Take("petition", "petition", required=True), NOTE), ended=True),
        Verb("refuse", (Take("petition", "petition", required=True), REASON), ended=True),
        Verb("escalate", (Take("clock", "whole", required=True), Take("step", "whole", required=True))),
        Verb("recompute", (NOTE,)),
        Verb("unmask", (REASON,), quiet=True, ended=True),
        Verb("erase", (REASON,), ended=True),
    )
}
