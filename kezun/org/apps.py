from django.apps import AppConfig


class OrgConfig(AppConfig):
    name = "kezun.org"
    label = "org"
