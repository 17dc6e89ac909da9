"""What the audit log calls each act, in the words of those who read it.

One readable table; a test finds every `record("…")` in the code here.
"""

VERBS = {
    "account.signed_in": "登录",
    "account.signed_out": "退出登录",
    "account.sign_in_failed": "登录失败",
    "account.password_changed": "改密码",
    "business.edited": "改企业商户资料",
    "business.marked_priority": "列为重点",
    "business.moved": "迁移经营地",
    "business.put_back": "还原资料",
    "business.state_set": "改经营状态",
    "demand.answered": "答复诉求",
    "demand.declined": "不予受理",
    "demand.ended": "诉求办结",
    "demand.joined": "诉求并入事项",
    "demand.owed": "改诉求期限",
    "demand.raised": "记诉求",
    "demand.recounted": "重算回告期限",
    "demand.taken_out": "诉求移出事项",
    "demand.told": "记回告",
    "demand.untold": "撤回回告",
    "holiday.set": "录入节假日",
    "import.applied": "导入写入",
    "import.dropped": "放弃导入",
    "import.failed": "导入未写入",
    "import.started": "开始导入",
    "import.uploaded": "上传台账",
    "import.wrong_rows_taken": "下载有问题的行",
    "issue.closed": "议题办结",
    "issue.decided": "议题定措施",
    "issue.proposed": "提出议题",
    "issue.reopened": "议题恢复待回告",
    "ledger.exported": "导出台账",
    "matter.added": "加入事项",
    "matter.ended": "事项办结",
    "matter.joined": "并入一件诉求",
    "matter.left": "移出一件诉求",
    "matter.told": "事项回告",
    "measure.decided": "定措施",
    "measure.finished": "措施完成",
    "organization.covered": "纳入党组织覆盖",
    "visit.logged": "记走访",
    "visit.voided": "走访作废",
}

# The keys of an entry's data.
KEYS = {
    "after": "改为",
    "before": "原为",
    "businesses": "企业商户",
    "category": "类别",
    "changed": "变更",
    "date": "日期",
    "demand": "诉求",
    "demands": "诉求",
    "due_on": "期限",
    "ending": "办结方式",
    "fields": "项目",
    "filters": "筛选",
    "format": "格式",
    "how": "方式",
    "issue": "议题",
    "ledger": "台账",
    "level": "层级",
    "mode": "覆盖方式",
    "new": "新增",
    "outcome": "结果",
    "reason": "原因",
    "rows": "行数",
    "since": "起",
    "tell_by": "应回告日期",
    "told": "回告",
    "to_level": "升至",
}


def verbs_like(words):
    """The verbs whose label holds the words, or that are the words."""
    return [verb for verb, label in VERBS.items() if words in label or words == verb]
