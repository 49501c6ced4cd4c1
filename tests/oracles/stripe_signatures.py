"""Stripe's own library as judge of webhook signatures.

`verify` reads JSON lines {payload, header, secret} and prints `ok` or `err <reason>` for each.
`sign` reads JSON lines {payload, secret, timestamp?} and prints the header Stripe would send for each.
"""

import json
import sys

import stripe


def verify(line):
    case = json.loads(line)
    try:
        stripe.Webhook.construct_event(case["payload"], case["header"], case["secret"])
    except (ValueError, stripe.SignatureVerificationError) as error:
        return f"err {type(error).__name__}"
    return "ok"


def sign(line):
    case = json.loads(line)
    return stripe.WebhookSignature.generate_signature_header(
        case["payload"], case["secret"], case.get("timestamp")
    )


def main():
    commands = {"verify": verify, "sign": sign}
    if len(sys.argv) != 2 or sys.argv[1] not in commands:
        sys.exit(f"usage: {sys.argv[0]} {{{'|'.join(commands)}}} < lines.jsonl")
    answer = commands[sys.argv[1]]
    for line in sys.stdin:
        if line.strip():
            print(answer(line), flush=True)


if __name__ == "__main__":
    main()
