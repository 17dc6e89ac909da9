import django.contrib.postgres.indexes
from django.db import migrations

import tianshan.ledgers.search


class Migration(migrations.Migration):
    dependencies = [
        ("enterprises", "0018_search_by_pairs"),
        ("visits", "0006_past_visits_and_demands"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="demand",
            index=django.contrib.postgres.indexes.GinIndex(
                tianshan.ledgers.search.Pairs("search"), name="demand_search"
            ),
        ),
    ]
