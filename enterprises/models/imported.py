"""Ledger files that came in: batches, their rows, and what people did to them."""

from django.conf import settings
from django.db import connection, models
from django.urls import reverse

from accounts.rights import Right
from enterprises.models.business import Business
from grids.models import Grid
from tianshan.audit.changes import noted
from tianshan.audit.classes import INTERNAL, PERSONAL, SEALED
from tianshan.audit.history import tracked


class ImportBatchQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(grid__in=Grid.objects.governed_by(user, Right.IMPORT))

    def for_list(self):
        return self.select_related("grid", "by").order_by("-uploaded_at")


@tracked(exclude=["file"])
class ImportBatch(models.Model):
    """One ledger file: what it said, what it would change, what it changed."""

    class State(models.TextChoices):
        READING = "reading", "正在读取"
        READ = "read", "待确认"
        APPLYING = "applying", "正在写入"
        APPLIED = "applied", "已写入"
        FAILED = "failed", "未写入"
        DROPPED = "dropped", "已放弃"
        UNDOING = "undoing", "正在撤回"
        UNDONE = "undone", "已撤回"

    # The states each step may start from.
    STEPS = {
        "examine": {State.READING},
        "remap": {State.READ, State.FAILED},
        "mend": {State.READ, State.FAILED},
        "start": {State.READ, State.FAILED},
        "finish": {State.APPLYING},
        "drop": {State.READ, State.FAILED},
        "start_undoing": {State.APPLIED},
        "undo": {State.UNDOING},
        "fail": {State.READING, State.APPLYING, State.UNDOING},
        "recover": {State.READING, State.APPLYING, State.UNDOING},
    }
    # The worker is at it.
    AT_WORK = frozenset({State.READING, State.APPLYING, State.UNDOING})

    grid = models.ForeignKey(
        Grid, models.PROTECT, related_name="imports", verbose_name="网格"
    )
    file_name = models.CharField("文件", max_length=200)
    file = models.BinaryField(editable=False)
    sha256 = models.CharField(max_length=64)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name="导入人",
    )
    uploaded_at = models.DateTimeField("上传时间")
    applied_at = models.DateTimeField("写入时间", null=True)
    state = models.CharField("状态", max_length=10, choices=State, default=State.READ)
    failure = models.CharField("未写入的原因", max_length=200, blank=True)
    # Counts of rows and the recognised sheets and columns; problems stand in ImportRow.
    summary = models.JSONField(default=dict)
    known_since = models.DateField("新增的从哪天算起", null=True)
    # The district's whole ledger of its scope: whatever it lacks asks for an answer.
    complete = models.BooleanField("区级看板全量", default=False)
    # Which sheet and column is what, as recognised and as somebody put it right.
    mapping = models.JSONField("对列", default=list)
    # What nobody has answered yet: columns that may mean the same field, and the like.
    asks = models.BooleanField("对列待确认", default=False)
    # By the database's clock, as history has it: what came later on was not this batch.
    written_from = models.DateTimeField(null=True)
    written_until = models.DateTimeField(null=True)
    undone_at = models.DateTimeField("撤回时间", null=True)

    VISIBILITY = {
        INTERNAL: "id grid file_name sha256 by uploaded_at applied_at state failure"
        " summary known_since complete mapping asks written_from written_until undone_at",
        SEALED: "file",
    }

    objects = ImportBatchQuerySet.as_manager()

    class Meta:
        verbose_name = "导入批次"

    def __str__(self):
        return self.file_name

    def get_absolute_url(self):
        return reverse("enterprises:import_detail", args=[self.pk])

    @property
    def open_steps(self):
        return {step for step, states in self.STEPS.items() if self.state in states}

    @property
    def at_work(self):
        return self.state in self.AT_WORK

    def missing(self):
        """Businesses of the ledger that the file should hold and does not.

        Those in operation in the batch's grid, of the kinds that the file has, in its
        building if it names but one, and known when the file was read. A list to look
        at and to confirm: closed, moved, or forgotten by whoever made the file.
        """
        scope = self.summary.get("scope")
        if not scope:
            return Business.objects.none()
        rows = self.rows.filter(model="business")
        found = Business.objects.operating().filter(
            grid__path__startswith=self.grid.path,
            kind__in=scope["kinds"],
            pk__lte=scope["up_to"],
        )
        if scope["building"]:
            found = found.filter(building=scope["building"])
        meant = rows.exclude(target=None)
        merged = Business.objects.filter(pk__in=meant.values("target")).exclude(
            merged_into=None
        )
        unclear = rows.filter(result=ImportRow.Result.REJECTED).exclude(name="")
        return (
            found.exclude(pk__in=meant.values("target"))
            .exclude(pk__in=merged.values("merged_into"))
            .exclude(name__in=unclear.values("name"))
            .order_by("building__pinyin", "room", "pk")
        )


class ImportRowQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(batch__in=ImportBatch.objects.visible_to(user))

    def written(self, *results):
        """Those that the batch wrote: new ones and changed ones, or of them some."""
        return self.filter(result__in=results or ("new", "changed"))


