"""How Chinese names sort and are found."""

import time

import pytest

from tianshan.pinyin import fold, initials, search_text, sort_key, spellings


@pytest.mark.parametrize(
    ("name", "spelling", "first_letters"),
    [
        ("长宁", "changning", "cn"),
        ("长宁区天山路", "changningqutianshanlu", "cnqtsl"),
        ("徐汇", "xuhui", "xh"),
        ("闵行", "minhang", "mh"),
        ("莘庄", "xinzhuang", "xz"),
        ("娄山关路", "loushanguanlu", "lsgl"),
        ("遵义路", "zunyilu", "zyl"),
        ("茅台路", "maotailu", "mtl"),
        ("芙蓉江路", "furongjianglu", "frjl"),
        ("仙霞路", "xianxialu", "xxl"),
        ("北新泾", "beixinjing", "bxj"),
        ("天山茶城", "tianshanchacheng", "tscc"),
        ("闽南茶行", "minnanchahang", "mnch"),
        ("工商银行", "gongshangyinhang", "gsyh"),
        ("六安瓜片", "luanguapian", "lagp"),
        ("重庆小面", "chongqingxiaomian", "cqxm"),
        ("金虹桥国际中心", "jinhongqiaoguojizhongxin", "jhqgjzx"),
        ("绿地大厦", "lvdidasha", "ldds"),
        ("茅台路555弄", "maotailu555long", "mtl555l"),
        ("1号楼ABC大厦", "1haolouabcdasha", "1hlabcds"),
    ],
)
def test_names_of_places_and_shops_are_read_as_people_read_them(
    name, spelling, first_letters
):
    assert spellings(name) == spelling
    assert initials(name)[0] == first_letters


@pytest.mark.parametrize(
    ("name", "spelling"),
    [
        ("单女士", "shannvshi"),
        ("曾店长", "zengdianzhang"),
        ("仇先生", "qiuxiansheng"),
        ("解经理", "xiejingli"),
        ("查总", "zhazong"),
        ("区老板", "oulaoban"),
        ("朴阿姨", "piaoayi"),
        ("任阿伯", "renabo"),
        ("华女士", "huanvshi"),
        ("盖先生", "gexiansheng"),
        ("尉迟经理", "yuchijingli"),
        ("长孙女士", "zhangsunnvshi"),
        ("单女士（店主）", "shannvshidianzhu"),
    ],
)
def test_a_surname_before_a_title_has_its_own_reading(name, spelling):
    assert spellings(name) == spelling


@pytest.mark.parametrize(
    ("name", "spelling"),
    [
        ("单位食堂", "danweishitang"),
        ("区总工会", "quzonggonghui"),
        ("曾经咖啡", "cengjingkafei"),
        ("解放日报", "jiefangribao"),
    ],
)
def test_what_only_looks_like_a_surname_keeps_its_usual_reading(name, spelling):
    assert spellings(name) == spelling


def test_a_person_is_read_by_surname_only_when_said_to_be_one():
    assert spellings("单雄信", person=True) == "shanxiongxin"
    assert spellings("单雄信") == "danxiongxin"
    assert sort_key("曾小贤", person=True) == "zeng xiao xian"


def test_initials_hold_every_plausible_reading_of_the_first_characters():
    assert initials("单雄信") == ("dxx", "sxx")
    assert set(initials("乐长行")) >= {"lcx", "ycx", "lzx", "yzx"}
    assert len(initials("乐长行重都朝查")) == 8
    assert initials("乐长行重都朝查")[:2] == ("lcxzdcc", "ycxzdcc")


def test_sort_keys_put_names_in_a_readers_order():
    names = ["张江", "西安饼屋", "先施", "ABC茶室", "阿里", "2号楼", "长宁", "吕记"]

    assert sorted(names, key=sort_key) == [
        "2号楼",
        "阿里",
        "ABC茶室",
        "长宁",
        "吕记",
        "西安饼屋",
        "先施",
        "张江",
    ]


@pytest.mark.parametrize(
    "text", ["宁聚里·金虹桥", "Café 天山", "😀茶", "ａｂ１２", "略"]
)
def test_sort_keys_are_plain_small_ascii(text):
    key = sort_key(text)

    assert key.isascii()
    assert key == key.lower().strip()
    assert "  " not in key


def test_search_text_finds_a_name_by_part_initials_spelling_and_either_width():
    text = search_text("天山茶城", "Ｎo.５", None, "")

    assert text == "天山茶城 no.5 tscc tianshanchacheng"
    for query in ["茶城", "TSCC", "ＴＳＣＣ", "shanch", "NO.5"]:
        assert fold(query) in text
    assert fold("茶行") not in text


def test_fold_drops_what_nobody_sees():
    assert fold(" 天\u200b山\x00　ＡＢ\ud800\n ") == "天 山 ab"
    assert fold(None) == ""


def test_a_hundred_thousand_names_take_seconds():
    first = "宏润艺术文化里澜传播景盛和投资咨询山祁翠春雨夷门"
    names = [
        f"上海{one}{two}{three}茶行{number}"
        for number, (one, two, three) in enumerate(
            (one, two, three) for one in first for two in first for three in first
        )
    ][:10_000]

    started = time.perf_counter()
    for name in names:
        sort_key(name)
        search_text(name, "天山茶城", "中山西路520号")

    assert time.perf_counter() - started < 2
