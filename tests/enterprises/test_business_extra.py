"""Extra fields of businesses: answered, shown, found, filtered, exported, imported."""

import json

import pytest
from django.core.management import call_command

from enterprises.models import Business
from tests.factories import BuildingFactory, BusinessFactory, ExtraFieldFactory
from tianshan.audit.models import Entry, Reading
from tianshan.values.models import ExtraField

pytestmark = pytest.mark.django_db
Type = ExtraField.Type
MERCHANTS = "/merchants/"


@pytest.fixture
def fields(db):
    return {
        "brand": ExtraFieldFactory(label="老字号", type=Type.TEXT),
        "seats": ExtraFieldFactory(label="餐位数", type=Type.WHOLE),
        "rent": ExtraFieldFactory(label="月租金", type=Type.DECIMAL),
        "lease": ExtraFieldFactory(label="租约到期", type=Type.DATE),
        "late": ExtraFieldFactory(label="夜间营业", type=Type.YES_NO),
        "title": ExtraFieldFactory(
            label="产权性质", type=Type.CHOICE, choices=["自有", "租赁"]
        ),
        "owner": ExtraFieldFactory(
            label="房东", type=Type.TEXT, visibility=ExtraField.Visibility.PERSONAL
        ),
    }


def answers(fields, **values):
    return {fields[name].key: value for name, value in values.items()}


FULL = {
    "brand": "百年茶庄",
    "seats": 12,
    "rent": 3500.5,
    "lease": "2027-03-31",
    "late": False,
    "title": "租赁",
    "owner": "沈女士",
}


@pytest.fixture
def shop(grid, fields):
    return BusinessFactory(grid=grid, name="甲茶行", extra=answers(fields, **FULL))


def edit_url(shop):
    return f"{shop.get_absolute_url()}extra/"


def form_of(client, shop):
    """What a browser would send back unchanged."""
    form = client.get(edit_url(shop)).context["form"]
    data = {name: form[name].value() for name in form.fields}
    sent = {name: "" if value is None else value for name, value in data.items()}
    return {**sent, "seen": form.seen}


def names(client, query):
    page = client.get(MERCHANTS + query)
    return sorted(row.name for row in page.context["page"])


def test_answers_are_put_and_leave_history_and_a_line(client_of, clerk, grid, fields):
    shop = BusinessFactory(grid=grid)
    client = client_of(clerk)
    data = form_of(client, shop) | answers(
        fields, brand=" 百年　茶庄 ", seats="12", rent="3500.50", late="False"
    )
    assert client.post(edit_url(shop), data).status_code == 302
    before = shop.events.count()
    shop.refresh_from_db()
    assert shop.extra == answers(
        fields, brand="百年 茶庄", seats=12, rent=3500.5, late=False
    )
    assert shop.events.order_by("pgh_id").last().extra == shop.extra
    assert before == 2
    entry = Entry.objects.get(verb="business.answered")
    assert entry.data == {"fields": ["老字号", "餐位数", "月租金", "夜间营业"]}


def test_a_form_sent_back_unchanged_changes_nothing(client_of, clerk, shop):
    client = client_of(clerk)
    page = client.post(edit_url(shop), form_of(client, shop), follow=True)
    assert "没有变化" in page.text
    shop.refresh_from_db()
    assert sorted(map(str, shop.extra.values())) == sorted(map(str, FULL.values()))


def test_an_emptied_answer_is_taken_out(client_of, clerk, shop, fields):
    client = client_of(clerk)
    client.post(edit_url(shop), form_of(client, shop) | answers(fields, late=""))
    shop.refresh_from_db()
    assert fields["late"].key not in shop.extra


@pytest.mark.parametrize(
    "wrong",
    [{"seats": "-1"}, {"lease": "2027-02-30"}, {"title": "借用"}, {"rent": "NaN"}],
)
def test_a_wrong_answer_is_refused(client_of, clerk, shop, fields, wrong):
    client = client_of(clerk)
    answer = client.post(
        edit_url(shop), form_of(client, shop) | answers(fields, **wrong)
    )
    assert answer.status_code == 400
    shop.refresh_from_db()
    assert shop.extra == answers(fields, **FULL)


