from django.db import migrations


def carry_over(apps, schema_editor):
    """Each honour becomes a row; by whom and when is not known of the old ones."""
    Building = apps.get_model("grids", "Building")
    BuildingHonour = apps.get_model("grids", "BuildingHonour")
    for building in Building.objects.exclude(honours=[]):
        for name in building.honours:
            BuildingHonour.objects.create(building=building, name=name)


class Migration(migrations.Migration):
    dependencies = [("grids", "0003_building_facts_and_honours")]

    operations = [migrations.RunPython(carry_over, migrations.RunPython.noop)]
