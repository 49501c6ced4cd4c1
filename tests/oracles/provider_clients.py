"""The vendors' own clients against the sandbox: what they can do there, our clients are right to rely on.

Usage: provider_clients.py PROVIDER BASE_URL, where BASE_URL is the sandbox's, such as http://127.0.0.1:8090
Prints one line per step and ends with `ok`; any difference ends it with an error.
"""

import sys

BASE_URL = ""


def say(step):
    print(step, flush=True)


def expect(error_type, call):
    try:
        call()
    except error_type as error:
        return error
    raise AssertionError(f"{error_type.__name__} was expected")


def check_twilio():
    from twilio.base.exceptions import TwilioRestException
    from twilio.rest import Client

    account = "AC" + "0" * 31 + "7"
    client = Client(account, "token")
    client.api.base_url = f"{BASE_URL}/twilio"
    # The client would otherwise write Twilio's host over ours.
    client.get_hostname = lambda uri: uri
    messages = client.messages
    sent = messages.create(to="+15551230007", from_="+15550000007", body="Hi 🔥",
                           status_callback="http://127.0.0.1:9/hook?message=m7")
    assert sent.sid.startswith("SM") and sent.status == "queued", sent.status
    assert sent.direction == "outbound-api" and sent.date_created is not None
    say(f"sent {sent.sid}")
    fetched = messages(sent.sid).fetch()
    assert (fetched.status, fetched.body, fetched.error_code) == ("delivered", "Hi 🔥", None)
    for number in range(5):
        messages.create(to="+15551230008", messaging_service_sid="MG7", body=f"n{number}")
    listed = messages.list(to="+15551230008", page_size=2)
    assert [message.body for message in listed] == ["n4", "n3", "n2", "n1", "n0"]
    assert listed[0].messaging_service_sid == "MG7"
    today = sent.date_created.date()
    assert len(messages.list(to="+15551230007", date_sent_after=today)) == 1
    assert messages.list(to="+15551230009") == []
    say("fetched and listed, page by page")
    error = expect(TwilioRestException, lambda: messages.create(to="+15005550001", from_="+15550000007", body="x"))
    assert (error.status, error.code) == (400, 21211), error
    error = expect(TwilioRestException, lambda: messages("SM0").fetch())
    assert error.status == 404
    stranger = Client("AC" + "1" * 32, "token", account_sid=account)
    stranger.api.base_url, stranger.get_hostname = client.api.base_url, client.get_hostname
    error = expect(TwilioRestException, lambda: stranger.messages("SM0").fetch())
    assert (error.status, error.code) == (401, 20003)
    say("refused as Twilio refuses")


def check_resend():
    import resend
    from resend.exceptions import ResendError

    resend.api_key = "re_oracle"
    resend.api_url = f"{BASE_URL}/resend"
    mail = {"from": "Hibachi <hello@rapport.example>", "to": ["oracle@example.test"], "subject": "Hi",
            "html": "<p>Hi</p>", "text": "Hi", "reply_to": "inbox@rapport.example"}
    options = {"idempotency_key": "oracle-1"}
    first = resend.Emails.send(mail, options)
    assert resend.Emails.send(mail, options)["id"] == first["id"]
    assert resend.Emails.get(first["id"])["subject"] == "Hi"
    say(f"sent {first['id']} once")
    error = expect(ResendError, lambda: resend.Emails.send({**mail, "subject": "Other"}, options))
    assert error.code == 409 or str(error.code) == "409", error.code
    assert error.error_type == "invalid_idempotent_request", error.error_type
    expect(ResendError, lambda: resend.Emails.send({**mail, "to": ["nobody"]}))
    resend.api_key = "nonsense"
    expect(ResendError, lambda: resend.Emails.send(mail))
    say("refused as Resend refuses")


def check_openai():
    import openai

    client = openai.OpenAI(api_key="sk-oracle", base_url=f"{BASE_URL}/openai/v1", max_retries=0)
    tool = {"type": "function", "function": {"name": "check", "description": "Free slots",
            "parameters": {"type": "object", "properties": {"date": {"type": "string"}}}}}
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Say oracle"}]
    plain = client.chat.completions.create(model="gpt-4o", messages=messages)
    assert plain.choices[0].message.content == "You said: Say oracle", plain
    assert plain.choices[0].finish_reason == "stop"
    assert plain.usage.total_tokens == plain.usage.prompt_tokens + plain.usage.completion_tokens
    messages[1]["content"] = "oracle-call"
    called = client.chat.completions.create(model="gpt-4o", messages=messages, tools=[tool], tool_choice="auto")
    call = called.choices[0].message.tool_calls[0]
    assert called.choices[0].finish_reason == "tool_calls" and call.function.name == "check"
    messages.append(called.choices[0].message)
    messages.append({"role": "tool", "tool_call_id": call.id, "content": "free"})
    assert client.chat.completions.create(model="gpt-4o", messages=messages).choices[0].message.content == "You said: free"
    say("answered, called a tool, and heard its result")
    expect(openai.BadRequestError, lambda: client.chat.completions.create(model="gpt-4o", messages=[]))
    stranger = openai.OpenAI(api_key="nonsense", base_url=f"{BASE_URL}/openai/v1", max_retries=0)
    expect(openai.AuthenticationError, lambda: stranger.chat.completions.create(model="gpt-4o", messages=messages))
    say("refused as OpenAI refuses")


def check_anthropic():
    import anthropic

    client = anthropic.Anthropic(api_key="sk-ant-oracle", base_url=f"{BASE_URL}/anthropic", max_retries=0)
    tool = {"name": "check", "description": "Free slots",
            "input_schema": {"type": "object", "properties": {"date": {"type": "string"}}}}
    ask = {"model": "claude-haiku", "max_tokens": 100, "system": "Be brief."}
    plain = client.messages.create(messages=[{"role": "user", "content": "Say oracle"}], **ask)
    assert plain.content[0].text == "You said: Say oracle" and plain.stop_reason == "end_turn"
    assert plain.usage.input_tokens > 0 and plain.usage.output_tokens > 0
    question = {"role": "user", "content": "oracle-call"}
    called = client.messages.create(messages=[question], tools=[tool], **ask)
    use = called.content[-1]
    assert called.stop_reason == "tool_use" and use.type == "tool_use" and use.input == {"date": "2026-03-13"}
    result = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": use.id, "content": "free"}]}
    after = client.messages.create(messages=[question, {"role": "assistant", "content": called.content}, result], **ask)
    assert after.content[0].text == "You said: free", after
    say("answered, called a tool, and heard its result")
    expect(anthropic.BadRequestError, lambda: client.messages.create(messages=[], **ask))
    say("refused as Anthropic refuses")


CHECKS = {"twilio": check_twilio, "resend": check_resend, "openai": check_openai, "anthropic": check_anthropic}


def main():
    global BASE_URL
    if len(sys.argv) != 3 or sys.argv[1] not in CHECKS:
        sys.exit(f"usage: {sys.argv[0]} {{{'|'.join(CHECKS)}}} BASE_URL")
    BASE_URL = sys.argv[2].rstrip("/")
    CHECKS[sys.argv[1]]()
    say("ok")


if __name__ == "__main__":
    main()
