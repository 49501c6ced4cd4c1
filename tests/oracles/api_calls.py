"""Schemathesis as judge of the API: calls it as its own description allows, and as it does not.

Arguments: the base URL, an API key, the number of examples for each operation, the phases, and a seed. Prints Schemathesis's
report if something is wrong; the last line is `ok <calls>`, or `wrong`. Wrong are answers of 5xx, statuses and content types
that the description does not name, and bodies that are not what it says. Operations for which Schemathesis itself fails to make
calls are named and do not count.
"""

import json
import os
import subprocess
import sys
import tempfile

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
# The stream has no end.
ENDLESS = "^/stream$"
OWN_ERRORS = {"Runtime Error"}
LONGEST_LINE = 1000


def main():
    base_url, key, examples, phases, seed = sys.argv[1:]
    program = os.path.join(os.path.dirname(sys.executable), "st")
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "report.json")
        command = [
            program, "run", f"{base_url}/openapi.json", "--url", base_url, "--header", f"Authorization: Bearer {key}",
            "--checks", CHECKS, "--phases", phases, "--max-examples", examples, "--seed", seed, "--no-shrink",
            "--continue-on-failure", "--exclude-path-regex", ENDLESS, "--generation-database", "none", "--no-color",
            "--suppress-health-check", "all", "--warnings", "off", "--workers", "2", "--request-timeout", "30",
            "--report", "json", "--report-json-path", path,
        ]
        hooks = os.path.join(os.path.dirname(os.path.abspath(__file__)), "api_calls_hooks.py")
        ran = subprocess.run(command, cwd=directory, env={**os.environ, "SCHEMATHESIS_HOOKS": hooks}, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True)
        if not os.path.exists(path):
            print(ran.stdout[-8000:], "wrong", sep="\n")
            return
        with open(path) as file:
            report = json.load(file)
    errors = [error for error in report["errors"] if error["title"] not in OWN_ERRORS]
    for error in report["errors"]:
        print(f"{error['title']}: {error['count']}")
    for failure in report["failures"]:
        print(json.dumps(failure)[:LONGEST_LINE])
    if report["failures"] or errors:
        print(ran.stdout[-8000:], "wrong", sep="\n")
        return
    print("ok", report["test_cases"]["generated"])


if __name__ == "__main__":
    main()
