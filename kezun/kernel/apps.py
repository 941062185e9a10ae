from django.apps import AppConfig
from django.db.models.signals import post_migrate


class KernelConfig(AppConfig):
    name = "kezun.kernel"
    label = "kernel"

    def ready(self) -> None:
        """After each migration the triggers of settled rows are put in anew."""
        from kezun.kernel import frozen

        post_migrate.connect(frozen.after_migrate, sender=self)
