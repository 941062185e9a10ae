from django.apps import AppConfig
from django.db.models.signals import post_migrate


class CasesConfig(AppConfig):
    name = "kezun.cases"
    label = "cases"

    def ready(self) -> None:
        """The table of full-text search is no model: it is made after every migration that lacks it."""
        from kezun.cases import searching

        post_migrate.connect(searching.after_migrate, sender=self)
