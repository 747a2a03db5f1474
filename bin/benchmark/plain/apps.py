from django.apps import AppConfig


class PlainConfig(AppConfig):
    name = "benchmark.plain"
    label = "plain"
    default_auto_field = "django.db.models.BigAutoField"
