//! Imports of customers: looked through before they run, done once whatever happens meanwhile, and taken back as a whole.

use std::time::Duration;

use identity::principals::PrincipalKind;
use identity::roles::Role;
use reqwest::Method;
use serde_json::{Value, json};
use tests::app::TestApp;
use tests::client::{Client, Reply};
use tests::given::{self, text};
use tests::served::Served;
use tests::{scale, wait};
use uuid::Uuid;

/// How long the lease of a server that was killed may hold the others up.
const RUN_OUT: Duration = Duration::from_secs(120);
/// How long a row may take then, by a debug build on a busy machine.
const A_ROW: Duration = Duration::from_millis(60);

const FILE: &str = "First name,Last name,E-mail,Phone,City,Tags,Remark\r\n\
    Ada,Tester,ada@example.test,+1 213 555 0100,Napa,vip,known\r\n\
    Bob,Stone,bob@example.test,,\"Sonoma, CA\",,new\r\n\
    Bobby,,BOB@example.test,,,,the same\r\n\
    Eve,,not an address,,,,wrong\r\n";

async fn post(client: &Client, key: &str, kind: &str, bytes: impl Into<Vec<u8>>) -> Reply {
    let request = client.request(Method::POST, "/imports?name=customers.csv");
    let request = request.header("idempotency-key", key);
    client
        .send(request.header("content-type", kind).body(bytes.into()))
        .await
}

pub async fn upload(client: &Client, bytes: impl Into<Vec<u8>>) -> String {
    let reply = post(client, &Uuid::new_v4().to_string(), "text/csv", bytes).await;
    text(&reply.ok()["result"], "import_id").to_owned()
}

/// The import once it stands so.
pub async fn once(client: &Client, import_id: &str, standing: &str) -> Value {
    wait::until(&format!("the import is {standing}"), async || {
        let found = client
            .items(&format!("imports?import_id={import_id}"))
            .await;
        found
            .into_iter()
            .find(|import| import["standing"] == standing)
    })
    .await
}

/// Maps as guessed and runs to the end.
pub async fn run(client: &Client, import_id: &str, more: Value) -> Value {
    let guessed = client.item(&format!("import-preview?id={import_id}")).await;
    let mut body = json!({ "import_id": import_id, "mapping": guessed["mapping"] });
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    client.accepted("map-import", body).await;
    send(client, "start-import", import_id).await;
    once(client, import_id, "finished").await
}

pub async fn send(client: &Client, command: &str, import_id: &str) -> Value {
    client
        .accepted(command, json!({ "import_id": import_id }))
        .await
}

pub async fn rows(client: &Client, import_id: &str, filter: &str) -> Vec<Value> {
    client
        .items(&format!(
            "import-rows?import_id={import_id}&limit=200{filter}"
        ))
        .await
}

