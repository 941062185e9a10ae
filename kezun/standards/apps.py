from django.apps import AppConfig


class StandardsConfig(AppConfig):
    name = "kezun.standards"
    label = "standards"
