"""The WSGI entry. Nothing is assumed here: production refuses what is missing."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tianshan.settings")
# A page that asks for longer than this is told so; commands and the worker may.
os.environ.setdefault("DATABASE_STATEMENT_SECONDS", "5")

application = get_wsgi_application()
