"""What each figure counts, in words that travel with it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

UNITS = {
    "leads": _("leads (unit)"),
    "projects": _("projects (unit)"),
    "amounts": _("ten thousand yuan (CNY) and ten thousand US dollars (USD), never converted"),
    "days": _("days of 24 hours (unit)"),
    "percent": _("per cent (unit)"),
    "median_days": _("calendar days in the figures of services (unit)"),
    "mean": _("rating from 1, the worst, to 5 (unit)"),
}
DEFINITIONS = {
    "signings": _(
        "Investment agreements that count, by the day of signing in the year: each lead once, at "
        "its first. An expansion counts among the amounts only, with what it adds. Letters of "
        "intent, frameworks, relocations within the city, second phases inside a first contract "
        "and local money count nothing."
    ),
    "starts": _(
        "Projects whose start of works is on record, by the day it happened in the year. Survey, "
        "levelling, demolition and temporary works are no start."
    ),
    "completions": _("Projects whose completion is on record, by the day it happened in the year."),
    "productions": _(
        "Projects whose start of production is on record, by the day it happened in the year."
    ),
    "targets": _(
        "The year's targets with what was reached of them, for those that the system counts: the "
        "whole zone's, each chain's and each team's, with or without the Jiangyin park as the "
        "target says. A lead's primary chain alone counts."
    ),
    "funnel": _(
        "Open leads by the stage in which they stand, with the total investment planned. "
        "Conversion to a stage: of the leads that entered the stage before it in the year, how "
        "many have entered this one by the moment of the figures. Conversion speaks of the leads "
        "that the reader may read; by month, a lead belongs to the month in which it was logged."
    ),
    "time_in_stage": _(
        "How long leads stayed in a stage that they left in the year, whether onward, back or out "
        "of the pipeline: the median, and the time that nine of ten did not exceed (interpolated). "
        "It speaks of the leads that the reader may read."
    ),
    "week": _(
        "The calendar week from Monday in which the moment of the figures lies, up to that "
        "moment, beside the whole week before it. New: leads logged. Moved: moves to the next "
        "stage. Stuck: open leads without progress for longer than the rule allows, at the moment "
        "of the figures and at the end of the week before."
    ),
    "overdue": _(
        "Open leads whose next step was due before the day of the figures, in site time, by the "
        "team of their primary chain."
    ),
    "bands": _(
        "Open leads by scale band, in either currency's own thresholds, with the total investment "
        "planned."
    ),
    "lost": _("Leads that were lost in the year and stand lost, by the reason given."),
    "steps_on_time": _(
        "Steps of approval plans decided in the year (granted, refused or granted by default), by "
        "the department that decides. In time: by the last day recorded for the step, which stops "
        "of the clock have moved; a step decided while its clock stood is in time, a grant by "
        "default never. Days: the median of the calendar days from acceptance to decision, with "
        "those on which the clock stood. It speaks of the leads that the reader may read."
    ),
    "step_days": _(
        "The same steps by the approval: the median of the calendar days from acceptance to "
        "decision, with those on which the clock stood."
    ),
    "deemed_grants": _(
        "Steps that were granted by default in the year, since the department had not decided "
        "within its limit; and those of them that were set aside since after an objection."
    ),
    "questions_on_time": _(
        "Outcomes told to enterprises in the year, each time of asking by itself, by the "
        "department that answered. In time: by the limit of the solution recorded for it then. "
        "Questions about a lead that the reader may read, and for readers of all teams' work those "
        "about no lead; confidential questions are left out."
    ),
    "satisfaction": _(
        "Ratings from 1 to 5 that enterprises gave, by the moment of the figures, for the outcomes "
        "told to them in the year: their mean, and how many of them are 1 or 2."
    ),
    "promises_kept": _(
        "Promises in contracts, by the side that made them: kept of those that are due. Due are "
        "promises whose day lies in the year and has passed, or that were judged before it, but "
        "for those released. Partly kept counts as not kept. It speaks of the leads that the "
        "reader may read."
    ),
}
CONFIDENTIAL = {
    "counted": _(
        "Confidential leads that this reader may not read are counted in totals. They are placed "
        "by chain, and in the funnel by stage, only where at least %(fewest)d of them stand "
        "together; all others are merged into “other”. A figure in which fewer than %(fewest)d "
        "of them would be counted leaves them out, and does not say so. Shares and times in a "
        "stage leave them out always."
    ),
    "left_out": _("Only leads that this reader may read are counted."),
    "read": _("All leads are counted: this reader may read confidential ones."),
}