def test_a_required_one_must_be_answered(client_of, clerk, grid):
    ExtraFieldFactory(label="老字号", required=True)
    shop = BusinessFactory(grid=grid)
    client = client_of(clerk)
    assert client.post(edit_url(shop), form_of(client, shop)).status_code == 400


def test_two_at_once_are_told_and_what_neither_touched_merges(
    client_of, clerk, shop, fields
):
    client = client_of(clerk)
    mine, theirs = form_of(client, shop), form_of(client, shop)
    client.post(edit_url(shop), theirs | answers(fields, seats="20", title="自有"))

    answer = client.post(edit_url(shop), mine | answers(fields, seats="30"))
    assert answer.status_code == 400
    assert "别人改过：餐位数" in answer.text
    again = answer.context["form"]
    sent = {name: again[name].value() for name in again.fields}
    assert sent[fields["title"].key] == "自有"  # theirs, which nobody touched here

    client.post(edit_url(shop), sent | {"seen": again.seen})
    shop.refresh_from_db()
    assert shop.extra[fields["seats"].key] == 30
    assert shop.extra[fields["title"].key] == "自有"


def test_a_form_of_another_shop_is_not_ours(client_of, clerk, shop, grid, fields):
    client = client_of(clerk)
    other = BusinessFactory(grid=grid)
    data = form_of(client, shop) | answers(fields, seats="99")
    assert client.post(edit_url(other), data).status_code == 400
    other.refresh_from_db()
    assert other.extra == {}


def test_who_may_not_edit_may_not_answer(client_of, leader, stranger, shop):
    assert client_of(leader).get(edit_url(shop)).status_code == 403
    assert client_of(stranger).get(edit_url(shop)).status_code == 404


def test_without_fields_there_is_no_page(client_of, clerk, grid):
    shop = BusinessFactory(grid=grid)
    assert client_of(clerk).get(edit_url(shop)).status_code == 404
    assert "附加字段" not in client_of(clerk).get(shop.get_absolute_url()).text


# --- personal ones -------------------------------------------------------------------


def test_a_personal_answer_is_hidden_everywhere_until_a_reason_is_given(
    client_of, clerk, leader, shop, fields
):
    client = client_of(clerk)
    key = fields["owner"].key
    for url in (
        shop.get_absolute_url(),
        edit_url(shop),
        f"{MERCHANTS}?columns=name,{key}",
        f"{shop.get_absolute_url()}history/",
        f"{edit_url(shop)}{key}/",
    ):
        page = client.get(url)
        assert page.status_code == 200, url
        assert "沈女士" not in page.text, url
    exported = client.get(f"{MERCHANTS}?format=csv")
    text = b"".join(exported.streaming_content).decode()
    assert "百年茶庄" in text
    assert "沈女士" not in text
    assert "***" in text

    shown = client_of(leader).post(f"{edit_url(shop)}{key}/", {"why": "核实租约"})
    assert "沈女士" in shown.text
    reading = Reading.objects.get()
    assert (reading.field, reading.why, reading.by) == (key, "核实租约", leader)


def test_no_reason_no_answer(client_of, clerk, shop, fields):
    url = f"{edit_url(shop)}{fields['owner'].key}/"
    assert "沈女士" not in client_of(clerk).post(url, {"why": ""}).text
    assert not Reading.objects.exists()


def test_what_is_not_personal_has_no_such_page(client_of, clerk, shop, fields):
    for key in (fields["brand"].key, "x999", "phone"):
        assert client_of(clerk).get(f"{edit_url(shop)}{key}/").status_code == 404


def test_the_search_box_finds_words_but_no_person(client_of, clerk, shop):
    client = client_of(clerk)
    assert names(client, "?q=百年") == ["甲茶行"]
    assert names(client, "?q=租赁") == ["甲茶行"]
    assert names(client, "?q=沈女") == []


