import django.contrib.postgres.indexes
from django.db import migrations

import tianshan.ledgers.search
from tianshan.ledgers.search import DROP_PAIRS, MAKE_PAIRS


class Migration(migrations.Migration):
    dependencies = [("enterprises", "0017_answers_name_the_grid")]

    operations = [
        migrations.RunSQL(MAKE_PAIRS, DROP_PAIRS),
        migrations.AddIndex(
            model_name="business",
            index=django.contrib.postgres.indexes.GinIndex(
                tianshan.ledgers.search.Pairs("search"), name="business_search"
            ),
        ),
    ]
