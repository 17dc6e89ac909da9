"""The WSGI entry. Nothing is assumed here: production refuses what is missing."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tianshan.settings")

application = get_wsgi_application()
