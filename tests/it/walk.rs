//! Every door, tried by everybody: generated from what the API says of itself, so that a new command, query or route is
//! tried as soon as it is described.

use std::collections::BTreeMap;

use identity::permissions::Permission;
use identity::principals::PrincipalKind;
use identity::roles::Role;
use reqwest::Method;
use serde_json::{Map, Value, json};
use tests::app::TestApp;
use tests::client::{Client, Reply};
use tests::given::{self, SLOT, day, text};
use tests::tenants::limited_client;
use tests::{people, sources};

/// The record of who may do what, and how to write it anew.
const RECORD: &str = "tests/it/rights.txt";
const RENEW: &str = "RAPPORT_RENEW_RIGHTS";
/// Whose visitors have no credential; its own tests try it.
const OWN_CREDENTIAL: &[&str] = &["chat"];

/// One operation of the description.
struct Door {
    path: String,
    method: Method,
    operation: Value,
}

impl Door {
    fn permission(&self) -> Option<Permission> {
        Permission::parse(self.operation["x-permission"].as_str()?)
    }

    fn is_open(&self) -> bool {
        self.operation["security"] == json!([])
    }

    fn has_own_credential(&self) -> bool {
        let tags = self.operation["tags"].as_array().into_iter().flatten();
        tags.filter_map(Value::as_str)
            .any(|tag| OWN_CREDENTIAL.contains(&tag))
    }

    /// Knocks: with an empty body where one is wanted.
    async fn knock(&self, client: &Client, who: Who) -> Reply {
        let path = self
            .path
            .split('/')
            .map(|part| if part.starts_with('{') { "none" } else { part });
        let path = path.collect::<Vec<_>>().join("/");
        let request = match who {
            Who::Nobody => client.anonymous(self.method.clone(), &path),
            Who::Holder => client.request(self.method.clone(), &path),
        };
        let request = match self.method {
            Method::GET | Method::DELETE => request,
            _ => request
                .header("idempotency-key", uuid::Uuid::new_v4().to_string())
                .json(&json!({})),
        };
        client.send(request).await
    }
}

#[derive(Clone, Copy)]
enum Who {
    Nobody,
    Holder,
}

