"""What records look like outside: declared once, for lists, details, files and the feed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext as _
from rest_framework import serializers

from kfq_crm.base.api.problems import FieldError, invalid
from kfq_crm.base.parsing import shown

if TYPE_CHECKING:
    from kfq_crm.base.models import ApiToken, User

    # A name, a Prefetch, or what makes a Prefetch for the owner of the token
    Fetch = str | Prefetch[Any] | Callable[[User], Prefetch[Any]]


class ReadSerializer(serializers.ModelSerializer[Any]):
    """Rows of a published resource, read only.

    Meta.fields is a tuple of all members. `joins` and `fetches` name what a member needs beside
    its row, so that `fields=` without it spares the query. `personal_fields` hold data of people
    outside the staff: without the scope `contacts:read` they do not exist.
    """

    personal_fields: ClassVar[frozenset[str]] = frozenset()
    joins: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    fetches: ClassVar[Mapping[str, tuple[Fetch, ...]]] = {}

    def __init__(self, *args: Any, names: Collection[str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.names = names

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        if self.names is None:
            return fields
        return {name: field for name, field in fields.items() if name in self.names}

    @classmethod
    def known_fields(cls, token: ApiToken | None) -> list[str]:
        """Members that a token may read; without a token those of the schema: all of them."""
        names: Sequence[str] = cls.Meta.fields  # type: ignore[attr-defined]  # every subclass has it
        if token is None or token.may_read_personal_data:
            return list(names)
        return [name for name in names if name not in cls.personal_fields]

    @classmethod
    def prepare(cls, rows: QuerySet[Any], names: Collection[str], user: User) -> QuerySet[Any]:
        """The rows with everything that these members need, in as many queries as there are
        fetches, whatever the number of rows."""
        joins = {path for name in names for path in cls.joins.get(name, ())}
        fetches = [fetch for name in names for fetch in cls.fetches.get(name, ())]
        ready = [fetch(user) if callable(fetch) else fetch for fetch in fetches]
        rows = rows.select_related(*sorted(joins)) if joins else rows
        return rows.prefetch_related(*dict.fromkeys(ready)) if ready else rows


class ActionSerializer(serializers.Serializer[Any]):
    """The body of a write. Members that it does not know are refused, not dropped."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            known = {name for name, field in self.fields.items() if not field.read_only}
            unknown = [name for name in data if name not in known]
            if unknown:
                raise serializers.ValidationError({n: _unknown(n, known) for n in unknown})
        return super().to_internal_value(data)


def _unknown(name: str, known: Collection[str]) -> serializers.ErrorDetail:
    message = _("There is no member “%(name)s” here. Known: %(known)s.")
    words = {"name": shown(name), "known": ", ".join(sorted(known))}
    return serializers.ErrorDetail(message % words, code="unknown_member")


def read_body(
    serializer_class: type[ActionSerializer], data: Any, **context: Any
) -> dict[str, Any]:
    """The body as checked values; 400 with every error at its member."""
    if not isinstance(data, Mapping):
        raise invalid([FieldError(None, "not_an_object", _("The body must be a JSON object."))])
    serializer = serializer_class(data=data, context=context)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)
