"""The OpenAPI initiative's own schema as judge of our description of the API.

Reads a document on standard input; prints `ok`, or every place where it is wrong and why.
"""

import json
import sys

from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing.exceptions import PointerToNowhere


def mistakes(document):
    try:
        for error in OpenAPIV31SpecValidator(document).iter_errors():
            place = "/".join(str(part) for part in error.absolute_path)
            yield f"{place}: {error.message[:500]}"
    except PointerToNowhere as error:
        yield f"{error.ref} leads nowhere"


def main():
    found = list(mistakes(json.load(sys.stdin)))
    print("\n".join(found) if found else "ok")


if __name__ == "__main__":
    main()
