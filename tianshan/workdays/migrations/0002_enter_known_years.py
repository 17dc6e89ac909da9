from django.db import migrations

from tianshan.audit.history import begin_history
from tianshan.workdays.seed import enter_missing_years


def enter(apps, schema_editor):
    day_rules = apps.get_model("workdays", "DayRule").objects
    enter_missing_years(day_rules.using(schema_editor.connection.alias))
    begin_history(apps, "workdays.DayRule")


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial"), ("workdays", "0001_initial")]

    operations = [migrations.RunPython(enter, migrations.RunPython.noop)]
