"""The pages of cases, by subject; every module here is loaded with the room."""

import importlib
import pkgutil

from kezun.cases import routes

routes.register()
for _found in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_found.name}")
