"""Tells whoever handed an import to the worker, on the next page, how it ended."""

from django.contrib import messages

from enterprises.models import ImportBatch

State = ImportBatch.State


def say_finished_imports(get_response):
    """On the first page after the end, wherever the user is by then.

    Costs nothing to those who are not waiting for an import.
    """

    def middleware(request):
        awaited = request.session.get("imports_awaited")
        if awaited and request.method == "GET" and not request.htmx:
            _say(request, awaited)
        return get_response(request)

    return middleware


def _say(request, awaited):
    batches = ImportBatch.objects.filter(pk__in=awaited).defer("file", "mapping")
    if request.user.is_authenticated:
        batches = batches.visible_to(request.user)
    waiting = []
    for batch in batches:
        if batch.at_work:
            waiting.append(batch.pk)
        elif batch.get_absolute_url() != request.path:  # its page says it itself
            summary = batch.summary
            if batch.state == State.APPLIED and not batch.failure:
                words = f"已写入：新增 {summary['new']}，变更 {summary['changed']}。"
            elif batch.state == State.UNDONE:
                words = f"已撤回 {summary['undone']['back']} 行。"
            else:
                words = batch.failure or batch.get_state_display()
            messages.info(request, f"导入“{batch.file_name}”{words}")
    request.session["imports_awaited"] = waiting