@noted
class ImportRow(models.Model):
    """One row of a file: what came of it, its values, and the values it replaced."""

    class Result(models.TextChoices):
        NEW = "new", "新增"
        CHANGED = "changed", "变更"
        SAME = "same", "未变"
        REJECTED = "rejected", "未收"
        DUPLICATE = "duplicate", "重复"
        SKIPPED = "skipped", "跳过"

    class Undone(models.TextChoices):
        BACK = "back", "已撤回"
        LEFT = "left", "后来改过，没有动"

    batch = models.ForeignKey(ImportBatch, models.CASCADE, related_name="rows")
    sheet = models.CharField("工作表", max_length=60)
    number = models.PositiveIntegerField("行")
    result = models.CharField("结果", max_length=10, choices=Result)
    model = models.CharField(max_length=12)  # a key of `imports.KINDS`
    kind = models.CharField(max_length=12, blank=True)  # of the business
    code = models.CharField(max_length=18, blank=True)  # of the business, as read
    target = models.BigIntegerField(null=True)  # pk of the row written or matched
    name = models.CharField("名称", max_length=120, blank=True)
    # field -> [before, after]; before is what a revert puts back.
    changes = models.JSONField(default=dict)
    # [{column, value, message, level}]
    problems = models.JSONField(default=list)
    cells = models.JSONField(default=list)  # as read, for the workbook of wrong rows
    # Differences that somebody chose not to take, in the shape of `changes`.
    left = models.JSONField(default=dict)
    undone = models.CharField("撤回", max_length=10, choices=Undone, blank=True)
    # [{by, at, fields}]: why a revert left the row alone.
    touched = models.JSONField(default=list)

    VISIBILITY = {
        INTERNAL: "id batch sheet number result model kind code target name undone"
        " touched",
        PERSONAL: "changes problems cells left",
    }

    objects = ImportRowQuerySet.as_manager()

    class Meta:
        verbose_name = "导入行"
        ordering = ["pk"]
        indexes = [models.Index(fields=["batch", "result"])]

    def __str__(self):
        return f"{self.sheet} {self.number}"


class ImportFixQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(batch__in=ImportBatch.objects.visible_to(user))


@tracked()
class ImportFix(models.Model):
    """What somebody decided on the page about one row of a file."""

    class What(models.TextChoices):
        VALUE = "value", "改了一格"
        SKIP = "skip", "跳过这一行"
        LEAVE = "leave", "不采用这处差异"

    batch = models.ForeignKey(ImportBatch, models.CASCADE, related_name="fixes")
    sheet = models.CharField("工作表", max_length=60)
    number = models.PositiveIntegerField("行")
    what = models.CharField("做法", max_length=10, choices=What)
    field = models.CharField("列", max_length=30, blank=True)
    value = models.CharField("改成", max_length=1000, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name="谁",
    )
    at = models.DateTimeField("何时")

    VISIBILITY = {
        INTERNAL: "id batch sheet number what field by at",
        PERSONAL: "value",
    }

    objects = ImportFixQuerySet.as_manager()

    class Meta:
        verbose_name = "导入时的更正"
        constraints = [
            models.UniqueConstraint(
                fields=["batch", "sheet", "number", "what", "field"],
                name="one_fix_of_a_cell",
            )
        ]

    def __str__(self):
        return f"{self.sheet} {self.number} {self.field}"


class HeadingMemoryQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(grid__in=Grid.objects.governed_by(user, Right.IMPORT))

    def known_in(self, grid):
        """Those of the grid and of the grids above it, the nearest last."""
        codes = grid.path.strip("/").split("/")
        return self.filter(grid__code__in=codes).order_by("grid__path", "pk")


@tracked()
class HeadingMemory(models.Model):
    """What a heading means in the files of an office, as somebody there said."""

    grid = models.ForeignKey(Grid, models.CASCADE, related_name="+")
    model = models.CharField(max_length=12)  # a key of `imports.KINDS`
    heading = models.CharField("表头", max_length=80)  # without blanks and marks
    field = models.CharField("对应", max_length=30, blank=True)  # "": not read
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name="谁",
    )
    at = models.DateTimeField("何时")

    VISIBILITY = {INTERNAL: "id grid model heading field by at"}

    objects = HeadingMemoryQuerySet.as_manager()

    class Meta:
        verbose_name = "记住的表头"
        constraints = [
            models.UniqueConstraint(
                fields=["grid", "model", "heading"], name="a_heading_means_one_thing"
            )
        ]

    def __str__(self):
        return f"{self.heading} {self.field}"


class ImportProgressQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(batch__in=ImportBatch.objects.visible_to(user))


class ImportProgress(models.Model):
    """How far the worker is with a batch.

    Written on a connection of its own while the batch's transaction is open, so that
    the page can read it; made before, since its key would wait for that transaction.
    """

    # Class of the advisory lock that the worker holds while it is at a batch.
    LOCK = 31_010_502

    batch = models.OneToOneField(
        ImportBatch, models.CASCADE, primary_key=True, related_name="progress"
    )
    stage = models.CharField(max_length=20, blank=True)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    began_at = models.DateTimeField(null=True)  # the worker took it up
    beat_at = models.DateTimeField(null=True)  # it was last heard of

    VISIBILITY = {INTERNAL: "batch stage done total began_at beat_at"}

    objects = ImportProgressQuerySet.as_manager()

    class Meta:
        verbose_name = "导入进度"

    def __str__(self):
        return f"{self.batch_id} {self.done}/{self.total}"

    @property
    def percent(self):
        return 100 * self.done // self.total if self.total else 0

    @property
    def is_held(self):
        """Is a worker alive and at the batch? Its lock ends with its connection."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory'"
                " AND granted AND classid = %s AND objid = %s AND database ="
                " (SELECT oid FROM pg_database WHERE datname = current_database()))",
                [self.LOCK, self.batch_id],
            )
            return cursor.fetchone()[0]
