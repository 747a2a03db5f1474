"""Bare tables of approval steps and questions, with the columns that the product shows."""

from __future__ import annotations

from django.db import models


class Step(models.Model):
    name = models.CharField(max_length=80)
    project = models.CharField(max_length=120)
    department = models.CharField(max_length=60, db_index=True)
    state = models.CharField(max_length=10, db_index=True)
    due_on = models.DateField(null=True, db_index=True)
    submitted_on = models.DateField(null=True)
    helper = models.CharField(max_length=60)

    def __str__(self) -> str:
        return self.name


class Question(models.Model):
    title = models.CharField(max_length=80)
    company = models.CharField(max_length=120)
    category = models.CharField(max_length=40)
    place = models.CharField(max_length=100)
    department = models.CharField(max_length=60, db_index=True)
    handler = models.CharField(max_length=60)
    state = models.CharField(max_length=8, db_index=True)
    due_on = models.DateField(null=True, db_index=True)
    asked_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.title


FILL = (
    """
    INSERT INTO plain_step (id, name, project, department, state, due_on, submitted_on, helper)
    SELECT step.id, step.name, project.name, department.name, step.state, step.due_on,
        step.submitted_on, helper.username
    FROM public.services_approvalstep AS step
    JOIN public.services_approvalplan AS plan ON plan.id = step.plan_id
    JOIN public.leads_landedproject AS project ON project.id = plan.project_id
    JOIN public.services_department AS department ON department.id = step.department_id
    JOIN public.base_user AS helper ON helper.id = plan.helper_id
    """,
    """
    INSERT INTO plain_question (id, title, company, category, place, department, handler, state,
        due_on, asked_at)
    SELECT question.id, question.title, company.name, category.name, question.place,
        COALESCE(department.name, ''), COALESCE(handler.username, ''), question.state,
        question.due_on, question.taken_in_at
    FROM public.services_question AS question
    JOIN public.leads_enterprise AS company ON company.id = question.enterprise_id
    JOIN public.services_questioncategory AS category ON category.id = question.category_id
    LEFT JOIN public.services_department AS department ON department.id = question.department_id
    LEFT JOIN public.base_user AS handler ON handler.id = question.handler_id
    """,
)
