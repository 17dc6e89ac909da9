"""The demand categories that an office starts with; they are data from then on."""

from django.db import migrations

from tianshan.audit.history import begin_history

CATEGORIES = [
    ("环境清运", False),
    ("停车", True),
    ("租金", True),
    ("资金", True),
    ("电梯设施", True),
    ("快递入户", False),
    ("用工", False),
    ("政策咨询", False),
    ("职工关爱", False),
    ("安全隐患", False),
    ("紧急险情", False),
    ("其他", False),
]
URGENT = {"紧急险情"}  # danger to people: goes round the sorting


def fill(apps, schema_editor):
    rows = apps.get_model("visits", "DemandCategory").objects
    for place, (name, hard) in enumerate(CATEGORIES, start=1):
        values = {"hard": hard, "urgent": name in URGENT, "position": place * 10}
        rows.get_or_create(name=name, defaults=values)
    begin_history(apps, "visits.DemandCategory")


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial"), ("visits", "0001_initial")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
