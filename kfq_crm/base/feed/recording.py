"""Every write to a published record leaves a change in its own transaction.

Whichever door the write comes through: `save()`, `create()`, `delete()` and what cascades from it
by signals, `update()`, `bulk_create()`, `bulk_update()` and Django's own writes through relations
by `ScopedQuerySet`, which is the base manager of what is published. SQL by hand records nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.db import models, transaction
from django.db.models import signals
from django.utils import timezone

from kfq_crm.base.feed.reach import audiences_of, reach_around, reach_of
from kfq_crm.base.feed.registry import BY_MODEL, CHUNK, PUBLISHED, Published, Reach, Shown
from kfq_crm.base.feed.writing import row, write, write_updates
from kfq_crm.base.models import ChangeKind
from kfq_crm.base.scoping import WATCHERS, ScopedQuerySet

_SEEN, _BEFORE = "_feed_seen", "_feed_before"  # left on an instance between lock, write and record
_RECORDERS: dict[type[models.Model], Recorder] = {}


def publish(kind: Published) -> None:
    """Record every write to the model from now on; called once, from AppConfig.ready."""
    PUBLISHED[kind.resource] = BY_MODEL[kind.model] = kind
    _recorder(kind.model).publish(kind)
    for shown in kind.shows:
        _recorder(shown.model).shown.append((kind.resource, shown))


def remember(instance: models.Model) -> None:
    """Note the columns that matter of a row just locked, so that its save need not ask for them."""
    recorder = _RECORDERS.get(type(instance))
    if recorder and recorder.columns:
        instance.__dict__[_SEEN] = {name: getattr(instance, name) for name in recorder.columns}


def require_transaction() -> None:
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("a change is recorded with its write")


class Before:
    """What was so before a write: who saw what, and which rows showed something of it."""

    def __init__(self) -> None:
        self.reach: Reach = {}
        self.shown: list[tuple[str, Shown, set[int]]] = []


class Recorder:
    """Records the writes to one model: of its own rows if they are published, and of those that
    show them."""

    def __init__(self, model: type[models.Model]) -> None:
        self.model = model
        self.kind: Published | None = None
        self.shown: list[tuple[str, Shown]] = []
        if issubclass(type(model._default_manager.all()), ScopedQuerySet):
            WATCHERS[model] = self
            # So that Django writes through it too: `chain.leads.add()`, SET_NULL
            model._meta.base_manager_name = "objects"
            model._meta.__dict__.pop("base_manager", None)
        for signal, receiver in (
            (signals.pre_save, self._saving),
            (signals.post_save, self._saved),
            (signals.pre_delete, self._deleting),
            (signals.post_delete, self._deleted),
        ):
            signal.connect(receiver, model, weak=False, dispatch_uid="feed")

    def publish(self, kind: Published) -> None:
        self.kind = kind
        for name in kind.sets:
            through = getattr(kind.model, name).through
            uid = f"feed {kind.resource}"
            signals.m2m_changed.connect(self._set_changing, through, weak=False, dispatch_uid=uid)

    @property
    def columns(self) -> frozenset[str]:
        """Columns whose change concerns more than the row itself."""
        return (self.kind.deciding if self.kind else frozenset()) | self._shown_columns

    @property
    def _shown_columns(self) -> frozenset[str]:
        return frozenset[str]().union(*(shown.columns for _resource, shown in self.shown))

    # --- One row -----------------------------------------------------------------------------

    def _saving(self, instance: Any, update_fields: Collection[str] | None, **_: Any) -> None:
        if self.kind:
            require_transaction()
        if instance._state.adding:
            before = self._before([], set(), [])
        else:
            changed = self._changed(instance, update_fields)
            before = self._before([instance.pk], changed, [instance]) if changed else Before()
        instance.__dict__[_BEFORE] = before

    def _saved(
        self, instance: Any, created: bool, update_fields: Collection[str] | None, **_: Any
    ) -> None:
        before = instance.__dict__.pop(_BEFORE)
        if self._is_quiet(update_fields):
            return
        kind = ChangeKind.CREATED if created else ChangeKind.UPDATED
        by = getattr(instance, "_history_user", None)
        self._record([instance.pk], kind, before, [instance], by=by.pk if by else None)

    def _changed(self, instance: Any, update_fields: Collection[str] | None) -> set[str]:
        """Columns of those that concern more than the row which this save gives other values."""
        seen = instance.__dict__.pop(_SEEN, None)
        written = self.columns
        if update_fields is not None:
            written = written & {self._column(name) for name in update_fields}
        if not written:
            return set()
        if seen is None:
            rows = self.model._base_manager.filter(pk=instance.pk)
            seen = rows.values(*self.columns).first() or {}
        changed = {name for name in written if seen.get(name) != getattr(instance, name)}
        if self.kind and changed & self.kind.deciding:
            values = {name: getattr(instance, name) for name in seen}
            if not self.kind.decides(seen, values):
                changed -= self.kind.deciding - self._shown_columns
        return changed

    def _deleting(self, instance: Any, **_: Any) -> None:
        if self.kind:
            require_transaction()
        deciding = set(self.kind.deciding) if self.kind else set()
        instance.__dict__[_BEFORE] = self._before([instance.pk], deciding, [], whole=True)

    def _deleted(self, instance: Any, **_: Any) -> None:
        before = instance.__dict__.pop(_BEFORE)
        self._record([instance.pk], ChangeKind.DELETED, before, [instance])

    # --- Many rows ---------------------------------------------------------------------------

    def update(self, rows: models.QuerySet[Any], values: Mapping[str, Any]) -> int:
        names = {self._column(name) for name in values}
        if self._is_quiet(names):
            return models.QuerySet.update(rows, **values)
        require_transaction()
        changed = names & self.columns
        plain = {name: v for name, v in values.items() if not hasattr(v, "resolve_expression")}
        example = [self.model(**plain)] if changed else []
        count = 0
        for pks in self._locked(rows):
            before = self._before(pks, changed, example) if changed else Before()
            count += models.QuerySet.update(rows.filter(pk__in=pks), **values)
            self._record(pks, ChangeKind.UPDATED, before, example)
        return count

    def _locked(self, rows: models.QuerySet[Any]) -> Iterable[list[int]]:
        """Keys of the rows, held until the end of the transaction."""
        held = self.model._base_manager.filter(pk__in=rows.order_by().values("pk"))
        held = held.order_by("pk").select_for_update(no_key=True)
        pks = list(held.values_list("pk", flat=True))
        return (pks[start : start + CHUNK] for start in range(0, len(pks), CHUNK))

    def bulk_create(
        self, rows: models.QuerySet[Any], instances: Iterable[Any], options: Mapping[str, Any]
    ) -> list[Any]:
        if options.get("ignore_conflicts") or options.get("update_conflicts"):
            raise NotImplementedError("Of rows that met a conflict nobody could say what changed")
        require_transaction()
        instances = list(instances)
        before = self._before([], set(), [])
        made = models.QuerySet.bulk_create(rows, instances, **options)
        self._record([one.pk for one in made], ChangeKind.CREATED, before, instances)
        return made

    # --- Many-to-many fields -------------------------------------------------------------------

    def _set_changing(
        self, instance: Any, action: str, pk_set: set[int] | None, sender: Any, **_: Any
    ) -> None:
        moment, _underscore, verb = action.partition("_")
        if not self.kind or (verb != "clear" and not pk_set):
            return
        if moment == "pre":
            pks = self._owners(instance, pk_set, sender)
            before = Before()
            before.reach = reach_of(self.kind, pks)
            instance.__dict__[_BEFORE] = pks, before
        else:
            pks, before = instance.__dict__.pop(_BEFORE)
            self._record(pks, ChangeKind.UPDATED, before, [])

    def _owners(self, instance: Any, pk_set: set[int] | None, through: Any) -> list[int]:
        """Whose set it is; from the other side, the set of each that is put in or taken out."""
        if isinstance(instance, self.model):
            return [instance.pk]
        if pk_set is not None:
            return sorted(pk_set)
        own, other = (str(m._meta.model_name) for m in (self.model, instance))
        return list(through.objects.filter(**{other: instance}).values_list(own, flat=True))

    # --- The record ----------------------------------------------------------------------------

    def _before(
        self,
        pks: Collection[int],
        changed: Collection[str],
        around: Collection[Any],
        *,
        whole: bool = False,
    ) -> Before:
        before = Before()
        if self.kind and around:
            before.reach = reach_around(self.kind, around)
        if self.kind and (whole or self.kind.deciding.intersection(changed)):
            before.reach |= reach_of(self.kind, pks)
        for resource, shown in self.shown:
            if shown.whole and (whole or not pks or shown.columns.intersection(changed)):
                found = set(shown.rows(pks).values_list("pk", flat=True)) if pks else set()
                before.shown.append((resource, shown, found))
            elif pks and shown.columns.intersection(changed):
                before.shown.append((resource, shown, set()))
        return before

    def _record(
        self,
        pks: Collection[int],
        kind: ChangeKind,
        before: Before,
        around: Collection[Any],
        *,
        by: int | None = None,
    ) -> None:
        """The rows' own changes, those of whoever lost or gained, and of what shows the rows."""
        if self.kind:
            self._record_own(self.kind, pks, kind, before.reach, around, by)
        now = timezone.now()
        for resource, shown, found in before.shown:
            showing = shown.rows(pks)
            if found:
                showing = showing.model._base_manager.filter(
                    pk__in={*found, *showing.values_list("pk", flat=True)}
                )
            write_updates(resource, showing, by, now)

    def _record_own(
        self,
        published: Published,
        pks: Collection[int],
        kind: ChangeKind,
        before: Reach,
        around: Collection[Any],
        by: int | None,
    ) -> None:
        now, resource = timezone.now(), published.resource
        lost: dict[int, Collection[str] | None] = dict.fromkeys(pks)
        others = []
        after: Reach = {}
        if kind == ChangeKind.CREATED:
            before, after = published.gained(around)
        elif before:
            after = _after(published, pks, before, around, kind)
        for place in sorted(before.keys() | after.keys()):
            seen, sees = before.get(place, frozenset()), after.get(place, frozenset())
            if seen == sees:
                continue
            if place[0] == resource and place[1] in lost:
                lost[place[1]] = sorted(seen)
            else:
                others.append(row(*place, ChangeKind.REVEALED, by, sorted(seen), now))
        own = [row(resource, pk, kind, by, audience, now) for pk, audience in lost.items()]
        write([*own, *others])

    def _is_quiet(self, names: Collection[str] | None) -> bool:
        return bool(self.kind and names is not None and self.kind.quiet.issuperset(names))

    def _column(self, name: str) -> str:
        """The attribute of a field that a write names by itself, by its column or as `pk`."""
        meta = self.model._meta
        field: Any = meta.pk if name == "pk" else meta.get_field(name)
        return str(field.attname)


def _recorder(model: type[models.Model]) -> Recorder:
    if model not in _RECORDERS:
        _RECORDERS[model] = Recorder(model)
    return _RECORDERS[model]


def _after(
    published: Published,
    pks: Collection[int],
    before: Reach,
    around: Collection[Any],
    kind: ChangeKind,
) -> Reach:
    """Audiences now of all that was looked at before; nothing hangs on a new row."""
    found: Reach = {}
    if kind == ChangeKind.UPDATED:
        found = reach_of(published, pks) | reach_around(published, around)
    left: dict[str, list[int]] = {}
    for resource, pk in before.keys() - found.keys():
        left.setdefault(resource, []).append(pk)
    for resource, others in left.items():
        found |= audiences_of(PUBLISHED[resource], others)
    if kind == ChangeKind.DELETED:
        for pk in pks:
            found.pop((published.resource, pk), None)
    return found
