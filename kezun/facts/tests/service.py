"""Invented service for tests: rows of tickets and ratings, and putting them into the store."""

from __future__ import annotations

import datetime as dt
import random

import pyarrow as pa

from kezun.facts.types import FACT_TYPES
from kezun.facts.writing import store_rows

FIRST = dt.date(2026, 1, 1)


def ticket(n, unit, moment, **told):
    """One ticket as a dict of all its columns."""
    row = {c.name: None for c in FACT_TYPES["ticket"].all_columns}
    row |= {
        "source": "q",
        "source_id": f"t{n:07d}",
        "unit": unit,
        "occurred_at": moment,
        "day": moment.date(),
    }
    row |= {"hour": moment.hour, "weekday": moment.isoweekday(), "outcome": "served", "channel": "counter"}
    row |= {"direction": "in", "recorded_at": dt.datetime(2026, 5, 1), **told}
    return row


def rating(n, unit, moment, score, **told):
    """One rating as a dict of all its columns."""
    row = {c.name: None for c in FACT_TYPES["rating"].all_columns}
    row |= {"source": "pad", "source_id": f"r{n:07d}", "unit": unit, "occurred_at": moment}
    row |= {"day": moment.date(), "hour": moment.hour, "weekday": moment.isoweekday(), "score": score}
    row |= {"channel": "counter", "recorded_at": dt.datetime(2026, 5, 1), **told}
    return row


def invent(units, people, n, seed=1, days=90):
    """`n` tickets and about half as many ratings over `days` days; dirty as real ones are."""
    luck = random.Random(seed)
    tickets, ratings = [], []
    for i in range(n):
        day = FIRST + dt.timedelta(days=luck.randrange(days))
        moment = dt.datetime.combine(day, dt.time(luck.randrange(8, 18), luck.randrange(60)))
        who = luck.choice([*people, None])
        told = {
            "outcome": luck.choices(["served", "abandoned", "void"], [80, 17, 3])[0],
            "wait_s": luck.choice([None, 0, 1, 30, 59, 60, luck.randrange(4000)]),
            "promise_s": luck.choice([None, 60, 600]),
            "service_s": luck.choice([None, luck.randrange(1, 900)]),
            "counter": luck.choice([None, "1", "2"]),
            "business": luck.choice([None, "", "cash", "现金"]),
            "class": luck.choice(["0", "1", "2", None]),
            "person": who,
        }
        unit = luck.choice(units)
        tickets.append(ticket(i, unit, moment, **told))
        if luck.random() < 0.5:
            score = luck.choice([1, 2, 3, 4, 5, 5])
            more = {k: told[k] for k in ("business", "class", "person")}
            ratings.append(rating(i, unit, moment, score, ticket_id=f"t{i:07d}", **more))
    return tickets, ratings


def table(fact, rows):
    """Rows as the Arrow table that the store takes."""
    kinds = {"text": pa.string(), "integer": pa.int32(), "seconds": pa.int32(), "date": pa.date32()}
    kinds |= {"moment": pa.timestamp("us"), "flag": pa.bool_()}
    schema = pa.schema([(c.name, kinds[c.kind]) for c in FACT_TYPES[fact].all_columns])
    return pa.Table.from_pylist(rows, schema=schema)


def keep(fact, rows):
    """Put rows into the store as they are; returns the snapshot."""
    return store_rows(fact, table(fact, rows))
