import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("grids", "0004_carry_honours_over"),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="building",
            name="insert_insert",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="building",
            name="update_update",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="building",
            name="delete_delete",
        ),
        migrations.RemoveField(
            model_name="building",
            name="honours",
        ),
        migrations.RemoveField(
            model_name="buildingevent",
            name="honours",
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="building",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "grids_buildingevent" ("address", "aliases", "area", "floors", "grid_id", "id", "kind", "latitude", "longitude", "name", "ownership", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "property_manager", "source_crs", "units", "updated_at") SELECT new_values."address", new_values."aliases", new_values."area", new_values."floors", new_values."grid_id", new_values."id", new_values."kind", new_values."latitude", new_values."longitude", new_values."name", new_values."ownership", _pgh_attached_context.value, CLOCK_TIMESTAMP(), \'insert\', new_values."id", new_values."property_manager", new_values."source_crs", new_values."units", new_values."updated_at" FROM ( SELECT new_values.* FROM new_values  ) AS new_values, _pgh_attached_context; RETURN NULL;',
                    hash="f52a6a6791a8d9ab34014b02f2144328ad98c335",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_85720",
                    referencing="REFERENCING NEW TABLE AS new_values ",
                    table="grids_building",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="building",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "grids_buildingevent" ("address", "aliases", "area", "floors", "grid_id", "id", "kind", "latitude", "longitude", "name", "ownership", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "property_manager", "source_crs", "units", "updated_at") SELECT new_values."address", new_values."aliases", new_values."area", new_values."floors", new_values."grid_id", new_values."id", new_values."kind", new_values."latitude", new_values."longitude", new_values."name", new_values."ownership", _pgh_attached_context.value, CLOCK_TIMESTAMP(), \'update\', new_values."id", new_values."property_manager", new_values."source_crs", new_values."units", new_values."updated_at" FROM ( SELECT new_values.* FROM old_values JOIN new_values ON (old_values."id") = (new_values."id") WHERE (old_values."address" IS DISTINCT FROM (new_values."address") OR old_values."aliases" IS DISTINCT FROM (new_values."aliases") OR old_values."area" IS DISTINCT FROM (new_values."area") OR old_values."floors" IS DISTINCT FROM (new_values."floors") OR old_values."grid_id" IS DISTINCT FROM (new_values."grid_id") OR old_values."id" IS DISTINCT FROM (new_values."id") OR old_values."kind" IS DISTINCT FROM (new_values."kind") OR old_values."latitude" IS DISTINCT FROM (new_values."latitude") OR old_values."longitude" IS DISTINCT FROM (new_values."longitude") OR old_values."name" IS DISTINCT FROM (new_values."name") OR old_values."ownership" IS DISTINCT FROM (new_values."ownership") OR old_values."property_manager" IS DISTINCT FROM (new_values."property_manager") OR old_values."source_crs" IS DISTINCT FROM (new_values."source_crs") OR old_values."units" IS DISTINCT FROM (new_values."units") OR old_values."updated_at" IS DISTINCT FROM (new_values."updated_at")) ) AS new_values, _pgh_attached_context; RETURN NULL;',
                    hash="09d9068b0ca50d9d90bc031d7094077597a33245",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_e5ac7",
                    referencing="REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ",
                    table="grids_building",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="building",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "grids_buildingevent" ("address", "aliases", "area", "floors", "grid_id", "id", "kind", "latitude", "longitude", "name", "ownership", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "property_manager", "source_crs", "units", "updated_at") SELECT old_values."address", old_values."aliases", old_values."area", old_values."floors", old_values."grid_id", old_values."id", old_values."kind", old_values."latitude", old_values."longitude", old_values."name", old_values."ownership", _pgh_attached_context.value, CLOCK_TIMESTAMP(), \'delete\', old_values."id", old_values."property_manager", old_values."source_crs", old_values."units", old_values."updated_at" FROM ( SELECT old_values.* FROM old_values  ) AS old_values, _pgh_attached_context; RETURN NULL;',
                    hash="d74eea07202e89e6a3bdea9fee80c0083aaad51a",
                    level="STATEMENT",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_3e902",
                    referencing="REFERENCING OLD TABLE AS old_values ",
                    table="grids_building",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AlterField(
            model_name="buildinghonour",
            name="building",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="honours",
                to="grids.building",
                verbose_name="楼宇",
            ),
        ),
    ]
