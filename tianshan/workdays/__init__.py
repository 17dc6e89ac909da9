"""Working days in China: weekends, holidays 休 and the make-up days 班 that pay them.

`Calendar.load()` is what deadlines ask; `changed()` is to be called by whoever writes
rules past `DayRule.save`.
"""

from tianshan.workdays.calendar import Calendar, DayLine, changed

__all__ = ["Calendar", "DayLine", "changed"]
