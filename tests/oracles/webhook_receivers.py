"""The libraries of Standard Webhooks and Svix as receivers of our webhooks.

Reads JSON lines {payload, secret, id, timestamp, signature}; prints `ok` or `err` of each library, in that order.
"""

import json
import sys

import standardwebhooks
import svix.webhooks

LIBRARIES = (standardwebhooks.Webhook, svix.webhooks.Webhook)


def judge(library, case):
    headers = {f"webhook-{name}": case[name] for name in ("id", "timestamp", "signature")}
    try:
        library(case["secret"]).verify(case["payload"], headers)
    except Exception:  # Each library has its own error, and all of them mean no.
        return "err"
    return "ok"


for line in sys.stdin:
    if line.strip():
        print(*(judge(library, json.loads(line)) for library in LIBRARIES), flush=True)
