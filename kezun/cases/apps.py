from django.apps import AppConfig
from django.db.models.signals import post_migrate


class CasesConfig(AppConfig):
    name = "kezun.cases"
    label = "cases"

    def ready(self) -> None:
        """After every migration: the table of full-text search, which is no model; the triggers of links."""
        from kezun.cases import linking, searching

        post_migrate.connect(searching.after_migrate, sender=self)
        post_migrate.connect(linking.after_migrate, sender=self)
