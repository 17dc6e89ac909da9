"""Password rule of 等保 (GB/T 22239-2019, identity): three of four kinds of characters.

ASVS 5.0 6.2.5 advises against such rules; the deviation is deliberate, since the
office is assessed by 等保 (docs/decisions).
"""

import re

from django.core.exceptions import ValidationError

KINDS = (r"[a-z]", r"[A-Z]", r"[0-9]", r"[^a-zA-Z0-9]")


class ThreeClasses:
    """Asks for three of: small letters, capitals, digits, other characters."""

    def validate(self, password, user=None):
        if sum(bool(re.search(kind, password)) for kind in KINDS) < 3:
            raise ValidationError(self.get_help_text(), code="three_classes")

    def get_help_text(self):
        return "小写字母、大写字母、数字、符号，四类里至少有三类。"
