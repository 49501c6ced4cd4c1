"""Lets OAuth clients of others find their way through our authorization server.

Reads {base_url, who, client, ...}; `who` is {email, password, code}. The first argument says which client: `authlib` does the
whole life of a grant, `service` asks with its own credentials, `mcp` is the official Python client of the Model Context
Protocol. Prints what came of it as one line of JSON.
"""

import asyncio
import json
import sys
from html.parser import HTMLParser
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx2
import requests
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session


class Form(HTMLParser):
    """The one form of a page: where it goes, and what it would send."""

    def __init__(self, page):
        super().__init__()
        self.action, self.fields = None, {}
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "form":
            self.action = attributes["action"]
        elif tag == "input" and attributes.get("type") != "checkbox":
            self.fields[attributes["name"]] = attributes.get("value", "")
        elif tag == "input" and "checked" in attributes:
            self.fields[attributes["name"]] = attributes["value"]


def allow(url, who):
    """A person's browser: signs in, allows what is asked, and answers where it was sent."""
    browser = requests.Session()
    browser.headers["sec-fetch-site"] = "same-origin"
    page = browser.get(url, allow_redirects=False)
    for _ in range(5):
        if page.status_code == 303:
            target = urljoin(page.url, page.headers["location"])
            if "/auth/oauth/" not in urlsplit(target).path:
                return target
            page = browser.get(target, allow_redirects=False)
            continue
        assert page.status_code == 200, page.text
        form = Form(page.text)
        if "password" in form.fields:
            form.fields |= who
        else:
            form.fields["decision"] = "allow"
        page = browser.post(urljoin(page.url, form.action), data=form.fields, allow_redirects=False)
    raise AssertionError(page.text)


def with_authlib(asked):
    base, client = asked["base_url"], asked["client"]
    metadata = requests.get(f"{base}/.well-known/oauth-authorization-server").json()
    session = OAuth2Session(
        client["client_id"],
        client.get("client_secret"),
        scope="crm.read crm.write",
        redirect_uri=client["redirect_uri"],
        code_challenge_method="S256",
        token_endpoint_auth_method=client["method"],
    )
    verifier = generate_token(64)
    url, state = session.create_authorization_url(metadata["authorization_endpoint"], code_verifier=verifier)
    answer = allow(url, asked["who"])
    said = parse_qs(urlsplit(answer).query)
    assert said["iss"] == [metadata["issuer"]] == [base], said
    first = session.fetch_token(metadata["token_endpoint"], authorization_response=answer, code_verifier=verifier, state=state)
    read = session.get(f"{base}/queries/bookings").status_code
    forbidden = session.get(f"{base}/auth/people")
    second = session.refresh_token(metadata["token_endpoint"], refresh_token=first["refresh_token"])
    again = session.get(f"{base}/queries/bookings").status_code
    revoked = session.revoke_token(metadata["revocation_endpoint"], token=second["refresh_token"]).status_code
    ended = requests.get(f"{base}/queries/bookings", headers={"authorization": f"Bearer {second['access_token']}"})
    return {
        "scope": first["scope"],
        "read": read,
        "forbidden": [forbidden.status_code, forbidden.headers["www-authenticate"]],
        "again": again,
        "rotated": first["refresh_token"] != second["refresh_token"],
        "revoked": revoked,
        "ended": [ended.status_code, ended.json()["code"]],
    }


def with_credentials(asked):
    base, client = asked["base_url"], asked["client"]
    session = OAuth2Session(client["client_id"], client["client_secret"], token_endpoint_auth_method=client["method"])
    token = session.fetch_token(f"{base}/auth/oauth/token", grant_type="client_credentials")
    answer = session.get(f"{base}/queries/bookings")
    return {"scope": token["scope"], "read": answer.status_code, "refresh": "refresh_token" in token}


class Storage:
    def __init__(self, client):
        self.client, self.tokens = client, None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client):
        self.client = client


async def with_mcp(asked):
    from mcp import Client
    from mcp.client.auth.oauth2 import OAuthClientProvider
    from mcp.client.streamable_http import streamable_http_client
    from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthClientMetadata

    client = asked["client"]
    metadata = {"redirect_uris": [client["redirect_uri"]], "token_endpoint_auth_method": "none"}
    storage = Storage(OAuthClientInformationFull(client_id=client["client_id"], **metadata))
    answers = []

    async def redirect(url):
        answers.append(await asyncio.to_thread(allow, url, asked["who"]))

    async def callback():
        said = {name: values[0] for name, values in parse_qs(urlsplit(answers.pop()).query).items()}
        return AuthorizationCodeResult(code=said["code"], state=said["state"], iss=said["iss"])

    url = f"{asked['base_url']}/mcp"
    provider = OAuthClientProvider(url, OAuthClientMetadata(**metadata), storage, redirect, callback)
    async with httpx2.AsyncClient(auth=provider) as http:
        async with Client(streamable_http_client(url, http_client=http), mode="auto") as session:
            tools = await session.list_tools()
            names = sorted(tool.name for tool in tools.tools)
            figures = await session.call_tool("describe_schema", {"name": "create_booking"})
    return {"tools": names, "is_error": bool(figures.is_error), "scope": storage.tokens.scope}


asked = json.load(sys.stdin)
said = {
    "authlib": lambda: with_authlib(asked),
    "service": lambda: with_credentials(asked),
    "mcp": lambda: asyncio.run(with_mcp(asked)),
}[sys.argv[1]]()
print(json.dumps(said))