# --- the ledger ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("{title}=租赁", True),
        ("{title}=自有", False),
        ("{title}=自有&{title}=租赁", True),
        ("{late}=False", True),
        ("{late}=True", False),
        ("{seats}_min=12&{seats}_max=12", True),
        ("{seats}_min=13", False),
        ("{rent}_max=3500.5", True),
        ("{rent}_max=3500.4", False),
        ("{lease}_after=2027-03-31", True),
        ("{lease}_before=2027-03-30", False),
    ],
)
def test_the_ledger_is_filtered_by_answers(
    client_of, clerk, shop, fields, query, found
):
    keys = {name: field.key for name, field in fields.items()}
    client = client_of(clerk)
    assert names(client, "?" + query.format(**keys)) == (["甲茶行"] if found else [])
    page = client.get(MERCHANTS + "?" + query.format(**keys))
    assert page.context["chips"]


def test_no_filter_asks_for_what_is_personal(client_of, clerk, shop, fields):
    page = client_of(clerk).get(MERCHANTS)
    assert f'name="{fields["title"].key}"' in page.text
    assert f'name="{fields["owner"].key}"' not in page.text


def test_numbers_and_days_sort_as_such(client_of, clerk, grid, fields):
    for name, seats in (("乙", 9), ("丙", 100), ("丁", None)):
        extra = answers(fields, seats=seats) if seats else {}
        BusinessFactory(grid=grid, name=name, extra=extra)
    page = client_of(clerk).get(f"{MERCHANTS}?sort={fields['seats'].key}")
    assert [row.name for row in page.context["page"]] == ["乙", "丙", "丁"]


def test_a_renamed_field_is_so_named_at_once(client_of, clerk, shop, fields):
    client = client_of(clerk)
    client.get(MERCHANTS)
    field = fields["title"]
    field.label = "房屋性质"
    field.save()
    ExtraFieldFactory(of="building")  # what is kept is read anew
    page = client.get(f"{MERCHANTS}?columns=name,{field.key}").text
    assert "房屋性质" in page
    assert "产权性质" not in page


@pytest.mark.parametrize("count", [1, 3])
def test_the_ledger_costs_the_same_with_extra_columns(
    client_of, clerk, grid, fields, count, django_assert_max_num_queries
):
    for number in range(count):
        BusinessFactory(grid=grid, name=f"店{number}", extra=answers(fields, **FULL))
    client = client_of(clerk)
    client.get(f"{MERCHANTS}?columns=all")
    keys = ",".join(field.key for field in fields.values())
    with django_assert_max_num_queries(7):
        client.get(f"{MERCHANTS}?columns=name,{keys}")


# --- files ---------------------------------------------------------------------------


@pytest.fixture
def ran(capsys, tmp_path):
    def run(content, *options, kind="csv"):
        file = tmp_path / f"台账.{kind}"
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        call_command("import_ledger", str(file), "--json", *options)
        return json.loads(capsys.readouterr().out)

    return run


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_what_was_exported_is_imported_without_a_change(
    client_of, clerk, shop, grid, ran, kind
):
    answer = client_of(clerk).get(f"{MERCHANTS}?columns=all&format={kind}")
    content = b"".join(answer.streaming_content)
    said = ran(content, "--grid", grid.code, "--dry-run", kind=kind)
    assert (said["rows"], said["same"]) == (1, 1), said
    assert [p for p in said["problems"] if p["level"] != "notice"] == []
    read = set(said["sheets"][0]["columns"].values())
    assert {"老字号", "餐位数", "月租金", "租约到期", "夜间营业", "房东"} <= read


def test_a_file_brings_answers_to_new_and_known_shops(shop, grid, fields, ran):
    said = ran(
        "类别,单位名称,餐位数,月租金,租约到期,夜间营业,产权性质,房东\n"
        "商户,甲茶行,15,,2028年1月1日,是,,***\n"
        "商户,乙茶行,8人,1200,2027/5/1,无,自有,王先生\n",
        "--grid",
        grid.code,
    )
    assert (said["new"], said["changed"]) == (1, 1)
    known = Business.objects.get(name="甲茶行")
    assert known.extra == answers(
        fields, **(FULL | {"seats": 15, "lease": "2028-01-01", "late": True})
    )
    new = Business.objects.get(name="乙茶行")
    assert new.extra == answers(
        fields,
        seats=8,
        rent=1200,
        lease="2027-05-01",
        late=False,
        title="自有",
        owner="王先生",
    )