fn doors() -> Vec<Door> {
    let document = server::http::openapi::document();
    let paths = document["paths"].as_object().expect("paths").clone();
    let doors: Vec<Door> = paths
        .into_iter()
        .flat_map(|(path, operations)| {
            let operations = operations.as_object().expect("operations").clone();
            operations.into_iter().map(move |(method, operation)| Door {
                path: path.clone(),
                method: method.to_uppercase().parse().expect("a method"),
                operation,
            })
        })
        .collect();
    assert!(doors.len() > 100, "only {} doors were found", doors.len());
    doors
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_comes_in_anywhere() {
    let app = TestApp::start().await;
    let mut wrong = Vec::new();
    for door in doors()
        .iter()
        .filter(|door| !door.is_open() && !door.has_own_credential())
    {
        let reply = door.knock(&app.tenant.owner, Who::Nobody).await;
        if reply.status != 401 || reply.json()["code"].is_null() {
            wrong.push(format!("{}: {} {}", reply.asked, reply.status, reply.text));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_opens_the_doors_of_its_permissions_and_no_others() {
    let app = TestApp::start().await;
    app.claim_undelivered();
    let mut clients = Vec::new();
    for role in Role::ALL {
        clients.push((*role, app.client(PrincipalKind::Service, *role).await));
    }
    let mut wrong = Vec::new();
    for door in &doors() {
        let Some(permission) = door.permission() else {
            continue;
        };
        for (role, client) in &clients {
            let may = role.permissions().contains(permission);
            let is_steering = !door.path.starts_with("/commands/") && door.method != Method::GET;
            // What an operator steers is tried for real elsewhere.
            if may && is_steering {
                continue;
            }
            let reply = door.knock(client, Who::Holder).await;
            let is_turned_away = reply.status == 403 && reply.text.contains("permission-missing");
            if is_turned_away == may || reply.status >= 500 {
                wrong.push(format!(
                    "{role} at {}: {} {}",
                    reply.asked, reply.status, reply.text
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenants_things_are_not_there() {
    let app = TestApp::start().await;
    let other = app.another_tenant("sea-and-smoke").await;
    let known = fill(&app).await;
    let before = app.count("select count(*) from events").await;
    let (mut tried, mut wrong) = (0, Vec::new());
    for command in commands::registry::public() {
        let schema = command.json_schema().expect("a schema");
        let Some(body) =
            body_with(schema, schema, &known).filter(|body| names_one_of(body, &known))
        else {
            continue;
        };
        tried += 1;
        let reply = other.owner.command(command.name, body.clone()).await;
        if reply.status < 400
            || reply.status >= 500
            || known.values().any(|id| reply.text.contains(id.as_str())) && reply.status != 404
        {
            wrong.push(format!(
                "{}: {} {} for {body}",
                command.name, reply.status, reply.text
            ));
        }
    }
    for query in queries::registry::list() {
        let Some(id) = known.get(id_of_query(query.entry.name)) else {
            continue;
        };
        tried += 1;
        let reply = other
            .owner
            .query(&format!("{}?id={id}", query.entry.name))
            .await;
        if reply.status != 404 {
            wrong.push(format!(
                "{}: {} {}",
                query.entry.name, reply.status, reply.text
            ));
        }
    }
    assert!(tried > 25, "only {tried} were tried");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(
        app.count("select count(*) from events").await,
        before,
        "nothing has happened"
    );
}

#[test]
fn who_may_do_what_is_on_record() {
    let holders = |permission: Permission| {
        let held = Role::ALL
            .iter()
            .filter(|role| role.permissions().contains(permission));
        held.map(|role| role.as_str()).collect::<Vec<_>>().join(" ")
    };
    let mut lines: Vec<String> = Permission::ALL
        .iter()
        .map(|permission| format!("permission {permission}: {}", holders(*permission)))
        .collect();
    let mut doors: Vec<String> = doors()
        .iter()
        .map(|door| {
            let name = format!("{} {}", door.method, door.path);
            match door.permission() {
                Some(permission) => format!("{name}: {permission}"),
                None if door.is_open() => format!("{name}: anybody"),
                None => format!("{name}: whoever has signed in"),
            }
        })
        .collect();
    doors.sort();
    lines.extend(doors);
    let now = format!("{}\n", lines.join("\n"));
    let path = sources::root().join(RECORD);
    if std::env::var_os(RENEW).is_some_and(|value| !value.is_empty()) {
        std::fs::write(&path, &now).expect("it can be written");
    }
    let recorded = std::fs::read_to_string(&path).unwrap_or_default();
    let changed: Vec<&str> = now
        .lines()
        .filter(|line| !recorded.lines().any(|known| known == *line))
        .collect();
    assert!(
        recorded == now,
        "{RECORD} is stale; look at what has changed, then run this with {RENEW}=1:\n{}",
        changed.join("\n")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_asks_no_more_than_its_rate() {
    let app = TestApp::start().await;
    let limited = limited_client(&app, 5).await;
    for _ in 0..5 {
        assert_eq!(limited.query("bookings").await.status, 200);
    }
    let refused = limited.query("bookings").await;
    refused.refused(429, "rate-exceeded");
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=12).contains(&wait), "{wait}");
    let batch: Vec<Value> = (0..8)
        .map(|n| json!({ "name": "add-note", "idempotency_key": n.to_string(), "body": {} }))
        .collect();
    let writes = limited.request(Method::POST, "/commands").json(&batch);
    limited.send(writes).await.refused(429, "rate-exceeded");
    assert_eq!(
        app.tenant.owner.query("bookings").await.status,
        200,
        "others are not touched"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_hardened() {
    let app = TestApp::start().await;
    for path in [
        "/",
        "/docs",
        "/healthz",
        "/openapi.json",
        "/queries/bookings",
        "/auth/session",
        "/nowhere",
    ] {
        let reply = app.tenant.owner.get(path).await;
        for (name, part) in [
            ("content-security-policy", "default-src"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            let value = reply.header(name).unwrap_or_default();
            assert!(value.contains(part), "{name} of {path}: {value}");
        }
        assert_eq!(reply.header("access-control-allow-origin"), None);
    }
    let deep = format!("{}{}", "[".repeat(40), "]".repeat(40));
    let request = app
        .tenant
        .owner
        .request(Method::POST, "/commands")
        .header("content-type", "application/json");
    app.tenant
        .owner
        .send(request.body(deep))
        .await
        .refused(400, "json-malformed");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_number_of_a_card_is_not_kept() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let asked = given::message(
        owner,
        "email",
        "eve@example.test",
        "Charge 4111 1111 1111 1111 12/30",
    )
    .await;
    let thread = owner
        .item(&format!("thread?id={}", text(&asked, "thread_id")))
        .await
        .to_string();
    assert!(thread.contains("Charge [card …1111] 12/30"), "{thread}");
    let customer = given::customer(owner, "Ada").await;
    let note = json!({ "customer_id": customer, "text": "pays by 5555-5555-5555-4444" });
    owner.accepted("add-note", note).await;
    let shown = owner
        .item(&format!("customer-360?id={customer}"))
        .await
        .to_string();
    assert!(shown.contains("pays by [card …4444]"), "{shown}");
}

/// Things of the first tenant's, by the names that bodies call them by.
async fn fill(app: &TestApp) -> BTreeMap<String, String> {
    let owner = &app.tenant.owner;
    given::chef(owner, "Kenji").await;
    let chefs = owner.items("chefs").await;
    let booking = given::booking(owner, given::order_without_deposit("Ada", &day(0), SLOT)).await;
    let paid = owner
        .accepted("mark-paid", json!({ "booking_id": booking["booking_id"] }))
        .await;
    let asked = given::message(owner, "email", "eve@example.test", "Saturday?").await;
    let person = people::enter(app, &app.tenant, "ada@example.test", Role::Staff, None).await;
    app.settle().await;
    let mut known = BTreeMap::from([
        (
            "booking_id".to_owned(),
            text(&booking, "booking_id").to_owned(),
        ),
        (
            "customer_id".to_owned(),
            text(&booking, "customer_id").to_owned(),
        ),
        ("chef_id".to_owned(), text(&chefs[0], "chef_id").to_owned()),
        ("thread_id".to_owned(), text(&asked, "thread_id").to_owned()),
        ("person_id".to_owned(), person),
    ]);
    if let Some(payment) = paid["result"]["payment_id"].as_str() {
        known.insert("payment_id".to_owned(), payment.to_owned());
    }
    known
}

fn id_of_query(name: &str) -> &'static str {
    match name {
        "booking" => "booking_id",
        "customer-360" => "customer_id",
        "thread" => "thread_id",
        _ => "",
    }
}

fn names_one_of(body: &Value, known: &BTreeMap<String, String>) -> bool {
    known
        .values()
        .any(|id| body.to_string().contains(id.as_str()))
}

/// A body that fits the schema with as little as it takes, and with known ids where ids are wanted.
fn body_with(root: &Value, schema: &Value, known: &BTreeMap<String, String>) -> Option<Value> {
    let schema = resolved(root, schema);
    let properties = schema["properties"].as_object()?;
    let required: Vec<&str> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let mut body = Map::new();
    for (name, field) in properties {
        let id = known.get(name).or_else(|| {
            known
                .iter()
                .find(|(id, _)| name.ends_with(id.as_str()))
                .map(|(_, id)| id)
        });
        match id {
            Some(id) => {
                body.insert(name.clone(), json!(id));
            }
            None if required.contains(&name.as_str()) => {
                body.insert(name.clone(), value_for(root, field, known));
            }
            None => {}
        }
    }
    Some(Value::Object(body))
}

fn value_for(root: &Value, schema: &Value, known: &BTreeMap<String, String>) -> Value {
    let schema = resolved(root, schema);
    if let Some(first) = schema["enum"].as_array().and_then(|values| values.first()) {
        return first.clone();
    }
    if !schema["const"].is_null() {
        return schema["const"].clone();
    }
    if let Some(first) = ["anyOf", "oneOf"]
        .iter()
        .find_map(|word| schema[*word].as_array()?.first())
    {
        return value_for(root, first, known);
    }
    match (schema["type"].as_str(), schema["format"].as_str()) {
        (Some("integer" | "number"), _) => schema["minimum"]
            .as_f64()
            .map_or(json!(1), |least| json!(least.max(1.0) as i64)),
        (Some("boolean"), _) => json!(true),
        (Some("array"), _) => json!([value_for(root, &schema["items"], known)]),
        (Some("object"), _) => body_with(root, schema, known).unwrap_or_else(|| json!({})),
        (_, Some("date")) => json!(day(3)),
        (_, Some("date-time")) => json!("2030-01-01T10:00:00Z"),
        (_, Some("uuid")) => json!("0199a5b0-6c1f-7d5e-9d5a-0d9a6c1f7d5e"),
        _ => json!("x"),
    }
}

/// The schema behind references.
fn resolved<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"]
        .as_str()
        .and_then(|target| root.pointer(target.strip_prefix('#')?))
    {
        Some(target) => resolved(root, target),
        None => schema,
    }
}
