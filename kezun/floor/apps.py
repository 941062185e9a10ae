from django.apps import AppConfig


class FloorConfig(AppConfig):
    name = "kezun.floor"
    label = "floor"
