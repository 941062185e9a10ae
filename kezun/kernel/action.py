"""`@action`: every write. One decorator, six promises.

Permission and scope are checked; everything happens in one transaction; an entry is added to the trail in
that same transaction; subscribers (`@on`) get a task each, also in it; a caller's idempotency key makes a
repeat harmless; and the action's name is at once its permission, its audit verb and its event.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import inspect
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from kezun.kernel import metrics, trail
from kezun.kernel.actor import Actor, Denied, require
from kezun.kernel.models import IdempotencyKey
from kezun.kernel.rules import canonical, one_line
from kezun.kernel.task import enqueue

P = ParamSpec("P")
R = TypeVar("R")

log = logging.getLogger("kezun.action")
LONGEST = 4000
RESULT = "result"


@dataclass(frozen=True)
class ActionSpec:
    """What the registry knows of an action: name, target parameter, hidden parameters, sudo."""

    name: str
    target: str | None
    hidden: frozenset[str]
    sudo: bool
    function: Callable[..., Any] = field(compare=False)

    @property
    def summary(self) -> str:
        return (inspect.getdoc(self.function) or "").split("\n")[0]


ACTIONS: dict[str, ActionSpec] = {}
SUBSCRIBERS: dict[str, list[str]] = {}
_key: ContextVar[str | None] = ContextVar("idempotency_key", default=None)


@contextmanager
def once(key: str | None) -> Iterator[None]:
    """Do the next action inside at most once under the caller's idempotency `key` (None: no key).

    A repeat with the same arguments returns the first result (JSON values; records as their labels);
    with other arguments it raises ValidationError.
    """
    token = _key.set(key)
    try:
        yield
    finally:
        _key.reset(token)


def on(event: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Run the decorated function as a task after `event` (an action's name) has committed.

    It is called with `entry` (the trail entry's id) and `target` (the entry's target text): ids only.
    """
    from kezun.kernel.task import task

    def register(function: Callable[..., None]) -> Callable[..., None]:
        name = f"on.{event}.{function.__module__}.{function.__qualname__}"
        SUBSCRIBERS.setdefault(event, []).append(name)
        return task(name)(function)

    return register


def action(
    name: str, *, target: str | None = None, hidden: tuple[str, ...] = (), sudo: bool = False
) -> Callable[[Callable[Concatenate[Any, P], R]], Callable[Concatenate[Any, P], R]]:
    """Declare `function(actor, …)` as the action `name` (`room.verb`).

    target: the parameter whose scope is checked and which names the entry (default: no scope check).
    hidden: parameters whose values never enter the trail (secrets, personal data of class C2); with
    `result` among them (an action that returns a secret) a repeat under `once` returns None.
    sudo: the actor must have raised its rights with a reason first.
    Within `once(key)` a repeat returns the first result instead of acting again.
    """

    def declare(function: Callable[Concatenate[Any, P], R]) -> Callable[Concatenate[Any, P], R]:
        if name in ACTIONS:
            raise RuntimeError(f"action {name} is declared twice")
        spec = ActionSpec(name, target, frozenset(hidden), sudo, function)
        ACTIONS[name] = spec
        signature = inspect.signature(function)

        @functools.wraps(function)
        def act(actor: Any, *args: P.args, **kwargs: P.kwargs) -> R:
            bound = signature.bind(actor, *args, **kwargs)
            bound.apply_defaults()
            arguments = dict(list(bound.arguments.items())[1:])
            with metrics.action_outcome(name):
                _check(spec, actor, arguments.get(target) if target else None)
                return cast(R, _perform(spec, actor, arguments, lambda: function(actor, *args, **kwargs)))

        act.spec = spec  # type: ignore[attr-defined]
        return cast(Callable[Concatenate[Any, P], R], act)

    return declare


def _perform(spec: ActionSpec, actor: Actor, arguments: dict[str, Any], run: Callable[[], Any]) -> Any:
    """The change, its entry, its subscribers' tasks and the key's result: all of it or nothing."""
    key = _key.get()
    subject = arguments.get(spec.target) if spec.target else None
    with transaction.atomic():
        if key is not None:
            done, first = _once(actor, spec.name, key, arguments)
            if done:
                return first
        with once(None):
            result = run()
        named = subject if subject is not None else result if isinstance(result, models.Model) else None
        entry = trail.write(actor.trail_name, spec.name, label(named), _detail(spec, arguments))
        for subscriber in SUBSCRIBERS.get(spec.name, ()):
            enqueue(subscriber, entry=entry.pk, target=entry.target)
        if key is not None and RESULT not in spec.hidden:
            rows = IdempotencyKey.objects.filter(actor=actor.trail_name, verb=spec.name, key=key)
            rows.update(result=_plain(result))
    return result


def _check(spec: ActionSpec, actor: Actor, subject: object) -> None:
    require(actor, spec.name)
    if spec.sudo and not getattr(actor, "raised", False):
        log.warning("rights not raised", extra={"actor": actor.trail_name, "verb": spec.name})
        raise Denied(_("This needs raised rights: confirm with a reason first."))
    require(actor, spec.name, subject)


def _once(actor: Actor, verb: str, key: str, arguments: dict[str, Any]) -> tuple[bool, Any]:
    """Take the key, or find what was done under it. The body is kept as a keyed hash: it may be personal."""
    if not 0 < len(key) <= 120:
        raise ValidationError(_("An idempotency key has 1 to 120 characters."))
    text = canonical({k: _plain(v) for k, v in arguments.items()})
    body = hmac.new(settings.SECRET_KEY.encode(), text.encode(), hashlib.sha256).hexdigest()
    row, fresh = IdempotencyKey.objects.select_for_update().get_or_create(
        actor=actor.trail_name, verb=verb, key=key, defaults={"body": body}
    )
    if not fresh and row.body != body:
        raise ValidationError(_("This idempotency key was used before with other content."))
    return not fresh, row.result


def label(value: object) -> str:
    """The name of a record in the trail: `org.unit:12`; other values as text, cut to 120 characters."""
    if isinstance(value, models.Model):
        return f"{value._meta.label_lower}:{value.pk}"
    return one_line("" if value is None else str(value), 120)


def _plain(value: object) -> Any:
    """A value as the trail can hold it: records by label, what has no canonical form by its class."""
    if isinstance(value, models.Model):
        return label(value)
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted((_plain(item) for item in value), key=canonical)
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    try:
        return json.loads(canonical(value))
    except TypeError:
        return type(value).__name__


def _brief(value: Any) -> Any:
    """A value that would swell the trail is stood for by its hash and length; evidence all the same."""
    text = canonical(value)
    if len(text) <= LONGEST:
        return value
    return {"sha256": hashlib.sha256(text.encode()).hexdigest(), "characters": len(text)}


def _detail(spec: ActionSpec, arguments: dict[str, Any]) -> dict[str, Any]:
    return {k: "***" if k in spec.hidden else _brief(_plain(v)) for k, v in arguments.items()}
