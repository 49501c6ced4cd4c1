"""The reference libraries of Standard Webhooks, Svix and Twilio as judges of webhook signatures.

`verify LIBRARY` reads JSON lines and prints `ok` or `err` for each; `sign LIBRARY` prints the signature header.
Lines for `standardwebhooks` and `svix`: {payload, secret, id, timestamp, signature?}.
Lines for `twilio`: {url, params, secret, algorithm, signature?}; params is an object, or the text of a body.
"""

import json
import sys
from datetime import datetime, timezone

import standardwebhooks
import svix.webhooks
from twilio.request_validator import RequestValidator


def headers(case, prefix):
    return {
        f"{prefix}-id": case["id"],
        f"{prefix}-timestamp": str(case["timestamp"]),
        f"{prefix}-signature": case["signature"],
    }


class Standard:
    prefix = "webhook"
    library = standardwebhooks.Webhook

    def verify(self, case):
        self.library(case["secret"]).verify(case["payload"], headers(case, self.prefix))
        return True

    def sign(self, case):
        # Both libraries take the time as naive UTC.
        time = datetime.fromtimestamp(case["timestamp"], timezone.utc).replace(tzinfo=None)
        return self.library(case["secret"]).sign(case["id"], time, case["payload"])


class Svix(Standard):
    prefix = "svix"
    library = svix.webhooks.Webhook


class Twilio:
    def verify(self, case):
        validator = RequestValidator(case["secret"])
        return validator.validate(case["url"], case["params"], case["signature"], case["algorithm"])

    def sign(self, case):
        params = case["params"] if isinstance(case["params"], dict) else {}
        return RequestValidator(case["secret"]).compute_signature(case["url"], params, case["algorithm"])


LIBRARIES = {"standardwebhooks": Standard(), "svix": Svix(), "twilio": Twilio()}


def verify(library, case):
    try:
        return "ok" if library.verify(case) else "err"
    except Exception:  # Each library has its own error, and all of them mean no.
        return "err"


def sign(library, case):
    return library.sign(case)


def main():
    commands = {"verify": verify, "sign": sign}
    if len(sys.argv) != 3 or sys.argv[1] not in commands or sys.argv[2] not in LIBRARIES:
        sys.exit(f"usage: {sys.argv[0]} {{verify|sign}} {{{'|'.join(LIBRARIES)}}} < lines.jsonl")
    command, library = commands[sys.argv[1]], LIBRARIES[sys.argv[2]]
    for line in sys.stdin:
        if line.strip():
            print(command(library, json.loads(line)), flush=True)


if __name__ == "__main__":
    main()
