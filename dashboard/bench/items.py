"""What `manage.py bench` measures, and the limit of each item."""

import io
import re
import statistics
import uuid
from dataclasses import dataclass
from urllib.parse import quote

from django.db import connection
from django.utils import timezone

from dashboard.bench import measure, world
from enterprises.imports import apply
from enterprises.models import Business
from grids.models import Building
from tianshan.files.writing import Column, write_xlsx
from visits.models import Visit


@dataclass(frozen=True)
class Item:
    """A page: how it is asked for, and the most that it may cost, in L2s."""

    key: str
    label: str
    ask: object  # function of the round
    limit: float | None
    queries: int | None = None


def pages(browser, worker=None):
    """The pages, those that write apart: what others keep must not hang on them.
    `worker` is the browser of who logs visits, where somebody does.

    Other rows in each round where the item can; where it cannot, a page is one that
    was opened before, and `…_changed` the same after somebody has written.
    """
    buildings = list(Building.objects.order_by("pk").values_list("pk", flat=True))
    businesses = list(
        Business.objects.order_by("pk").values_list("pk", flat=True)[:999]
    )
    # Half-way down, in pages of 50.
    last = max(1, Business.objects.count() // 100)
    last_visit = max(1, Visit.objects.count() // 100)
    words = [quote(world.HEADS[n : n + 2]) for n in range(len(world.HEADS) - 1)]
    # Few of its name, and one such in the street at least.
    rare = Business.objects.order_by("-pk").first().name[:2]

    def get(query, address="/businesses/"):
        return lambda turn: browser.get(f"{address}?{query}")

    def each(address, among):
        return lambda turn: browser.get(address.format(among[turn % len(among)]))

    def changed(query, address="/businesses/"):
        def ask(turn):
            business = businesses[turn % len(businesses)]
            Business.objects.filter(pk=business).update(note=f"第{turn}次")
            return browser.get(f"{address}?{query}")

        return ask

    narrowed = "/businesses/?state=operating&building={}&sort=-staff"
    deep, common = f"page={last}", f"q={quote('茶行')}"
    reading = [
        Item("list", "列表", get(""), 4, 6),
        Item("filter", "筛选并排序，每次另一幢楼", each(narrowed, buildings), 4, 6),
        Item("filter_mode", "按覆盖方式筛选", get("mode=place&sort=staff"), 4, 6),
        Item("deep", "翻到一半处", get(deep), 5, 6),
        Item("search_common", "搜两个字，常见", get(common), 5),
        Item("search_rare", "搜两个字，少见", get(f"q={quote(rare)}"), 5),
        Item("search_none", "搜两个字，没有", get("q=qzqz"), 5),
        Item("search_pinyin", "搜拼音首字母，常见", get("q=kjyx"), 5),
        Item("visits", "走访台账", get("", "/visits/"), 4, 6),
        Item(
            "visits_deep", "走访，翻到一半处", get(f"page={last_visit}", "/visits/"), 5
        ),
        Item("demands", "诉求台账", get("", "/demands/"), 4),
        Item("search_page", "一框搜全部", get(f"q={quote(rare)}", "/search/"), 5),
        Item(
            "search_other", "一框搜全部，每次另一个词", each("/search/?q={}", words), 5
        ),
        Item("detail", "企业商户页", each("/businesses/{}/", businesses), 4),
        Item("edit", "修改页", each("/businesses/{}/edit/", businesses), 4),
        Item("dashboard", "一屏统览", get("", "/dashboard/"), 4),
        Item("figures", "全部指标", get("", "/dashboard/figures.json"), 4),
        Item("map", "全域地图", get("", "/map/"), 4),
    ]
    writing = [
        Item("list_changed", "列表，刚有人改过", changed(""), 4, 6),
        Item("deep_changed", "翻到一半处，刚有人改过", changed(deep), 5, 6),
        Item("search_changed", "搜两个字，刚有人改过", changed(common), 5),
        Item(
            "dashboard_changed", "一屏统览，刚有人改过", changed("", "/dashboard/"), 4
        ),
        Item("save", "保存修改", Saving(browser, businesses), 4),
    ]
    if worker:
        writing.append(Item("visit", "记走访", Visiting(worker, businesses), 4))
    return reading, writing


class Saving:
    """Press 保存 on a form that was opened before; only the saving is timed."""

    def __init__(self, browser, businesses):
        self.browser, self.businesses = browser, businesses

    def __call__(self, turn):
        url = f"/businesses/{self.businesses[turn % len(self.businesses)]}/edit/"
        fields = _form_of(self.browser.get(url).content.decode())
        fields["note"] = f"第{turn}次保存 {timezone.now():%H:%M:%S.%f}"
        answer = self.browser.post(url, fields)
        if answer.status != 302:
            raise RuntimeError(f"{url} was not saved: {answer.status}")
        self.browser.get(answer.headers["Location"])  # which says 已保存, once
        return answer


class Visiting:
    """Press 保存 on a visit's form; only the saving is timed."""

    def __init__(self, browser, businesses):
        self.browser, self.businesses = browser, businesses

    def __call__(self, turn):
        business = self.businesses[turn % len(self.businesses)]
        url = f"/visits/new/?business={business}&key={uuid.uuid4()}"
        fields = _form_of(self.browser.get(url).content.decode())
        fields |= {"outcome": "normal", "people_met": "owner", "facts": "same"}
        fields["method"] = "on_spot"
        answer = self.browser.post(url, fields)
        if answer.status != 302:
            raise RuntimeError(f"{url} was not saved: {answer.status}")
        self.browser.get(answer.headers["Location"])
        return answer


_INPUT = re.compile(r"<(?:input|textarea)\b[^>]*>(?:[^<]*</textarea>)?")
_SELECT = re.compile(r'<select[^>]*name="(\w+)".*?</select>', re.S)


def _form_of(page):
    """The fields of the page's form, as a browser would send them back."""
    begins = page.rindex("<form", 0, page.index('name="seen"'))
    form = page[begins : page.index("</form>", begins)]
    fields = {}
    for tag in _INPUT.findall(form):
        name = re.search(r'name="(\w+)"', tag)
        value = re.search(r'value="([^"]*)"', tag) or re.search(r">([^<]*)</text", tag)
        if name and 'type="checkbox"' not in tag:
            fields[name[1]] = value[1].strip() if value else ""
    for select in _SELECT.finditer(form):
        chosen = re.search(r'value="([^"]*)" selected', select[0])
        fields[select[1]] = chosen[1] if chosen else ""
    fields.pop("csrfmiddlewaretoken", None)
    return fields


# --- files -------------------------------------------------------------------------


HEADINGS = (
    "单位名称",
    "所在楼宇/市场",
    "室号/摊位号",
    "行业类别",
    "从业人员数",
    "联系人",
    "联系电话",
    "成立日期",
)


def import_seconds(clerk, rows):
    """How long a batch of so many new businesses takes to be written, as the worker
    does it: read, planned, written with history, Standing and its rows."""
    grid = Building.objects.order_by("pk").first().grid
    names = list(Building.objects.filter(grid=grid).values_list("name", flat=True))
    file = io.BytesIO()
    write_xlsx(
        file,
        title="商户",
        columns=[Column(label) for label in HEADINGS],
        rows=(
            [
                f"{world.HEADS[n % 60]}{world.HEADS[n // 60 % 60]}新店{n}",
                names[n % len(names)],
                f"{n % 30}{n:04}",
                "批发零售",
                n % 50,
                "沈女士",
                f"139{n:08}",
                "2024-05-01",
            ]
            for n in range(rows)
        ),
    )
    at = timezone.now()
    batch = apply.upload(
        name="新店.xlsx",
        content=file.getvalue(),
        grid=grid,
        known_since=world.LIVE_ON,
        by=clerk,
        at=at,
    )
    batch = apply.start(batch, by=clerk, at=at)
    with measure.Clock() as clock:
        made = apply.finish(batch, at=at)
    if made.summary()["new"] != rows:
        raise RuntimeError(f"not all of {rows} rows were new")
    return clock.seconds


def copy_out_seconds():
    """L3: how long PostgreSQL takes to hand out all businesses as csv."""
    table = Business._meta.db_table
    times = []
    for _ in range(3):
        with (
            measure.Clock() as clock,
            connection.cursor() as cursor,
            cursor.copy(f"COPY {table} TO STDOUT WITH (FORMAT csv)") as copy,
        ):
            for _ in copy:
                pass
        times.append(clock.seconds)
    return statistics.median(times)
