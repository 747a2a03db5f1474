"""Four cores and five chains, their segments, anchor firms and gaps."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kfq_crm.base.expressions import or_zero
from kfq_crm.base.models import Versioned
from kfq_crm.base.scoping import OpenQuerySet

SOURCE_HELP = _("Section of the published report that this row rests on")


class ChainKind(models.TextChoices):
    CORE = "core", _("core industry")
    CHAIN = "chain", _("industry chain (kind)")


class Chain(Versioned):
    """One of the four cores or five chains; a lead's primary chain alone counts for targets."""

    code = models.SlugField(_("short code"), max_length=40, unique=True)
    name = models.CharField(pgettext_lazy("chain", "name"), max_length=40, unique=True)
    kind = models.CharField(_("core or chain"), max_length=8, choices=ChainKind.choices)
    order = models.PositiveSmallIntegerField(_("place in lists"), default=0)
    direction = models.TextField(_("direction of attraction"), blank=True)
    source = models.CharField(_("source"), max_length=60, blank=True, help_text=SOURCE_HELP)

    objects = OpenQuerySet.as_manager()

    class Meta:
        verbose_name = _("industry chain")
        verbose_name_plural = _("industry chains")
        ordering = ("order", "pk")

    def __str__(self) -> str:
        return self.name


class Position(models.TextChoices):
    UPSTREAM = "upstream", _("upstream")
    MIDSTREAM = "midstream", _("midstream")
    DOWNSTREAM = "downstream", _("downstream")


class Segment(Versioned):
    """A link of a chain, in a tree."""

    chain = models.ForeignKey(
        Chain, verbose_name=_("industry chain"), on_delete=models.PROTECT, related_name="segments"
    )
    parent = models.ForeignKey(
        "self",
        verbose_name=_("wider segment"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="children",
    )
    code = models.SlugField(_("short code"), max_length=60)
    name = models.CharField(pgettext_lazy("segment", "name"), max_length=60)
    position = models.CharField(
        _("place on the chain"), max_length=10, choices=Position.choices, blank=True
    )
    position_inferred = models.BooleanField(
        _("place is our inference"),
        default=False,
        help_text=_("The report names the segment but not its place on the chain"),
    )
    order = models.PositiveSmallIntegerField(_("place in lists"), default=0)
    source = models.CharField(_("source"), max_length=60, blank=True, help_text=SOURCE_HELP)

    objects = OpenQuerySet.as_manager()

    class Meta:
        verbose_name = _("segment")
        verbose_name_plural = _("segments")
        ordering = ("chain", "order", "pk")
        constraints = (
            models.UniqueConstraint(fields=("chain", "code"), name="segment_code_once"),
            models.UniqueConstraint(
                "chain",
                or_zero("parent"),
                "name",
                name="segment_name_once",
                violation_error_message=_("There is a segment of this name here."),
            ),
            models.CheckConstraint(
                condition=Q(parent=None) | ~Q(parent=F("id")),
                name="segment_not_own_parent",
                violation_error_message=_("A segment cannot lie inside itself."),
            ),
        )

    def __str__(self) -> str:
        return self.name


class SegmentLink(Versioned):
    """A segment (or whole chain) that grows into a field across chains, as the report names it."""

    from_chain = models.ForeignKey(
        Chain, verbose_name=_("from chain"), on_delete=models.CASCADE, related_name="links_out"
    )
    from_segment = models.ForeignKey(
        Segment,
        verbose_name=_("from segment"),
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="links_out",
    )
    to_chain = models.ForeignKey(
        Chain, verbose_name=_("to chain"), on_delete=models.CASCADE, related_name="links_in"
    )
    to_segment = models.ForeignKey(
        Segment,
        verbose_name=_("to segment"),
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="links_in",
    )
    note = models.CharField(_("words of the report"), max_length=200, blank=True)
    source = models.CharField(_("source"), max_length=60, blank=True, help_text=SOURCE_HELP)

    objects = OpenQuerySet.as_manager()

    class Meta:
        verbose_name = _("link between segments")
        verbose_name_plural = _("links between segments")
        constraints = (
            models.UniqueConstraint(
                "from_chain",
                or_zero("from_segment"),
                "to_chain",
                or_zero("to_segment"),
                name="segment_link_once",
                violation_error_message=_("This link is on record already."),
            ),
        )

    def __str__(self) -> str:
        start = self.from_segment or self.from_chain
        return f"{start} → {self.to_segment or self.to_chain}"


class AnchorFirm(Versioned):
    """A local leading firm (链主) that suppliers are sought around."""

    chain = models.ForeignKey(
        Chain, verbose_name=_("industry chain"), on_delete=models.PROTECT, related_name="anchors"
    )
    segment = models.ForeignKey(
        Segment,
        verbose_name=_("segment"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="anchors",
    )
    name = models.CharField(pgettext_lazy("company", "name"), max_length=100)
    source = models.CharField(_("source"), max_length=60, blank=True, help_text=SOURCE_HELP)

    objects = OpenQuerySet.as_manager()

    class Meta:
        verbose_name = _("anchor firm")
        verbose_name_plural = _("anchor firms")
        ordering = ("chain", "name")
        constraints = (
            models.UniqueConstraint(
                "chain",
                or_zero("segment"),
                "name",
                name="anchor_once",
                violation_error_message=_("This firm is on record here already."),
            ),
        )

    def __str__(self) -> str:
        return self.name


class GapKind(models.TextChoices):
    STRENGTHEN = "strengthen", _("strengthen the chain")
    FILL = "fill", _("fill the chain")
    EXTEND = "extend", _("extend the chain")


class Gap(Versioned):
    """What a chain lacks: a link to strengthen, fill or extend."""

    chain = models.ForeignKey(
        Chain, verbose_name=_("industry chain"), on_delete=models.PROTECT, related_name="gaps"
    )
    segment = models.ForeignKey(
        Segment,
        verbose_name=_("segment"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="gaps",
    )
    kind = models.CharField(_("kind of gap"), max_length=10, choices=GapKind.choices)
    description = models.CharField(_("what is sought"), max_length=200)
    closed_on = models.DateField(_("closed on"), null=True, blank=True)
    source = models.CharField(_("source"), max_length=60, blank=True, help_text=SOURCE_HELP)

    objects = OpenQuerySet.as_manager()

    class Meta:
        verbose_name = _("gap in the chain")
        verbose_name_plural = _("gaps in the chain")
        ordering = ("chain", "segment", "pk")

    def __str__(self) -> str:
        return self.description
