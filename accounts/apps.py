from django.apps import AppConfig
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "账号"

    def ready(self):
        from accounts.rights import Role

        if unknown := settings.MFA_REQUIRED_ROLES - set(Role.values):
            raise ImproperlyConfigured(
                f"MFA_REQUIRED_ROLES names no role: {', '.join(sorted(unknown))}."
            )
