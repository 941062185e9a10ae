from importlib import import_module

from django.apps import AppConfig


class OrgConfig(AppConfig):
    name = "kezun.org"
    label = "org"

    def ready(self) -> None:
        """Connect what listens to sign-in signals."""
        import_module("kezun.org.events")
