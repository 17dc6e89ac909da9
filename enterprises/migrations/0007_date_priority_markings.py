from django.db import migrations


def fill(apps, schema_editor):
    """A marking that has no day yet holds since the business is known."""
    Business = apps.get_model("enterprises", "Business")
    Priority = apps.get_model("enterprises", "Priority")
    for business in Business.objects.filter(priority=True):
        Priority.objects.create(
            business=business,
            reason=business.priority_reason or "未写明",
            since=business.discovered_on,
        )


class Migration(migrations.Migration):
    dependencies = [("enterprises", "0006_journal_owners_twins_priority")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