pub async fn by_email(app: &TestApp, client: &Client, query: &str) -> Option<Value> {
    app.catch_up().await;
    client
        .items(&format!("customers?email={query}"))
        .await
        .pop()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_looked_through_run_and_taken_back() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let ada = given::customer(owner, "Ada").await;
    app.catch_up().await;
    let import_id = upload(owner, FILE).await;
    let events = "select count(*) from events where aggregate_type = 'customer'";
    let before = app.count(events).await;
    let preview = owner.item(&format!("import-preview?id={import_id}")).await;
    let guessed = json!([
        "first_name",
        "last_name",
        "email",
        "phone",
        "address",
        "tags",
        null
    ]);
    assert_eq!(preview["mapping"], guessed);
    let counts = json!({ "new": 1, "duplicate": 1, "repeated": 1, "refused": 1 });
    assert_eq!(preview["counts"], counts, "{preview}");
    assert_eq!(preview["rows"][0]["customer_id"], json!(ada));
    assert_eq!(preview["rows"][2]["same_as_row"], 2);
    assert_eq!(preview["rows"][3]["problems"][0]["field"], "email");
    let only = format!("import-preview?id={import_id}&verdict=refused");
    assert_eq!(owner.item(&only).await["rows"][0]["row"], 4);
    assert_eq!(app.count(events).await, before, "looking writes nothing");
    let more = json!({ "on_duplicate": "fill", "tags": ["spring"] });
    let ended = run(owner, &import_id, more).await;
    let counts = &ended["counts"];
    assert_eq!(
        (
            &counts["created"],
            &counts["updated"],
            &counts["unchanged"],
            &counts["failed"]
        ),
        (&json!(1), &json!(1), &json!(1), &json!(1)),
        "{ended}"
    );
    assert_eq!(ended["file_name"], "customers.csv");
    let failed = rows(owner, &import_id, "&standing=failed").await;
    assert_eq!(failed[0]["code"], "email-invalid");
    assert!(text(&failed[0], "detail").starts_with("email: "));
    let filled = by_email(&app, owner, "ada@example.test").await.unwrap();
    assert_eq!(filled["phone"], "+12135550100");
    assert_eq!(filled["tags"], json!(["spring", "vip"]));
    let bob = by_email(&app, owner, "bob@example.test").await.unwrap();
    assert_eq!(
        (&bob["address"], &bob["source"]),
        (&json!("Sonoma, CA"), &json!("import"))
    );
    send(owner, "undo-import", &import_id).await;
    let undone = once(owner, &import_id, "undone").await;
    let counts = &undone["counts"];
    assert_eq!((&counts["undone"], &counts["kept"]), (&json!(2), &json!(0)));
    assert!(by_email(&app, owner, "bob@example.test").await.is_none());
    let restored = by_email(&app, owner, "ada@example.test").await.unwrap();
    assert_eq!(
        (&restored["phone"], &restored["tags"]),
        (&json!(null), &json!([]))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_used_since_stays_and_the_others_can_come_back() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let file = "name,email\nCleo Park,cleo@example.test\nDan Park,dan@example.test\n";
    let import_id = upload(owner, file).await;
    run(owner, &import_id, json!({})).await;
    let cleo = by_email(&app, owner, "cleo@example.test").await.unwrap();
    let note = json!({ "customer_id": cleo["customer_id"], "text": "Called." });
    owner.accepted("add-note", note).await;
    send(owner, "undo-import", &import_id).await;
    let undone = once(owner, &import_id, "undone").await;
    assert_eq!(
        (&undone["counts"]["undone"], &undone["counts"]["kept"]),
        (&json!(1), &json!(1))
    );
    let kept = rows(owner, &import_id, "&standing=kept").await;
    assert_eq!(kept[0]["code"], "used-since");
    assert!(by_email(&app, owner, "cleo@example.test").await.is_some());
    assert!(by_email(&app, owner, "dan@example.test").await.is_none());
    let archived = by_email(&app, owner, "dan@example.test&status=archived").await;
    let dan = archived.unwrap()["customer_id"].clone();
    // The mended file finds him again, so nobody is there twice.
    let again = upload(owner, file).await;
    let ended = run(owner, &again, json!({})).await;
    assert_eq!(
        (&ended["counts"]["updated"], &ended["counts"]["skipped"]),
        (&json!(1), &json!(1))
    );
    let back = by_email(&app, owner, "dan@example.test").await.unwrap();
    assert_eq!(back["customer_id"], dan);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_is_tried_again() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let ada = given::customer(owner, "Ada").await;
    let phone = json!({ "customer_id": ada, "phone": "+12135550100" });
    owner.accepted("update-customer", phone).await;
    let import_id = upload(owner, "name,phone\nAda,+1 213 555 0100\nZed,+1 21\n").await;
    let ended = run(owner, &import_id, json!({ "on_duplicate": "update" })).await;
    assert_eq!(ended["counts"]["failed"], 1, "{ended}");
    send(owner, "retry-import", &import_id).await;
    let ended = wait::until("it was tried again", async || {
        let import = once(owner, &import_id, "finished").await;
        (import["sequence"] != ended["sequence"]).then_some(import)
    })
    .await;
    assert_eq!(ended["counts"]["failed"], 1);
    let csv = owner.request(
        Method::GET,
        &format!("/queries/import-rows?import_id={import_id}"),
    );
    let csv = owner.send(csv.header("accept", "text/csv")).await;
    assert!(
        csv.text
            .starts_with("row,standing,code,detail,customer_id,cells"),
        "{}",
        csv.text
    );
    assert!(csv.text.contains("phone-invalid"), "{}", csv.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn cards_and_other_encodings_come_in() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let card = "BEGIN:VCARD\r\nVERSION:4.0\r\nN:Lovelace;Ada;;;\r\nEMAIL;PREF=1:ada@example.test\r\nEND:VCARD\r\n";
    let reply = post(owner, "cards", "text/vcard", card).await;
    let import_id = text(&reply.ok()["result"], "import_id").to_owned();
    assert_eq!(
        run(owner, &import_id, json!({})).await["counts"]["created"],
        1
    );
    let again = post(owner, "cards", "text/vcard", card).await;
    assert_eq!(again.ok()["result"]["import_id"], json!(import_id));
    post(owner, "cards", "text/csv", FILE)
        .await
        .refused(422, "idempotency-key-reused");
    let western = b"name,email\nZo\xeb D\xf6r,zoe@example.test\n";
    let import_id = upload(owner, western.as_slice()).await;
    assert_eq!(
        run(owner, &import_id, json!({})).await["encoding"],
        "windows-1252"
    );
    let zoe = by_email(&app, owner, "zoe@example.test").await.unwrap();
    assert_eq!(zoe["name"], "Zoë Dör");
    // What stands in the rows is nowhere in plain text.
    let leaks =
        "select count(*) from import_rows where encode(cells, 'escape') like '%example.test%'";
    assert_eq!(app.count(leaks).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_files_are_refused_or_harmless() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let long = format!("name,email\n{},a@example.test\n", "x".repeat(3_000));
    for (bytes, code) in [
        (
            b"name,email\n\"Ada,a@example.test\n".to_vec(),
            "file-malformed",
        ),
        (
            b"name,email\nAda,a@example.test\0\n".to_vec(),
            "file-not-text",
        ),
        (
            b"name,email\nAda,a@example.test,1,2\n".to_vec(),
            "file-malformed",
        ),
        (long.into_bytes(), "cell-too-long"),
        (b"name,email\n".to_vec(), "file-empty"),
        (b"".to_vec(), "file-empty"),
    ] {
        let key = Uuid::new_v4().to_string();
        post(owner, &key, "text/csv", bytes)
            .await
            .refused(422, code);
    }
    let large = vec![b'a'; domain::imports::MAX_FILE_BYTES + 1];
    post(owner, "large", "text/csv", large)
        .await
        .refused(413, "body-too-large");
    post(owner, "kind", "text/html", FILE)
        .await
        .refused(415, "content-type-unsupported");
    let unknown = owner.request(Method::POST, "/imports?nmae=a.csv");
    let unknown = unknown
        .header("idempotency-key", "unknown")
        .header("content-type", "text/csv");
    owner
        .send(unknown.body(FILE))
        .await
        .refused(400, "parameter-unknown");
    let file =
        "name,email\n\"=HYPERLINK(\"\"http://x\"\")\",f@example.test\n'+Plus,p@example.test\n";
    let import_id = upload(owner, file).await;
    run(owner, &import_id, json!({})).await;
    let formula = by_email(&app, owner, "f@example.test").await.unwrap();
    assert_eq!(formula["name"], "=HYPERLINK(\"http://x\")");
    let csv = owner.request(Method::GET, "/queries/customers?email=f@example.test");
    let csv = owner.send(csv.header("accept", "text/csv")).await;
    assert!(csv.text.contains("'=HYPERLINK"), "{}", csv.text);
    let plus = by_email(&app, owner, "p@example.test").await.unwrap();
    assert_eq!(plus["name"], "+Plus");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_may_write_customers_imports_and_nobody_sees_anothers() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let viewer = app.client(PrincipalKind::Person, Role::Viewer).await;
    post(&viewer, "k", "text/csv", FILE)
        .await
        .refused(403, "permission-missing");
    let import_id = upload(owner, FILE).await;
    let seen = rows(&viewer, &import_id, "").await;
    assert_eq!(seen[0]["cells"], json!(null), "{seen:?}");
    let another = app.another_tenant("moon-and-tide").await;
    for query in ["import-preview?id=", "import-rows?import_id="] {
        let reply = another.owner.query(&format!("{query}{import_id}")).await;
        reply.refused(404, "import-not-found");
    }
    let body = json!({ "import_id": import_id, "mapping": ["email"] });
    let reply = owner.command("map-import", body).await;
    assert_eq!(reply.pointers(), ["/mapping"]);
    let start = json!({ "import_id": import_id });
    owner
        .command("start-import", start.clone())
        .await
        .refused(409, "import-not-mapped");
    app.command_as_system("purge-import", start).await.unwrap();
    app.catch_up().await;
    let reply = owner.query(&format!("import-preview?id={import_id}")).await;
    reply.refused(409, "import-purged");
    assert_eq!(rows(owner, &import_id, "").await[0]["cells"], json!(null));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_is_killed_goes_on_and_makes_nobody_twice() {
    let count = scale::size(1_000, 10_000);
    let mut served = Served::start().await;
    let owner = served.owner();
    let mut file = String::from("name,email\n");
    for number in 0..count {
        file.push_str(&format!("Guest {number},guest{number}@import.test\n"));
    }
    let import_id = upload(&owner, file).await;
    let mapping = json!(["full_name", "email"]);
    let body = json!({ "import_id": import_id, "mapping": mapping, "tags": ["by-import"] });
    owner.accepted("map-import", body).await;
    send(&owner, "start-import", &import_id).await;
    wait::until("some rows are done", async || {
        let import = owner
            .items(&format!("imports?import_id={import_id}"))
            .await
            .pop()?;
        (import["counts"]["created"].as_u64()? > 0).then_some(())
    })
    .await;
    served.kill();
    served.run();
    served.ready().await;
    let owner = served.owner();
    let patience = RUN_OUT + A_ROW * u32::try_from(count).unwrap();
    let ended = wait::for_answer(patience, async || {
        let import = owner
            .items(&format!("imports?import_id={import_id}"))
            .await
            .pop()?;
        (import["standing"] == "finished").then_some(import)
    })
    .await
    .expect("the import ends");
    assert_eq!(ended["counts"]["created"], json!(count), "{ended}");
    let mut found = 0;
    let mut cursor = String::new();
    loop {
        let query = format!("customers?tag=by-import&limit=200{cursor}");
        let page = owner.query(&query).await.ok();
        found += page["items"].as_array().map_or(0, Vec::len);
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(found, count);
}
