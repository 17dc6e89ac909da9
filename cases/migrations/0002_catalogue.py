"""What a street begins with: items of the seed page, and the words read for consent."""

from django.db import migrations

from tianshan.audit.history import begin_history

SUI_SHEN_BAN = "打开“随申办”，进入“阳光申办”"
ITEMS = [
    (
        "残疾证换证",
        [
            SUI_SHEN_BAN,
            "选“残疾人证换领”，听一遍办事说明",
            "调取电子证照，核对姓名和有效期",
            "核对收证方式和地址",
            "听一遍填好的内容，提交",
        ],
        ["本人手机", "电子证照（不用带原件）"],
        10,
    ),
    (
        "交通补贴申领",
        [
            SUI_SHEN_BAN,
            "选“交通补贴”，听一遍申领条件",
            "核对收款的本人账户尾号",
            "听一遍填好的内容，提交",
        ],
        ["本人手机", "本人银行卡（只核对尾号，不拍照、不抄写）"],
        None,
    ),
    (
        "残疾人登记信息变更",
        [
            SUI_SHEN_BAN,
            "选“信息变更”，说清要改哪一项",
            "调取电子证照作依据",
            "听一遍改好的内容，提交",
        ],
        ["本人手机", "电子证照（不用带原件）"],
        None,
    ),
    (
        "护理补贴申领",
        [
            SUI_SHEN_BAN,
            "选“护理补贴”，听一遍申领条件",
            "核对收款的本人账户尾号",
            "听一遍填好的内容，提交",
        ],
        ["本人手机", "本人银行卡（只核对尾号，不拍照、不抄写）"],
        None,
    ),
    (
        "老年综合津贴申领",
        [
            "打开“随申办”，进入“老年服务”",
            "选“老年综合津贴”，听一遍办事说明",
            "核对敬老卡的领取方式",
            "听一遍填好的内容，提交",
        ],
        ["本人手机", "电子身份证（不用带原件）"],
        None,
    ),
]
CONSENTS = [
    (
        "记下联系方式",
        "为了帮您办这件事，我们要记下怎么称呼您、您的电话和住址，只有给您办事的人能看，"
        "办完一段时间就擦掉。您同意吗？",
        "always",
    ),
    (
        "用本人手机办",
        "接下来用您自己的手机、您自己的账号来办，密码由您自己输，我们不问、不记。您同意吗？",
        "always",
    ),
    (
        "调取电子证照",
        "办的时候要调出您的电子证照，只用在这一件事上，我们不拍照、不留复印件、不抄号码。"
        "您同意吗？",
        "always",
    ),
    (
        "由帮办员代按",
        "如果您不方便按，我先把每一步读给您听，您说可以，我再替您按。您同意吗？",
        "if_pressed",
    ),
    (
        "电话告诉结果",
        "审核结果出来以后，我们想打电话告诉您。不同意也不影响这次办，您可以自己在手机上看。"
        "您同意吗？",
        "optional",
    ),
]


def fill(apps, schema_editor):
    items = apps.get_model("cases", "HelpItem").objects
    for name, steps, papers, years in ITEMS:
        values = {"steps": steps, "papers": papers, "valid_years": years}
        items.get_or_create(name=name, defaults=values)
    consents = apps.get_model("cases", "ConsentItem").objects
    for place, (label, script, needed) in enumerate(CONSENTS, start=1):
        values = {"script": script, "needed": needed, "position": place * 10}
        consents.get_or_create(label=label, defaults=values)
    begin_history(apps, "cases.HelpItem", "cases.ConsentItem")


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial"), ("cases", "0001_initial")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
