from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("dashboard", "0009_stored_pages")]

    operations = [
        migrations.AddIndex(
            model_name="standing",
            index=models.Index(
                fields=["until", "visited_until"], name="standing_by_end"
            ),
        ),
        migrations.AddIndex(
            model_name="standingsum",
            index=models.Index(fields=["grid", "span", "day"], name="sums_by_grid"),
        ),
    ]
