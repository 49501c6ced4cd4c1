//! What a caller knows already is not sent again: of every query, as the registry lists them.

use queries::registry;
use reqwest::Method;
use serde_json::{Value, json};
use tests::app::TestApp;
use tests::client::{Client, Reply};
use tests::given::{self, SLOT, day, text};
use tests::receivers::Receiver;

/// Asking for these is on record, and the record is what they show.
const TELL_OF_THEMSELVES: &[&str] = &["audited-reads"];

/// One of each thing that a query is asked for by its id.
struct Things {
    booking_id: String,
    customer_id: String,
    thread_id: String,
    approval_id: String,
    import_id: String,
    run_id: String,
    template_id: String,
    endpoint_id: String,
    _receiver: Receiver,
}

async fn fill(app: &TestApp) -> Things {
    let owner = &app.tenant.owner;
    given::chef(owner, "Kenji").await;
    let order = given::order_without_deposit("Ada", &day(0), SLOT);
    let booking = given::booking(owner, order).await;
    let booking_id = text(&booking, "booking_id").to_owned();
    let paid = json!({ "booking_id": booking_id });
    owner.accepted("mark-paid", paid).await;
    // More than a page, so that there are cursors, which are sealed anew each time.
    for name in ["Bob", "Cleo"] {
        given::customer(owner, name).await;
        let email = given::email(name);
        given::message(owner, "email", &email, "Saturday?").await;
    }
    let asked = given::message(owner, "email", "eve@example.test", "Sunday?").await;
    let order = given::order_without_deposit("Bob", &day(1), SLOT);
    let other = given::booking(owner, order).await;
    let paid = json!({ "booking_id": other["booking_id"] });
    owner.accepted("mark-paid", paid).await;
    let cancel = json!({ "booking_id": booking_id, "reason": "rain" });
    let reply = app.tenant.agent.command("cancel-booking", cancel).await;
    let refusal = reply.refused(403, "approval-required");
    let draft = json!({
        "name": "booking-requested", "channel": "email", "language": "en", "subject": "Noted", "text": "Dear {{ first_name }}",
    });
    let template = owner.accepted("save-template-draft", draft).await;
    let journey = json!({ "definition": crate::journeys::REMINDER });
    owner.accepted("define-journey", journey).await;
    let receiver = Receiver::open().await;
    let endpoint_id = receiver.subscribe(owner, &["ChefAdded"]).await;
    let customer_id = text(&booking, "customer_id").to_owned();
    let export = json!({ "customer_id": customer_id });
    owner.accepted("export-subject", export).await;
    let tag =
        json!({ "command": "tag-customer", "ids": [customer_id], "body": { "tag": "regular" } });
    let run = owner.accepted("start-bulk-run", tag).await;
    let import_id = crate::imports::upload(owner, "name,email\nZed,zed@example.test\n").await;
    Things {
        thread_id: text(&asked, "thread_id").to_owned(),
        approval_id: text(&refusal["alternatives"][0], "approval_id").to_owned(),
        template_id: text(&template["result"], "template_id").to_owned(),
        endpoint_id,
        _receiver: receiver,
        booking_id,
        customer_id,
        import_id,
        run_id: text(&run, "aggregate_id").to_owned(),
    }
}

/// A query with the parameters that it cannot do without, and with pages of one row where that is allowed.
fn asked(query: &registry::Query, things: &Things) -> String {
    let name = query.entry.name;
    let parameters = match name {
        "booking" => format!("id={}", things.booking_id),
        "customer-360" => format!("id={}", things.customer_id),
        "subject-export" => format!("id={}&format=html", things.customer_id),
        "thread" => format!("id={}", things.thread_id),
        "approval" => format!("id={}", things.approval_id),
        "template" | "template-preview" => format!("id={}", things.template_id),
        "bulk-run" => format!("id={}", things.run_id),
        "import-preview" => format!("id={}", things.import_id),
        "import-rows" => format!("import_id={}", things.import_id),
        "journey" => "id=booking-reminder".to_owned(),
        "webhook-secret" => format!("id={}", things.endpoint_id),
        "webhook-replay-preview" => format!("id={}&from=2020-01-01T00:00:00Z", things.endpoint_id),
        // Asking for some of the others is on record as well.
        "audit" => "command=create-booking".to_owned(),
        "availability" => format!("date={}", day(2)),
        "schedule-board" => format!("from={}", day(0)),
        _ => String::new(),
    };
    let has_limit = query.params_schema["properties"]["limit"].is_object();
    let limit = if has_limit { "&limit=1" } else { "" };
    format!("{name}?{parameters}{limit}")
}

async fn ask(client: &Client, query: &str, known: &str) -> Reply {
    let request = client.request(Method::GET, &format!("/queries/{query}"));
    client.send(request.header("if-none-match", known)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn no_query_sends_again_what_has_not_changed() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let another = app.another_tenant("moon-and-tide").await;
    let things = fill(&app).await;
    app.settle().await;
    app.catch_up().await;
    let (mut wrong, mut paged) = (Vec::new(), 0);
    for query in registry::list() {
        let asked = asked(query, &things);
        let first = owner.query(&asked).await;
        assert_eq!(first.status, 200, "{asked}: {}", first.text);
        paged += usize::from(first.json()["next_cursor"].is_string());
        // The log goes on; of what was asked for nothing changes.
        given::customer(&another.owner, "Ada").await;
        app.catch_up().await;
        let tag = first.header("etag").unwrap_or_default();
        let again = ask(owner, &asked, tag).await;
        let tells = TELL_OF_THEMSELVES.contains(&query.entry.name);
        if (again.status == 304) == tells {
            wrong.push(format!("{asked}: {} after {}", again.status, first.text));
        }
        assert!(again.header("x-position").is_some(), "{asked}");
    }
    assert!(paged >= 5, "only {paged} lists had a further page");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_has_changed_is_sent() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let things = fill(&app).await;
    app.settle().await;
    app.catch_up().await;
    let lists = [
        "customers",
        "bookings",
        "inbox",
        "payments-feed",
        "audit",
        "dashboard",
    ];
    let mut known = Vec::new();
    for list in lists {
        let first = owner.query(list).await;
        known.push((list, first.header("etag").unwrap().to_owned()));
    }
    let tag = json!({ "customer_id": things.customer_id, "tag": "vip" });
    owner.accepted("tag-customer", tag).await;
    let order = given::order_without_deposit("Ada", &day(3), SLOT);
    let booking = given::booking(owner, order).await;
    let paid = json!({ "booking_id": booking["booking_id"] });
    owner.accepted("mark-paid", paid).await;
    given::message(owner, "email", "eve@example.test", "Any news?").await;
    app.settle().await;
    app.catch_up().await;
    for (list, tag) in known {
        let changed = ask(owner, list, &tag).await;
        assert_eq!(changed.status, 200, "{list}");
        assert_ne!(changed.json()["items"], Value::Null, "{list}");
        assert_ne!(changed.header("etag"), Some(tag.as_str()), "{list}");
    }
}
