"""What the tests of import by HTTP share: bodies to send, answers to read."""

from __future__ import annotations

import io
import json

import pyarrow as pa

TICKETS = "/api/v1/facts/ticket"
NDJSON, ARROW = "application/x-ndjson", "application/vnd.apache.arrow.stream"
MAY = [
    "facts.start_import",
    "facts.import_file",
    "facts.fail_import",
    "facts.resume_import",
    "facts.read_batches",
]


def row(key="1", **changes):
    return {
        "source_id": key,
        "unit": "O1",
        "occurred_at": "2026-03-02T01:00:00Z",
        "outcome": "served",
        "channel": "counter",
        "direction": "in",
        "wait_s": 60,
    } | changes


def lines(*rows) -> bytes:
    return b"".join(json.dumps(r).encode() + b"\n" for r in rows)


def arrow(rows) -> bytes:
    table, out = pa.Table.from_pylist(rows), io.BytesIO()
    with pa.ipc.new_stream(out, table.schema) as writer:
        writer.write_table(table)
    return out.getvalue()


def told(answer, status=200):
    assert answer.status_code == status, answer.content
    return answer.json()


def counts(answer):
    found = told(answer)
    return tuple(found[n] for n in ("rows", "new", "same", "corrected", "rejected"))
