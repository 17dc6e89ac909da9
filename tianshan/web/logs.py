"""A line of the log as JSON, for whoever collects logs (LOG_FORMAT=json).

It says when, how grave, from where, of which request, and the words of the record. Of
an exception it says kind and place, never its words: they may quote what was typed.
"""

import datetime as dt
import json
import logging
import traceback


class JsonLine(logging.Formatter):
    def format(self, record):
        at = dt.datetime.fromtimestamp(record.created, dt.UTC)
        line = {
            "at": at.isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "request": getattr(record, "request_id", "-"),
            "message": record.getMessage(),
        }
        if record.exc_info and record.exc_info[0]:
            kind, _, trace = record.exc_info
            line["exception"] = kind.__name__
            line["where"] = [
                f"{frame.filename}:{frame.lineno} {frame.name}"
                for frame in traceback.extract_tb(trace)
            ]
        return json.dumps(line, ensure_ascii=False)
