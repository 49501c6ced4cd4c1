"""Stripe's own client against the sandbox: what it can do there, our client is right to rely on.

Usage: stripe_client.py BASE_URL KEY, where BASE_URL is the sandbox's, such as http://127.0.0.1:8090
Prints one line per step and ends with `ok`; any difference ends it with an error.
"""

import sys
import time
import urllib.error
import urllib.request
import uuid

import stripe


def say(step):
    print(step, flush=True)


def session_params(booking):
    return {
        "mode": "payment",
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": "usd",
                    "unit_amount": 10000,
                    "product_data": {"name": "Deposit"},
                },
            }
        ],
        "success_url": "http://127.0.0.1:9/thanks",
        "expires_at": int(time.time()) + 3600,
        "metadata": {"booking_id": booking},
        "payment_intent_data": {"metadata": {"booking_id": booking}},
    }


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def press_pay(url):
    opener = urllib.request.build_opener(NoRedirect, urllib.request.ProxyHandler({}))
    try:
        opener.open(f"{url}/pay", data=b"")
    except urllib.error.HTTPError as answer:
        assert answer.code == 303, answer.code


def expect(error_type, call):
    try:
        call()
    except error_type as error:
        return error
    raise AssertionError(f"{error_type.__name__} was expected")


def check_sessions(client):
    sessions = client.v1.checkout.sessions
    key = str(uuid.uuid4())
    params = session_params(key)
    session = sessions.create(params, {"idempotency_key": key})
    assert session.status == "open" and session.amount_total == 10000
    say(f"created {session.id}")
    again = sessions.create(params, {"idempotency_key": key})
    assert again.id == session.id
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    other = {**params, "metadata": {"booking_id": "other"}}
    expect(stripe.IdempotencyError, lambda: sessions.create(other, {"idempotency_key": key}))
    say("replayed, and refused with other parameters")
    assert sessions.retrieve(session.id).metadata["booking_id"] == key
    assert sessions.expire(session.id).status == "expired"
    expect(stripe.InvalidRequestError, lambda: sessions.expire(session.id))
    expect(stripe.InvalidRequestError, lambda: sessions.retrieve("cs_test_none"))
    expect(stripe.InvalidRequestError, lambda: sessions.create({"mode": "payment"}))
    say("retrieved, expired, and refused what cannot be")


def check_refunds(client):
    booking = str(uuid.uuid4())
    session = client.v1.checkout.sessions.create(session_params(booking))
    press_pay(session.url)
    paid = client.v1.checkout.sessions.retrieve(session.id)
    assert paid.payment_status == "paid", paid.payment_status
    say(f"paid {paid.payment_intent}")
    refund = client.v1.refunds.create({"payment_intent": paid.payment_intent, "amount": 4000})
    assert refund.status == "succeeded" and refund.amount == 4000
    assert client.v1.refunds.retrieve(refund.id).id == refund.id
    rest = client.v1.refunds.create({"payment_intent": paid.payment_intent})
    assert rest.amount == 6000
    error = expect(
        stripe.InvalidRequestError,
        lambda: client.v1.refunds.create({"payment_intent": paid.payment_intent}),
    )
    assert error.code == "charge_already_refunded", error.code
    say(f"refunded {refund.id} and {rest.id}")


def check_events(client):
    kinds = {event.type for event in client.v1.events.list({"limit": 100}).data}
    wanted = {"checkout.session.completed", "checkout.session.expired", "charge.refunded", "refund.updated"}
    assert wanted <= kinds, kinds
    say("listed events")


def main():
    if len(sys.argv) != 3:
        sys.exit(f"usage: {sys.argv[0]} BASE_URL KEY")
    base, key = sys.argv[1:]
    addresses = {"api": f"{base.rstrip('/')}/stripe"}
    client = stripe.StripeClient(key, base_addresses=addresses, max_network_retries=0)
    check_sessions(client)
    check_refunds(client)
    check_events(client)
    anonymous = stripe.StripeClient("nonsense", base_addresses=addresses, max_network_retries=0)
    expect(stripe.AuthenticationError, lambda: anonymous.v1.events.list())
    say("ok")


if __name__ == "__main__":
    main()
