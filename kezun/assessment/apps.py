from django.apps import AppConfig


class AssessmentConfig(AppConfig):
    name = "kezun.assessment"
    label = "assessment"
