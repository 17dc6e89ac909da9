"""The trades that an office starts with; they are data from then on."""

from django.db import migrations

from tianshan.audit.history import begin_history

# Section, its own name, then the trades in it, each with other ways to write it.
SECTIONS = [
    ("A", "农、林、牧、渔业", []),
    ("B", "采矿业", []),
    ("C", "制造业", []),
    ("D", "电力、热力、燃气及水生产和供应业", []),
    ("E", "建筑业", [("装修装饰", "装修", "装饰装修")]),
    (
        "F",
        "批发和零售业",
        [
            ("茶叶零售", "茶叶", "茶叶店", "茶行"),
            ("茶具零售", "茶具"),
            ("零售业", "零售"),
            ("批发业", "批发"),
            ("便利店", "超市", "便利店超市"),
            ("生鲜果蔬", "水果店", "果蔬"),
            ("服装零售", "服装", "服装店"),
            ("药店", "药品零售", "药房"),
            ("眼镜", "眼镜店"),
            ("文具图书", "文具", "图书", "书店"),
        ],
    ),
    ("G", "交通运输、仓储和邮政业", [("物流运输", "物流", "快递", "快递站点")]),
    (
        "H",
        "住宿和餐饮业",
        [("餐饮", "餐饮业", "餐饮服务", "饭店"), ("住宿", "酒店", "宾馆")],
    ),
    (
        "I",
        "信息传输、软件和信息技术服务业",
        [("软件和信息技术服务业", "软件", "信息技术", "信息技术服务")],
    ),
    ("J", "金融业", [("金融服务", "金融", "银行", "保险")]),
    ("K", "房地产业", [("房地产中介", "房产中介", "中介"), ("物业管理", "物业")]),
    (
        "L",
        "租赁和商务服务业",
        [
            ("商务服务业", "商务服务", "企业服务"),
            ("广告业", "广告"),
            ("人力资源服务", "人力资源", "劳务派遣"),
            ("法律服务", "律师事务所"),
        ],
    ),
    ("M", "科学研究和技术服务业", [("专业技术服务业", "专业技术服务", "技术服务")]),
    ("N", "水利、环境和公共设施管理业", []),
    (
        "O",
        "居民服务、修理和其他服务业",
        [
            ("美容美发", "美容", "美发", "理发"),
            ("修理服务", "修理", "维修"),
            ("宠物服务", "宠物店", "宠物"),
            ("家政服务", "家政"),
        ],
    ),
    ("P", "教育", [("教育培训", "培训", "教培")]),
    ("Q", "卫生和社会工作", [("医疗健康", "医疗", "诊所")]),
    ("R", "文化、体育和娱乐业", [("文化艺术业", "文化艺术"), ("健身", "体育健身")]),
    ("S", "公共管理、社会保障和社会组织", []),
    ("T", "国际组织", []),
]


def fill(apps, schema_editor):
    trades = apps.get_model("enterprises", "Trade").objects
    words = apps.get_model("enterprises", "TradeWord").objects
    for section, label, ones in SECTIONS:
        # The section itself comes last in it: for what says no more than that.
        for place, (name, *others) in enumerate([*ones, (label,)], start=1):
            trade, _ = trades.get_or_create(
                name=name, defaults={"section": section, "position": place * 10}
            )
            for word in (name, *others):
                words.get_or_create(word=word, defaults={"trade": trade})
    begin_history(apps, "enterprises.Trade", "enterprises.TradeWord")


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial"), ("enterprises", "0001_initial")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
