from django.apps import AppConfig


class InsightConfig(AppConfig):
    name = "kezun.insight"
    label = "insight"
