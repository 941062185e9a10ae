from django.apps import AppConfig


class ControlConfig(AppConfig):
    name = "kezun.control"
    label = "control"
