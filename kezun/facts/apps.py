from django.apps import AppConfig


class FactsConfig(AppConfig):
    name = "kezun.facts"
    label = "facts"
