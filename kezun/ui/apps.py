from django.apps import AppConfig


class UiConfig(AppConfig):
    name = "kezun.ui"
    label = "ui"
