//! The root key is changed under a server that serves, and wrapping keys over many people; either goes on after a kill.

use domain::operations::INSTALLATION;
use reqwest::Method;
use serde_json::json;
use tests::app::TestApp;
use tests::client::Client;
use tests::cluster;
use tests::given;
use tests::operator::Operator;
use tests::scale;
use tests::tenants;
use tests::wait;
use tokio_postgres::Client as Admin;

/// Everything that lies under the root key, as it is sealed.
const SEALED: &str = "
    select count(*) from (
        select wrapped_key as envelope from tenants union all select wrapped_key from tenant_wrap_keys
        union all select wrapped_key from installation_keys union all select sealed_seed from audit_keys
        union all select sealed_seed from oauth_keys) as sealed
    where envelope = any ($1)";
const LIST_SEALED: &str = "
    select wrapped_key as envelope from tenants union all select wrapped_key from tenant_wrap_keys
    union all select wrapped_key from installation_keys union all select sealed_seed from audit_keys
    union all select sealed_seed from oauth_keys";

const END_WAITING: &str = "
    select count(*) filter (where pg_terminate_backend(pid)) from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'";

async fn sealed(admin: &Admin) -> Vec<Vec<u8>> {
    let rows = admin.query(LIST_SEALED, &[]).await.unwrap();
    rows.iter().map(|row| row.get("envelope")).collect()
}

/// How many of these are as they were.
async fn untouched(admin: &Admin, before: &[Vec<u8>]) -> i64 {
    admin.query_one(SEALED, &[&before]).await.unwrap().get(0)
}

/// How many statements wait for a lock; they are ended.
async fn ended(admin: &Admin) -> i64 {
    let row = admin.query_one(END_WAITING, &[]).await.unwrap();
    row.get(0)
}

/// How many acts of the change are events.
async fn acts(admin: &Admin) -> i64 {
    let acts = format!(
        "select count(*) from events where tenant_id = '{INSTALLATION}'
            and payload->'OperationPerformed'->>'action' in ('announce-root-key', 'rotate-root-key')"
    );
    admin.query_one(&acts, &[]).await.unwrap().get(0)
}

async fn lead(owner: &Client, name: &str) -> String {
    let body = json!({ "source": "web", "first_name": name, "email": given::email(name) });
    given::id_of(&owner.accepted("create-lead", body).await)
}

async fn email_of(owner: &Client, id: &str) -> serde_json::Value {
    let query = format!("customer-360?id={id}");
    owner.item(&query).await["profile"]["email"].clone()
}

/// While the change is half done, everything is read and written, and either key will do; answers who was added, and the next key.
async fn works_half_way(
    (desk, url): (&Operator, &str),
    owner: &Client,
    ada: &str,
) -> (String, String) {
    let dry = desk.json(&["keys", "rotate-root", "--dry-run"]).await;
    assert_eq!((&dry["left"], &dry["running"]), (&json!(1), &json!(true)));
    let examined = desk.run(&["doctor", "--json"]).await;
    assert!(
        examined.stdout.contains("rapport keys rotate-root"),
        "{examined:?}"
    );
    let bob = lead(owner, "Bob").await;
    assert_eq!(email_of(owner, ada).await, given::email("Ada"));
    let copied = desk.run(&["keys", "backup", "half.ndjson", "--json"]).await;
    assert!(copied.stderr.contains("root-key-changing"), "{copied:?}");
    // Either key's file will do for another machine.
    let next = std::fs::read_to_string(desk.data_dir.join("root.key.next")).unwrap();
    for file in [tenants::root_key(), next.clone()] {
        let other = Operator::on(url, Some(&file));
        let said = other
            .run(&["keys", "rotate", "--tenant", "alone", "--dry-run"])
            .await;
        assert_eq!(said.code, Some(0), "{said:?}");
    }
    (bob, next)
}

