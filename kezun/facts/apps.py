from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class FactsConfig(AppConfig):
    name = "kezun.facts"
    label = "facts"

    def ready(self) -> None:
        """Every room's `facts.py` declares its fact types, whoever starts: server, worker, command, test."""
        autodiscover_modules("facts")
