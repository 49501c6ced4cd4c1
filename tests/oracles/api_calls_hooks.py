"""What Schemathesis sends is legal HTTP: a control character in a header is refused before any of our code is asked."""

import schemathesis

CONTROL = {code: None for code in [*range(0x20), 0x7F]}


@schemathesis.hook
def map_headers(context, headers):
    return headers and {name: str(value).translate(CONTROL) for name, value in headers.items()}
