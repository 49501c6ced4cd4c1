"""A second implementation of the audit log's formats, from docs/audit.md alone: hashlib and Ed25519 by `cryptography`.

`check` reads an export on standard input and prints `ok <entries> <root>`, or what is wrong with it. `make` prints a small
export signed with a fixed key, for the vector that lies in verifier/vectors.
"""

import base64
import hashlib
import json
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

FIELDS = (
    "tenant_id aggregate_type aggregate_id sequence event_type event_version payload metadata position occurred_at "
    "recorded_at command_id correlation_id causation_id actor"
).split()


class Wrong(Exception):
    pass


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def canonical(label, fields):
    texts = [label] + [str(field) for field in fields]
    return b"".join(len(text.encode()).to_bytes(4, "big") + text.encode() for text in texts)


def entry_hash(entry):
    return sha256(canonical("rapport-audit-entry-v1", [entry[name] for name in FIELDS]))


def root(entries):
    """By the definition in RFC 6962, 2.1, with an explicit split."""
    if not entries:
        return sha256()
    if len(entries) == 1:
        return sha256(b"\x00", entries[0])
    middle = 1
    while middle * 2 < len(entries):
        middle *= 2
    return sha256(b"\x01", root(entries[:middle]), root(entries[middle:]))


def key_id(name, typed):
    return sha256(name.encode(), b"\n", typed)[:4]


def open_note(note, key):
    name, given, encoded = key.split("+", 2)
    typed = base64.b64decode(encoded)
    if typed[0] != 1 or key_id(name, typed).hex() != given:
        raise Wrong("the public key is none")
    text, signatures = note.rsplit("\n\n", 1)
    text += "\n"
    for line in signatures.splitlines():
        if line.startswith(f"\u2014 {name} "):
            signature = base64.b64decode(line.rsplit(" ", 1)[1])
            if signature[:4] == key_id(name, typed):
                Ed25519PublicKey.from_public_bytes(typed[1:]).verify(signature[4:], text.encode())
                origin, size, head = text.splitlines()[:3]
                if origin != name:
                    raise Wrong("another log")
                return int(size), base64.b64decode(head)
    raise Wrong("not signed")


def check(lines, key):
    head = json.loads(lines[0])
    if head["public_key"] != key:
        raise Wrong("another key")
    size, signed = open_note(head["checkpoint"], key)
    link, hashes = bytes(32), []
    for place, line in enumerate(lines[1:]):
        entry = json.loads(line)
        computed = entry_hash(entry)
        if entry["index"] != place or base64.b64decode(entry["entry_hash"]) != computed:
            raise Wrong(f"entry {place} is altered")
        if base64.b64decode(entry["prev_hash"]) != link:
            raise Wrong(f"the chain is broken before {place}")
        link = sha256(b"\x02", link, computed)
        hashes.append(computed)
    if len(hashes) != size:
        raise Wrong(f"{size} entries were signed")
    if root(hashes) != signed:
        raise Wrong("another root")
    return f"ok {size} {base64.b64encode(signed).decode()}"


def make(count):
    private = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    typed = b"\x01" + private.public_key().public_bytes_raw()
    name = "rapport/0011223344556677/tenant-1"
    lines, link, hashes = [], bytes(32), []
    for place in range(count):
        entry = {
            "index": place, "tenant_id": "tenant-1", "aggregate_type": "customer", "aggregate_id": f"c-{place % 3}",
            "sequence": place // 3 + 1, "event_type": "NoteAdded", "event_version": "1",
            "payload": json.dumps({"NoteAdded": {"text": f"v1:NoteAdded:text:{place}", "sign": "\u00fc\u2014"}}),
            "metadata": "{}", "position": 100 + 2 * place, "occurred_at": 1_750_000_000_000_000 + place,
            "recorded_at": -1 - place, "command_id": f"cmd-{place}", "correlation_id": f"cmd-{place}",
            "causation_id": "", "actor": "person:1",
        }
        computed = entry_hash(entry)
        entry["prev_hash"] = base64.b64encode(link).decode()
        entry["entry_hash"] = base64.b64encode(computed).decode()
        link = sha256(b"\x02", link, computed)
        hashes.append(computed)
        lines.append(json.dumps(entry))
    text = f"{name}\n{count}\n{base64.b64encode(root(hashes)).decode()}\n"
    signature = base64.b64encode(key_id(name, typed) + private.sign(text.encode())).decode()
    key = f"{name}+{key_id(name, typed).hex()}+{base64.b64encode(typed).decode()}"
    note = f"{text}\n\u2014 {name} {signature}\n"
    head = {"format": "rapport-audit-1", "public_key": key, "checkpoint": note, "anchor": None}
    return "\n".join([json.dumps(head)] + lines)


def main():
    if sys.argv[1] == "make":
        print(make(int(sys.argv[2])))
        return
    try:
        print(check(sys.stdin.read().splitlines(), sys.argv[2]))
    except (Wrong, InvalidSignature) as error:
        print(f"wrong: {error!r}")


if __name__ == "__main__":
    main()
