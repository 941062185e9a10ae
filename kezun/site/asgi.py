"""The ASGI application (embedded mode and live pages)."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kezun.site.settings")
application = get_asgi_application()
