from django.apps import AppConfig


class KernelConfig(AppConfig):
    name = "kezun.kernel"
    label = "kernel"