def test_a_wrong_cell_is_listed_and_its_row_still_written(grid, fields, ran):
    said = ran(
        "类别,单位名称,联系人,餐位数,产权性质,房东\n商户,乙茶行,甲,许多,借用,***\n",
        "--grid",
        grid.code,
    )
    assert said["new"] == 1
    wrong = {p["column"] for p in said["problems"] if p["level"] == "error"}
    assert wrong == {"餐位数", "产权性质", "房东"}
    assert Business.objects.get(name="乙茶行").extra == {}


def test_what_is_wrong_with_a_personal_cell_is_said_without_it(grid, ran):
    ExtraFieldFactory(
        label="房东生日", type=Type.DATE, visibility=ExtraField.Visibility.PERSONAL
    )
    said = ran(
        "类别,单位名称,联系人,房东生日\n商户,乙茶行,甲,八零年五月\n",
        "--grid",
        grid.code,
    )
    (problem,) = [p for p in said["problems"] if p["column"] == "房东生日"]
    assert problem["value"] == "***"


def test_what_is_not_asked_of_a_kind_is_not_taken(grid, ran):
    field = ExtraFieldFactory(label="摊位长", type=Type.TEXT, kinds=["merchant"])
    ran(
        "类别,单位名称,联系人,摊位长\n企业,某某公司,甲,乙\n商户,乙茶行,甲,丙\n",
        "--grid",
        grid.code,
    )
    assert Business.objects.get(name="某某公司").extra == {}
    assert Business.objects.get(name="乙茶行").extra == {field.key: "丙"}


def test_buildings_take_answers_and_give_them_back(client_of, clerk, grid, ran):
    field = ExtraFieldFactory(of="building", label="物业费", type=Type.DECIMAL)
    building = BuildingFactory(grid=grid, name="甲大厦", extra={field.key: 3.5})
    content = client_of(clerk).get("/buildings/?format=csv").streaming_content
    said = ran(b"".join(content), "--grid", grid.code, "--dry-run")
    assert said["buildings"]["same"] == 1
    ran("楼宇名称,地址,物业费\n甲大厦,,4.25\n乙大厦,安顺路,2\n", "--grid", grid.code)
    building.refresh_from_db()
    assert building.extra == {field.key: 4.25}
    assert type(building).objects.get(name="乙大厦").extra == {field.key: 2}


def test_a_new_business_is_asked_the_fields_of_its_kind(client_of, staff, grid):
    seats = ExtraFieldFactory(label="餐位数", type=Type.WHOLE, kinds=["merchant"])
    park = ExtraFieldFactory(
        label="所属园区", type=Type.TEXT, kinds=["enterprise"], required=True
    )
    client, url = client_of(staff), "/businesses/new/"
    shown = client.get(url).text
    assert "餐位数" in shown
    assert "所属园区" not in shown
    data = {"kind": "merchant", "name": "静庐茶器", "grid": grid.pk}
    data |= {"since": "2026-01-05", "asked_for": "merchant"}
    client.post(url, {**data, seats.key: "12"})
    assert Business.objects.get().extra == {seats.key: 12}

    # Another kind is chosen: its own questions are put before anything is written.
    firm = {**data, "kind": "enterprise", "name": "恒华科技"}
    asked = client.post(url, firm)
    assert asked.status_code == 422
    assert "所属园区" in asked.text
    assert client.post(url, {**firm, "asked_for": "enterprise"}).status_code == 422
    client.post(url, {**firm, "asked_for": "enterprise", park.key: "虹桥"})
    assert Business.objects.get(name="恒华科技").extra == {park.key: "虹桥"}