async fn what_others_make_is_read(desk: &Operator, owner: &Client, base_url: &str) {
    let cleo = lead(owner, "Cleo").await;
    assert_eq!(email_of(owner, &cleo).await, given::email("Cleo"));
    let create = ["tenants", "create", "--slug", "later", "--name", "Later"];
    assert_eq!(desk.run(&create).await.code, Some(0));
    let service = [
        "keys", "create", "--tenant", "later", "--kind", "service", "--role", "owner", "--label",
        "x",
    ];
    let made = desk.json(&service).await;
    let later = Client::new(base_url, given::text(&made, "key"));
    let dora = lead(&later, "Dora").await;
    assert_eq!(email_of(&later, &dora).await, given::email("Dora"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_root_key_changes_under_a_server_that_serves_and_the_change_survives_a_kill() {
    let shared = cluster::shared().await;
    let database = shared.clone_template().await;
    let key = tenants::alone_on(&database.url).await;
    let desk = Operator::on(&database.url, Some(&tenants::root_key()));
    let serving = desk.serve().await;
    let owner = Client::new(&serving.base_url, &key);
    let ada = lead(&owner, "Ada").await;
    // A signing key for tokens, and a tenant's later wrapping key.
    assert_eq!(owner.get("/auth/oauth/jwks").await.status, 200);
    desk.json(&["keys", "rotate", "--tenant", "alone"]).await;
    let admin = shared.admin(&database.name).await;
    let is_signed = async || {
        let count: i64 = admin
            .query_one("select count(*) from audit_keys", &[])
            .await
            .unwrap()
            .get(0);
        (count == 1).then_some(())
    };
    wait::until("the log is signed", is_signed).await;
    let before = sealed(&admin).await;
    let all = i64::try_from(before.len()).unwrap();
    let dry = desk.json(&["keys", "rotate-root", "--dry-run"]).await;
    assert_eq!(
        (&dry["left"], &dry["running"]),
        (&json!(all), &json!(false))
    );

    // Somebody holds the tenants' rows, so the change stops in the middle.
    let mut holder = shared.admin(&database.name).await;
    let held = holder.transaction().await.unwrap();
    held.execute("select from tenants for update", &[])
        .await
        .unwrap();
    let mut rotating = desk.start(&["keys", "rotate-root"]);
    let is_halfway = async || (untouched(&admin, &before).await == 1).then_some(());
    wait::until("all but the tenant is wrapped anew", is_halfway).await;
    rotating.kill().await.unwrap();
    // What it had asked for last would still be done: it goes with it, as with a machine.
    let is_gone = async || (ended(&admin).await == 0).then_some(());
    wait::until("its statement is ended", is_gone).await;
    held.rollback().await.unwrap();

    let (bob, next) = works_half_way((&desk, &database.url), &owner, &ada).await;
    let done = desk.json(&["keys", "rotate-root"]).await;
    assert_eq!((&done["resumed"], &done["left"]), (&json!(true), &json!(0)));
    assert_eq!(untouched(&admin, &before).await, 0);
    let kept = std::fs::read_to_string(desk.data_dir.join("root.key")).unwrap();
    assert_eq!(
        kept, next,
        "the next key's file has taken the place of the old one's"
    );
    let old = Operator::on(&database.url, Some(&tenants::root_key()));
    let refused = old.run(&["tenants", "list"]).await;
    assert!(
        refused.code != Some(0) && refused.stderr.contains("--root-key-file"),
        "{refused:?}"
    );

    // The server was never asked to do anything: it opens what is new, and what others make meanwhile.
    assert_eq!(email_of(&owner, &bob).await, given::email("Bob"));
    what_others_make_is_read(&desk, &owner, &serving.base_url).await;
    // A new start needs the new key alone.
    drop(serving);
    let again = desk.serve().await;
    let owner = Client::new(&again.base_url, &key);
    assert_eq!(email_of(&owner, &ada).await, given::email("Ada"));
    assert_eq!(acts(&admin).await, 2);
    let signed = owner
        .send(owner.request(Method::GET, "/auth/oauth/jwks"))
        .await;
    assert_eq!(signed.status, 200);
    drop(again);
    drop((admin, holder));
    shared.drop_database(&database.name).await;
}

/// Data keys of a tenant whose wrapping key is changed.
const SUBJECTS: (usize, usize) = (12_000, 1_000_000);
const INSERT_KEYS: &str = "
    insert into subject_keys (tenant_id, subject_id, wrapped_key)
    select $1, subject, envelope from unnest($2::text[], $3::bytea[]) as k (subject, envelope)";

#[tokio::test(flavor = "multi_thread")]
async fn many_data_keys_are_wrapped_anew_from_wherever_that_was_interrupted() {
    let app = TestApp::start().await;
    let subjects = scale::size(SUBJECTS.0, SUBJECTS.1);
    let keys = app.store.keys(&app.tenant.id).await.unwrap();
    let admin = app.admin().await;
    let (mut first, mut sealed) = (None, None);
    for chunk in (0..subjects).collect::<Vec<_>>().chunks(10_000) {
        let names: Vec<String> = chunk.iter().map(|n| format!("subject-{n:07}")).collect();
        let mut envelopes = Vec::with_capacity(names.len());
        for name in &names {
            let (key, wrapped) = keys.new_subject(name).unwrap();
            if first.is_none() {
                first = Some(name.clone());
                sealed = Some(key.seal("LeadCreated", "email", "ada@example.org").unwrap());
            }
            envelopes.push(wrapped);
        }
        let rows: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
            [&app.tenant.id.as_str(), &names, &envelopes];
        admin.execute(INSERT_KEYS, &rows).await.unwrap();
    }
    app.store.begin_rotation(&app.tenant.id).await.unwrap();
    // One step, and then nobody goes on with it.
    let step = app.store.rotate_step(&app.tenant.id, "").await.unwrap();
    assert!(step.next.is_some(), "{step:?}");
    let half = app.store.rotation_standing(&app.tenant.id).await.unwrap();
    assert!(half.left > 0 && half.left < half.whole, "{half:?}");

    let started = std::time::Instant::now();
    let (mut after, mut rewrapped) = (String::new(), 0);
    loop {
        let step = app.store.rotate_step(&app.tenant.id, &after).await.unwrap();
        rewrapped += step.rewrapped;
        match step.next {
            Some(next) => after = next,
            None => break,
        }
    }
    let rate = rewrapped as f64 / started.elapsed().as_secs_f64();
    eprintln!("{rewrapped} data keys wrapped anew, {rate:.0} a second");
    assert_eq!(i64::try_from(rewrapped).unwrap(), half.left, "each once");
    let whole = app.store.rotation_standing(&app.tenant.id).await.unwrap();
    assert_eq!(whole.left, 0);
    let first = first.unwrap();
    keys.forget_subject(&first);
    let found = app
        .store
        .subject_keys(&app.tenant.id, &[&first])
        .await
        .unwrap();
    let opened = found[0].1.open("email", &sealed.unwrap());
    assert_eq!(opened.as_deref(), Some("ada@example.org"));
}
