"""From a text in a file to a typed value, as SQL: numbers, durations, dates, moments, flags.

Every function takes SQL of a text (null where empty) and returns SQL of the value, null where the text is
not one. The mapping rejects a row whose text is there and whose value is not.
"""

from __future__ import annotations

from kezun.facts.duck import literal

# The styles read where a profile names no format; a two-digit year or day-month order is never guessed.
DATE_STYLES = ("%Y%m%d", "%d.%m.%Y", "%Y\u5e74%m\u6708%d\u65e5")
TIME_STYLES = (" %H:%M:%S", " %H:%M", "T%H:%M:%S")
MOMENT_STYLES = (
    "%Y%m%d%H%M%S",
    *(date + time for date in DATE_STYLES for time in TIME_STYLES),
    *DATE_STYLES,
)
EXCEL = "excel"
WHOLE = "^[+-]?[0-9]{1,18}(\\.0*)?$"
DECIMAL = "^[+-]?[0-9]{1,15}(\\.[0-9]*)?$"
CLOCK = "^[0-9]{1,4}:[0-5]?[0-9]:[0-5]?[0-9](\\.[0-9]*)?$"
PLAIN_MOMENT = "^[0-9][0-9T:./ -]*$"
ISO = "^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]*)?)?)?$"
SERIAL = "^[0-9]{1,6}(\\.[0-9]*)?$"

Formats = str | tuple[str, ...]


def _listed(formats: Formats) -> tuple[str, ...]:
    return (formats,) if isinstance(formats, str) and formats else tuple(formats)


def integer(text: str) -> str:
    """A whole number; `007` and `12.0` are, `12.5`, `1e3` and `0x10` are not. The engine's cast takes all."""
    cast = f"TRY_CAST({text} AS INTEGER)"
    odd = f"CASE WHEN regexp_full_match({text}, {literal(WHOLE)}) THEN {cast} END"
    return f"(CASE WHEN CAST({cast} AS VARCHAR) = {text} THEN {cast} ELSE {odd} END)"


def seconds(text: str, unit: str = "s") -> str:
    """A duration in whole seconds, from a number in `unit` (s, ms, min; rounded half up) or `h:mm:ss`."""
    number = f"TRY_CAST({text} AS DOUBLE)"
    scaled = {"s": number, "ms": f"{number} / 1000", "min": f"{number} * 60"}[unit]
    rounded = f"TRY_CAST(floor({scaled} + 0.5) AS INTEGER)"
    parts = f"string_split({text}, ':')"
    clock = (
        f"CAST({parts}[1] AS INTEGER) * 3600 + CAST({parts}[2] AS INTEGER) * 60 "
        f"+ CAST(floor(CAST({parts}[3] AS DOUBLE)) AS INTEGER)"
    )
    odd = (
        f"CASE WHEN regexp_full_match({text}, {literal(DECIMAL)}) THEN {rounded} "
        f"WHEN regexp_full_match({text}, {literal(CLOCK)}) THEN {clock} END"
    )
    if unit != "s":
        return f"({odd})"
    cast = f"TRY_CAST({text} AS INTEGER)"
    return f"(CASE WHEN CAST({cast} AS VARCHAR) = {text} THEN {cast} ELSE {odd} END)"


def clock_seconds(text: str, formats: Formats = ()) -> str:
    """A time of day, or a plain number of seconds, as seconds."""
    if _listed(formats):
        return f"CAST(epoch({time_of_day(text, formats)}) AS INTEGER)"
    whole = f"TRY_CAST({text} AS INTEGER)"
    clock = f"CAST(epoch(TRY_CAST({text} AS TIME)) AS INTEGER)"
    return f"(CASE WHEN contains({text}, ':') THEN {clock} ELSE {whole} END)"


def _serial(text: str) -> str:
    days = f"TRY_CAST({text} AS DOUBLE)"
    moment = f"TIMESTAMP '1899-12-30' + to_seconds(CAST(floor({days} * 86400 + 0.5) AS BIGINT))"
    return f"(CASE WHEN regexp_full_match({text}, {literal(SERIAL)}) THEN {moment} END)"


def _strptime(text: str, formats: tuple[str, ...]) -> str:
    return f"try_strptime({text}, [{', '.join(literal(f) for f in formats)}])"


def local_moment(text: str, formats: Formats = ()) -> str:
    """A local date and time without an offset (TIMESTAMP); without `formats` in any of the usual styles."""
    given = _listed(formats)
    if given == (EXCEL,):
        return f"coalesce({_serial(text)}, {local_moment(text)})"
    if given:
        # ISO 8601 is never ambiguous: a typed cell of Excel or Parquet comes so, whatever texts look like.
        iso = f"CASE WHEN regexp_full_match({text}, {literal(ISO)}) THEN TRY_CAST({text} AS TIMESTAMP) END"
        parsed = [_strptime(text, tuple(f for f in given if f != EXCEL)), iso]
        return f"coalesce({', '.join([*parsed, _serial(text)] if EXCEL in given else parsed)})"
    # The engine's own cast is quick, but takes words («epoch») and drops what it does not know at the end.
    iso = (
        f"CASE WHEN strlen({text}) <= 19 THEN TRY_CAST({text} AS TIMESTAMP) "
        f"WHEN regexp_full_match({text}, {literal(PLAIN_MOMENT)}) THEN TRY_CAST({text} AS TIMESTAMP) END"
    )
    return f"coalesce({iso}, {_strptime(text, MOMENT_STYLES)})"


def has_offset(text: str) -> str:
    """Condition: the text ends in an offset from UTC (`Z`, `+08:00`, `+0800`)."""
    # A CASE, because the engine evaluates both sides of an OR: most texts have 19 bytes and no offset.
    behind = f"substr({text}, -6, 1) IN ('+', '-') OR substr({text}, -5, 1) IN ('+', '-')"
    return (
        f"(CASE WHEN strlen({text}) <= 19 THEN contains({text}, '+') OR ends_with({text}, 'Z') "
        f"ELSE ends_with({text}, 'Z') OR {behind} END)"
    )


def instant(text: str) -> str:
    """The UTC moment of a text with an offset (TIMESTAMP)."""
    return f"make_timestamp(epoch_us(TRY_CAST({text} AS TIMESTAMPTZ)))"


def date(text: str, formats: Formats = ()) -> str:
    """A day (DATE)."""
    return f"CAST({local_moment(text, formats)} AS DATE)"


def time_of_day(text: str, formats: Formats = ()) -> str:
    """A time of day (TIME); `24:00:00` is the end of the day."""
    given = _listed(formats)
    if not given:
        return f"TRY_CAST({text} AS TIME)"
    if given == (EXCEL,):
        return f"coalesce(CAST({_serial(text)} AS TIME), TRY_CAST({text} AS TIME))"
    clock = f"CASE WHEN contains({text}, ':') THEN TRY_CAST({text} AS TIME) END"
    return f"coalesce(CAST({_strptime(text, given)} AS TIME), {clock})"


def flag(text: str) -> str:
    """True or false from 1/0, true/false, yes/no, y/n."""
    low = f"lower({text})"
    return (
        f"(CASE WHEN {low} IN ('1', 'true', 'yes', 'y') THEN true "
        f"WHEN {low} IN ('0', 'false', 'no', 'n') THEN false END)"
    )
