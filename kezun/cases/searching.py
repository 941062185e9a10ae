"""Full-text search over cases, in Chinese too, on SQLite (FTS5) and on PostgreSQL (a tsvector with GIN).

The table `cases_search` holds the grams of a case's number, title and texts (rules/grams.py) and nothing
that is sealed. It is no record: it can be thrown away and filled again from the cases (`mend`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL

from kezun.cases.models import Case
from kezun.cases.rules.grams import grams, number, phrases
from kezun.kernel.task import every

BATCH = 2000
MADE = {
    "sqlite": (
        "CREATE VIRTUAL TABLE IF NOT EXISTS cases_search "
        "USING fts5(grams, tokenize='unicode61 remove_diacritics 0')",
    ),
    "postgresql": (
        "CREATE TABLE IF NOT EXISTS cases_search (rowid bigint PRIMARY KEY, grams tsvector NOT NULL)",
        "CREATE INDEX IF NOT EXISTS cases_search_grams ON cases_search USING gin (grams)",
    ),
}
KEPT = {
    "sqlite": "INSERT OR REPLACE INTO cases_search (rowid, grams) VALUES (%s, %s)",
    "postgresql": "INSERT INTO cases_search (rowid, grams) VALUES (%s, %s::tsvector) "
    "ON CONFLICT (rowid) DO UPDATE SET grams = excluded.grams",
}
FOUND = {
    "sqlite": "SELECT rowid FROM cases_search WHERE cases_search MATCH %s",
    "postgresql": "SELECT rowid FROM cases_search WHERE grams @@ %s::tsquery",
}


def install(database: BaseDatabaseWrapper) -> None:
    """Make the table where it is missing."""
    if Case._meta.db_table not in database.introspection.table_names():
        return
    with database.cursor() as cursor:
        for statement in MADE[database.vendor]:
            cursor.execute(statement)


def after_migrate(*, using: str = "default", **_more: Any) -> None:
    """Receives `post_migrate`."""
    install(connections[using])


def keep(rows: Sequence[tuple[int, str]]) -> None:
    """Make cases findable by their words: (key, words) each."""
    with connection.cursor() as cursor:
        cursor.executemany(KEPT[connection.vendor], [(pk, _document(words)) for pk, words in rows])


def _document(words: str) -> str:
    """The grams as the database takes them: words with spaces, or a tsvector with positions."""
    found = grams(words)
    if connection.vendor == "sqlite":
        return " ".join(found)
    return " ".join(f"'{gram}':{at}" for at, gram in enumerate(found, 1))


def asked(text: str) -> str:
    """What was typed as the database's own question; "" where there is nothing to look for."""
    told = phrases(text)
    if connection.vendor == "sqlite":
        return " AND ".join('"' + " ".join(phrase) + '"' + _open_end(phrase, "*") for phrase in told)
    made = []
    for phrase in told:
        quoted = [f"'{gram}'" for gram in phrase]
        made.append(" <-> ".join([*quoted[:-1], quoted[-1] + _open_end(phrase, ":*")]))
    return " & ".join(f"({one})" for one in made)


def _open_end(phrase: tuple[str, ...], mark: str) -> str:
    """A single character, or a word of another script, may go on."""
    return mark if len(phrase) == 1 and not (len(phrase[0]) == 2 and ord(phrase[0][0]) > 0x2E7F) else ""


def matching(found: QuerySet[Case], text: str, state: Q | None = None) -> QuerySet[Case]:
    """Of these cases in a state, those whose words hold all that was typed; all of them for an empty text.

    A number finds its case too, with or without the zeros before it; a whole one («C26-000214») whatever its
    state.
    """
    state, question, told = state or Q(), asked(text), number(text)
    if not question:
        return found.filter(Q(pk__in=[])) if text.strip() else found.filter(state)
    # the statement is one of the two above; what was typed goes in as its parameter
    held = state & Q(pk__in=RawSQL(FOUND[connection.vendor], [question]))  # noqa: S611
    if told is None:
        return found.filter(held)
    year, running = told
    one = Q(pk=running)
    return found.filter(held | (one & Q(received_at__year=2000 + year) if year is not None else one & state))


@every(days=1, name="cases.mend_search")
def mend_daily() -> None:
    """Nothing to do, mostly."""
    mend()


def mend() -> int:
    """Put in what is missing: cases that were brought from elsewhere. Returns how many."""
    install(connection)
    there = RawSQL("SELECT rowid FROM cases_search", [])
    lacking = list(Case.objects.exclude(pk__in=there).order_by("pk").values_list("pk", flat=True))
    for at in range(0, len(lacking), BATCH):
        with transaction.atomic():
            keep(list(Case.objects.filter(pk__in=lacking[at : at + BATCH]).values_list("pk", "words")))
    return len(lacking)
