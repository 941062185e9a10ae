from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "kezun.cases"
    label = "cases"
