"""The lists of values, each kept in the room that uses it."""

from django.urls import resolve, reverse

# URL name, label, what the list is for.
LISTS = [
    (
        "dashboard:rules_list",
        "周期和期限",
        "每个网格多久走访一次、诉求几天办完、算不算参与服务，从哪天起；启用日。",
    ),
    (
        "dashboard:extra_list",
        "附加字段",
        "企业商户、楼宇、党组织台账要多记的项目：名称、类型、谁能看。",
    ),
    (
        "enterprises:trade_list",
        "行业",
        "台账里各种写法归到哪个行业、哪个国标门类；还没有归类的写法在这里归。",
    ),
    (
        "visits:category_list",
        "诉求类别",
        "记诉求时选的类别，一般还是疑难，各有各的期限。",
    ),
    (
        "services:menu_list",
        "服务菜单",
        "企业商户能点的服务，按品牌；哪些阵地能提供。",
    ),
]


def lists_for(request):
    """`[{label, why, url}]` of the lists that the user may keep, by each page's rule."""
    lists = []
    for name, label, why in LISTS:
        url = reverse(name)
        if any(request.user.may(right) for right in resolve(url).func.rule):
            lists.append({"label": label, "why": why, "url": url})
    return lists
