"""Runs a `verify(secret, headers, body)` of the documentation.

The first argument is its text. Reads a JSON list of {payload, secret, id, timestamp, signature}; prints `ok` or `err` of each.
"""

import json
import sys

snippet = {}
exec(sys.argv[1], snippet)


def judge(case):
    headers = {f"webhook-{name}": case[name] for name in ("id", "timestamp", "signature")}
    try:
        snippet["verify"](case["secret"], headers, case["payload"])
    except Exception:  # However it refuses, it refuses.
        return "err"
    return "ok"


print(*map(judge, json.load(sys.stdin)))
