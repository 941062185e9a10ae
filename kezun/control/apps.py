from importlib import import_module

from django.apps import AppConfig


class ControlConfig(AppConfig):
    name = "kezun.control"
    label = "control"

    def ready(self) -> None:
        """Register the numbers that control collects for monitoring."""
        import_module("kezun.control.metrics")
