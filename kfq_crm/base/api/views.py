"""What every view of the API is made of. A resource is a subclass of `ReadViewSet`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from django.db.models import Model, QuerySet
from django.http import Http404, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet

from kfq_crm.base.api import paging
from kfq_crm.base.api.access import log_personal_read
from kfq_crm.base.api.conditional import etag_of, not_modified, weak_etag
from kfq_crm.base.api.filters import ApiFilterSet, narrowed
from kfq_crm.base.api.parameters import check_parameters, chosen_fields
from kfq_crm.base.api.problems import Problem
from kfq_crm.base.api.renderers import Column, columns_of
from kfq_crm.base.api.serializers import ReadSerializer
from kfq_crm.base.api.writes import Written
from kfq_crm.base.feed import position

if TYPE_CHECKING:
    from kfq_crm.base.models import ApiToken, User

LARGEST_KEY = 2**63 - 1


class OfficeView(APIView):
    """Common to all: scopes, rights, strict parameters, the language of the reader."""

    # No OPTIONS: the schema tells what there is
    http_method_names = ("get", "head", "post", "put", "patch", "delete")
    required_scopes: ClassVar[Mapping[str, str]] = {}
    # Parameters that this view knows beside `format`
    parameters: ClassVar[Sequence[str]] = ()
    # For the schema: what it is called, what a reader must know, whether GET answers 304
    title: ClassVar[Any] = ""
    about: ClassVar[Any] = ""
    has_etag: ClassVar[bool] = False
    resource: ClassVar[str] = ""
    columns: Sequence[Column] = ()

    def permissions_for(self, method: str | None) -> Sequence[str]:
        """Django permissions that the owner of the token needs for this method."""
        return ()

    def known_parameters(self) -> set[str]:
        return {"format", *self.parameters}

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        if str(request.method) not in self.allowed_methods:
            self.http_method_not_allowed(request)
        super().initial(request, *args, **kwargs)
        check_parameters(request, self.known_parameters())

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """In the reader's language; a program that names none is answered in Chinese.

        The answer is rendered in here too: after it the process speaks the site's language again.
        """
        language = translation.get_language_from_request(request)
        with translation.override(language):
            answer = super().dispatch(request, *args, **kwargs)
            if hasattr(answer, "render") and not answer.is_rendered:
                answer.render()
        return answer

    def finalize_response(
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        answer = super().finalize_response(request, response, *args, **kwargs)
        answer.headers["Content-Language"] = translation.get_language() or ""
        answer.headers.setdefault("Cache-Control", "private, no-cache")
        patch_vary_headers(answer, ["Accept", "Accept-Language", "Authorization"])
        return answer

    @property
    def token(self) -> ApiToken:
        return self.request.auth  # type: ignore[return-value]  # the scope's door let it in

    @property
    def user(self) -> User:
        return self.request.user  # type: ignore[return-value]  # the token's owner


class ReadViewSet(OfficeView, ViewSet):
    """A published resource: its list in pages, one of it by number.

    A subclass names `resource` (as in its address), `model`, `serializer_class`,
    `required_scopes`, and where it has them `filterset_class`, `orderings`,
    `default_ordering`.
    """

    model: ClassVar[type[Model]]
    serializer_class: ClassVar[type[ReadSerializer]]
    filterset_class: ClassVar[type[ApiFilterSet]]
    orderings: ClassVar[Sequence[paging.Ordering]] = (paging.BY_KEY,)
    default_ordering: ClassVar[str] = "id"
    # Whether a page reads keys first and then its rows: faster where filters join other tables
    keys_first: ClassVar[bool] = False
    # Django permission for each action that writes: {"create": "leads.add_lead"}
    write_permissions: ClassVar[Mapping[str, str]] = {}
    # Which of them want If-Match, for the schema
    conditional_actions: ClassVar[Sequence[str]] = ()
    lookup_value_regex = "[^/]+"

    # --- What subclasses may change --------------------------------------------------------

    def get_queryset(self) -> QuerySet[Any]:
        """The rows that the owner of the token may see."""
        return self.model._default_manager.visible_to(self.user)  # type: ignore[attr-defined, no-any-return]  # every model of ours has it

    def permissions_for(self, method: str | None) -> Sequence[str]:
        """To see the model for all; a write needs what `write_permissions` names for it too.

        A write that is not named there is open to nobody.
        """
        meta = self.model._meta
        see = f"{meta.app_label}.view_{meta.model_name}"
        if method in SAFE_METHODS or self.action is None:
            return (see,)
        return (see, self.write_permissions[self.action])

    def facts(self) -> tuple[object, ...]:
        """What a list with `has_etag` rests on: by default all that is published."""
        return position()

    # --- Answers ---------------------------------------------------------------------------

    def list(self, request: Request) -> Response:
        etag = weak_etag(request, *self.facts()) if self.has_etag else ""
        if etag and (unchanged := not_modified(request, etag)):
            return unchanged
        names = chosen_fields(request, self.known_fields())
        order = paging.chosen_order(request, self.orderings, self.default_ordering)
        page = self.read_page(request, order, names)
        data = self.represent(page.rows, names)
        self.log_read(names, rows=len(page.rows))
        headers = {"Link": f'<{page.next}>; rel="next"'} if page.next else {}
        headers |= {"ETag": etag} if etag else {}
        return Response({"results": data, "next": page.next}, headers=headers)

    def read_page(self, request: Request, order: paging.Order, names: Sequence[str]) -> paging.Page:
        rows = (
            narrowed(self.filterset_class, request, self.get_queryset())
            if self.filters()
            else self.get_queryset()
        )
        if self.keys_first:
            whole = self.prepare(self.model._default_manager.all(), names)
            return paging.read_page(request, rows, order, by_key=whole)
        return paging.read_page(request, self.prepare(rows, names), order)

    def retrieve(self, request: Request, pk: str) -> Response:
        names = chosen_fields(request, self.known_fields())
        row = self.get_object(pk, names)
        headers = {}
        if hasattr(row, "version"):
            headers["ETag"] = etag_of(row)
        [data] = self.represent([row], names)
        self.log_read(names, rows=1, instance=row)
        return Response(data, headers=headers)

    # --- The machinery ---------------------------------------------------------------------

    def filters(self) -> Mapping[str, Any]:
        filterset = getattr(self, "filterset_class", None)
        return filterset.base_filters if filterset else {}

    def known_parameters(self) -> set[str]:
        known = {"format", *self.parameters}
        if self.action in {"list", "retrieve"}:
            known.add("fields")
        if self.action == "list":
            known |= {"cursor", "page_size", "ordering", *self.filters()}
        return known

    def known_fields(self) -> list[str]:
        return self.serializer_class.known_fields(self.token)

    def prepare(self, rows: QuerySet[Any], names: Sequence[str]) -> QuerySet[Any]:
        return self.serializer_class.prepare(rows, names, self.user)

    def represent(self, rows: Sequence[Any], names: Sequence[str]) -> list[Any]:
        serializer = self.serializer_class(
            rows, many=True, names=names, context={"user": self.user, "token": self.token}
        )
        self.columns = columns_of(serializer.child.fields)  # type: ignore[attr-defined]  # many=True
        return list(serializer.data)

    def get_object(self, pk: str, names: Sequence[str] | None = None) -> Any:
        """One row that the owner may see; 404 for a hidden one as for a missing one."""
        if not (pk.isascii() and pk.isdigit() and len(pk) <= 19 and int(pk) <= LARGEST_KEY):
            raise Http404
        rows = self.get_queryset()
        rows = rows if names is None else self.prepare(rows, names)
        row = rows.filter(pk=int(pk)).first()
        if row is None:
            raise Http404
        return row

    def record(self, row: Any, *, status: int = 200) -> Written:
        """What a write answers: the record as its detail shows it, with its ETag and address."""
        names = self.known_fields()
        fresh = self.get_object(str(row.pk), names)
        [data] = self.represent([fresh], names)
        self.log_read(names, rows=1, instance=fresh)
        address = reverse(f"api:{self.resource}-detail", args=[row.pk], request=self.request)
        headers = {"Location": address} if status == 201 else {}
        headers |= {"ETag": etag_of(fresh)} if hasattr(fresh, "version") else {}
        return Written(data, status, headers)

    def log_read(self, names: Sequence[str], *, rows: int, instance: Any = None) -> None:
        """A line in the access log where the answer held personal data."""
        if rows and self.serializer_class.personal_fields & set(names):
            log_personal_read(self.request, self.resource, rows=rows, instance=instance)


class NothingHere(OfficeView):
    """Every address below the API that leads nowhere: a problem document, no page."""

    schema = None
    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        message = _("There is nothing at this address. Addresses end with a slash.")
        raise Problem(404, "no_such_address", message)
