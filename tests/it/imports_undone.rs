//! Undoing imports whose rows speak of one person more than once; and what files say of people, handed out and erased with
//! them.

use serde_json::{Value, json};
use tests::app::TestApp;
use tests::given::{self, text};

use crate::imports::{by_email, once, rows, run, send, upload};
use crate::privacy::without_delay;

/// What the customers that were changed by an import are called now.
async fn names(app: &TestApp, customer_id: &Value) -> String {
    let query = format!("customer-360?id={}", customer_id.as_str().unwrap());
    let shown = app.tenant.owner.item(&query).await;
    text(&shown["profile"], "name").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_two_rows_of_a_file_made_and_changed_goes_with_the_import() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let file = "name,email,phone\nDan Park,dan@example.test,\nDan Park,DAN@example.test,+1 213 555 0111\n\
        Eve Hill,eve@example.test,\nEve Hill,eve@example.test,+1 213 555 0112\n";
    let import_id = upload(owner, file).await;
    let ended = run(owner, &import_id, json!({ "on_duplicate": "update" })).await;
    assert_eq!(
        (&ended["counts"]["created"], &ended["counts"]["updated"]),
        (&json!(2), &json!(2)),
        "{ended}"
    );
    let eve = by_email(&app, owner, "eve@example.test").await.unwrap();
    let note = json!({ "customer_id": eve["customer_id"], "text": "Called." });
    owner.accepted("add-note", note).await;
    send(owner, "undo-import", &import_id).await;
    let undone = once(owner, &import_id, "undone").await;
    assert_eq!(
        (&undone["counts"]["undone"], &undone["counts"]["kept"]),
        (&json!(2), &json!(2)),
        "{undone}"
    );
    assert!(by_email(&app, owner, "dan@example.test").await.is_none());
    let kept = by_email(&app, owner, "eve@example.test").await.unwrap();
    assert_eq!(kept["phone"], "+12135550112", "whoever is used stays whole");
    for row in rows(owner, &import_id, "&standing=kept").await {
        assert_eq!(row["code"], "used-since", "{row}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_several_rows_changed_is_as_before_the_first() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let ada = json!(given::customer(owner, "Ada").await);
    app.catch_up().await;
    let before = names(&app, &ada).await;
    let email = given::email("Ada");
    let file = format!(
        "first name,last name,email\nAdele,One,{email}\nAdda,Two,{email}\nAdina,Three,{email}\n"
    );
    let import_id = upload(owner, file).await;
    let more = json!({ "on_duplicate": "update", "tags": ["spring"] });
    let ended = run(owner, &import_id, more).await;
    assert_eq!(ended["counts"]["updated"], 3, "{ended}");
    app.catch_up().await;
    assert_eq!(names(&app, &ada).await, "Adina Three");
    send(owner, "undo-import", &import_id).await;
    let undone = once(owner, &import_id, "undone").await;
    assert_eq!(undone["counts"]["undone"], 3, "{undone}");
    app.catch_up().await;
    assert_eq!(names(&app, &ada).await, before);
    let shown = by_email(&app, owner, &email).await.unwrap();
    assert_eq!(shown["tags"], json!([]));
}

/// An import of Wanda, whom it made, with a row that failed and speaks of her too.
async fn wanda(app: &TestApp) -> (String, Value) {
    let owner = &app.tenant.owner;
    let file = "name,email,phone,remark\nWanda Wong,wanda@example.test,,wandarow\n\
        Wanda W.,wanda@example.test,12,wandafailed\nOtto Ost,otto@example.test,,ottorow\n";
    let import_id = upload(owner, file).await;
    let ended = run(owner, &import_id, json!({})).await;
    assert_eq!(
        (&ended["counts"]["created"], &ended["counts"]["failed"]),
        (&json!(2), &json!(1)),
        "{ended}"
    );
    let found = by_email(app, owner, "wanda@example.test").await.unwrap();
    (import_id, found["customer_id"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_file_says_of_somebody_is_handed_out_with_all_else() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let (import_id, customer_id) = wanda(&app).await;
    let order = json!({ "customer_id": customer_id });
    owner.accepted("export-subject", order).await;
    app.catch_up().await;
    let query = format!(
        "subject-export?id={}&format=html",
        customer_id.as_str().unwrap()
    );
    let export = owner.item(&query).await;
    let imported = &export["document"]["imported_rows"];
    assert_eq!(imported[0]["import_id"], json!(import_id), "{imported}");
    assert_eq!(
        imported[0]["cells"][2],
        json!({ "column": "remark", "value": "wandarow" })
    );
    assert!(!export.to_string().contains("ottorow"), "nobody else's");
    assert!(text(&export, "html").contains("wandarow"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_reaches_what_files_say_even_where_a_row_failed() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let (import_id, customer_id) = wanda(&app).await;
    without_delay(owner).await;
    let order = json!({ "customer_id": customer_id });
    owner.accepted("erase-subject", order).await;
    app.settle().await;
    app.catch_up().await;
    let left = rows(owner, &import_id, "").await;
    let cells: Vec<bool> = left.iter().map(|row| !row["cells"].is_null()).collect();
    assert_eq!(cells, [false, false, true], "{left:?}");
    assert_eq!(left[1]["detail"], Value::Null);
    let admin = app.admin().await;
    let counts =
        "select payload->'SubjectErased'->'counts' from events where event_type = 'SubjectErased'";
    let counts: Value = admin.query_one(counts, &[]).await.unwrap().get(0);
    assert_eq!(counts["import_rows"], 2, "{counts}");
    // What is gone cannot be taken back, and says so.
    send(owner, "undo-import", &import_id).await;
    let undone = once(owner, &import_id, "undone").await;
    assert_eq!(
        (&undone["counts"]["undone"], &undone["counts"]["kept"]),
        (&json!(1), &json!(1)),
        "{undone}"
    );
    app.claim_undelivered();
}
