//! The proof of what happened: what was sealed is found valid by three implementations, and whatever is changed is found
//! out, with the right name.

use std::process::Command;

use event_store::notary::notes;
use event_store::notary::signing::{Identity, Signer};
use event_store::notary::verification::Fault as Found;
use event_store::pg::{PoolSizes, Pools};
use event_store::store::Store;
use event_store::vault::Vault;
use serde_json::{Value, json};
use server::operations::Scope;
use server::operations::audit::{self, exports};
use server::witnesses::{Witness, Witnesses};
use tests::app::{ROOT_KEY, TestApp};
use tests::forger::{Dice, Export, Forgery};
use tests::neighbour::Neighbour;
use tests::served::verifier;
use tests::sources;
use tests::{given, oracles, scale, wait};
use tokio_util::sync::CancellationToken;
use verifier::{Fault, Trust};

use crate::export::{Desk, some_history};

const COUNT_UNSIGNED: &str = "
    select (select count(*) from events where aggregate_type <> '$log') - coalesce(sum(signed_size), 0)::bigint
    from audit_heads where tenant_id <> '$anchor'";

/// Waits until every event is sealed and signed.
pub async fn signed(app: &TestApp) {
    wait::until("every event is sealed and signed", async || {
        (app.count(COUNT_UNSIGNED).await == 0).then_some(())
    })
    .await;
}

/// The tenant's log as it is handed out, and its public key.
pub async fn exported(app: &TestApp) -> (String, String) {
    let (mut out, log) = (Vec::new(), app.tenant.id.as_str());
    exports::write(&app.store, log, &mut out, |_| {})
        .await
        .unwrap();
    let key = audit::public_key(&app.store, log).await.unwrap();
    (String::from_utf8(out).unwrap(), key)
}

pub fn trust(key: &str, witnessed: &[String]) -> Trust {
    Trust {
        key: Some(key.to_owned()),
        witnessed: witnessed.to_vec(),
    }
}

fn scope(app: &TestApp) -> Scope {
    Scope::Tenant(app.tenant.id.clone())
}

/// What the server itself finds wrong with the tenant's log.
pub async fn finding(app: &TestApp, notes: &[String]) -> Option<Found> {
    let reports = audit::verify(&app.store, &scope(app), notes).await.unwrap();
    assert_eq!(reports.len(), 1);
    reports[0].finding.as_ref().map(|finding| finding.fault)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_sealed_is_valid_for_the_server_the_verifier_and_a_second_implementation() {
    let app = TestApp::start().await;
    some_history(&app).await;
    signed(&app).await;
    let (text, key) = exported(&app).await;
    let valid = verifier::verify(text.as_bytes(), &trust(&key, &[])).unwrap();
    let events = "select count(*) from events where tenant_id <> '$installation' and aggregate_type <> '$log'";
    assert_eq!(
        i64::try_from(valid.entries).unwrap(),
        app.count(events).await
    );
    let said = oracles::ask("audit_export.py", &["check", &key], text.clone()).await;
    assert_eq!(said.trim(), format!("ok {} {}", valid.entries, valid.root));
    assert_eq!(finding(&app, &[]).await, None);
    let all = audit::verify(&app.store, &Scope::All, &[]).await.unwrap();
    assert!(
        all.len() >= 2 && all.iter().all(|report| report.finding.is_none()),
        "{all:?}"
    );
    assert!(
        all.iter()
            .any(|report| report.tenant_id == "$anchor" && report.checkpoints > 0)
    );
    // Longer than anything that sealed bytes look like by chance.
    let said = ["ada@example.test", "Rings twice"];
    assert!(
        !said.iter().any(|personal| text.contains(personal)),
        "what is personal stays sealed"
    );
}

#[tokio::test]
async fn the_vector_is_what_the_second_implementation_makes_and_valid() {
    let path = "verifier/vectors/seven.ndjson";
    let kept = std::fs::read_to_string(sources::root().join(path)).unwrap();
    let made = oracles::ask("audit_export.py", &["make", "7"], String::new()).await;
    assert_eq!(
        kept, made,
        "{path} never changes: other verifiers rest on it"
    );
    let key = Export::parse(&kept).head["public_key"]
        .as_str()
        .unwrap()
        .to_owned();
    let valid = verifier::verify(kept.as_bytes(), &trust(&key, &[])).unwrap();
    assert_eq!(valid.entries, 7);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_forged_is_found_out_by_its_name() {
    let app = TestApp::start().await;
    some_history(&app).await;
    signed(&app).await;
    let (text, key) = exported(&app).await;
    let note = Export::parse(&text).head["checkpoint"]
        .as_str()
        .unwrap()
        .to_owned();
    let ours = Signer::open(&app.store.pools.engine, &app.store.vault)
        .await
        .unwrap();
    let other = TestApp::start().await;
    let theirs = Signer::open(&other.store.pools.engine, &other.store.vault)
        .await
        .unwrap();
    let trusting = trust(&key, &[note]);
    for seed in 0..scale::size(300, 10_000) {
        let mut dice = Dice(seed as u64);
        let forgery = Forgery::ALL[seed % Forgery::ALL.len()];
        let mut export = Export::parse(&text);
        export.forge(forgery, &mut dice, (&ours, &theirs));
        let found =
            verifier::verify(export.text().as_bytes(), &trusting).map_err(|failure| failure.fault);
        assert_eq!(found, Err(forgery.fault()), "{forgery:?} with seed {seed}");
    }
    // Whatever bit of the file it is: something is wrong, or it reads the same.
    for seed in 0..scale::size(300, 10_000) {
        let (mut dice, mut bytes) = (Dice(seed as u64), text.clone().into_bytes());
        let place = dice.below(bytes.len());
        bytes[place] ^= 1 << dice.below(8);
        let reads_the_same = std::str::from_utf8(&bytes).is_ok_and(|changed| {
            let parse = |text: &str| {
                text.lines()
                    .map(serde_json::from_str::<Value>)
                    .collect::<Result<Vec<_>, _>>()
            };
            parse(changed).ok() == parse(&text).ok()
        });
        let found = verifier::verify(bytes.as_slice(), &trusting);
        assert!(
            found.is_err() || reads_the_same,
            "bit flipped in byte {place} with seed {seed}"
        );
    }
}

/// Runs the verifier itself on a file with this text; answers its exit code.
fn code(desk: &Desk, text: &str, more: &[&str]) -> Option<i32> {
    let path = desk.path("handed-out");
    std::fs::write(&path, text).unwrap();
    let ran = Command::new(verifier()).arg(&path).args(more).output();
    let ran = ran.expect("it runs; build it with `cargo build -p verifier`");
    ran.status.code()
}

/// Lines as a text.
fn joined(lines: &[&str]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_verifier_says_by_its_exit_code_what_is_wrong() {
    let app = TestApp::start().await;
    some_history(&app).await;
    signed(&app).await;
    let (text, key) = exported(&app).await;
    let desk = Desk::new();
    let run = |text: &str, more: &[&str]| code(&desk, text, more);
    assert_eq!(run(&text, &["--key", &key]), Some(0));
    assert_eq!(run(&text, &[]), Some(0), "by the export's own key");
    let lines: Vec<&str> = text.lines().collect();
    let dropped = joined(&[&lines[..2], &lines[3..]].concat());
    assert_eq!(run(&dropped, &[]), Some(2));
    assert_eq!(run(&joined(&lines[..lines.len() - 1]), &[]), Some(3));
    let ours = Signer::open(&app.store.pools.engine, &app.store.vault);
    let ours = ours.await.unwrap();
    let mut forked = Export::parse(&text);
    let kept = json!({ "note": forked.head["checkpoint"] });
    forked.forge(Forgery::Fork, &mut Dice(1), (&ours, &ours));
    let witness = desk.path("witness");
    std::fs::write(&witness, format!("{kept}\n")).unwrap();
    let witness = ["--witness", witness.to_str().unwrap()];
    assert_eq!(run(&forked.text(), &witness), Some(4));
    let alone = run(&forked.text(), &[]);
    assert_eq!(alone, Some(0), "nobody can tell without a witness");
    let other_key = notes::verifier_key(key.split('+').next().unwrap(), &[9; 32]);
    assert_eq!(run(&text, &["--key", &other_key]), Some(5));
    assert_eq!(run("{}", &[]), Some(6));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_verifier_follows_one_entry_to_the_signed_head() {
    let app = TestApp::start().await;
    some_history(&app).await;
    signed(&app).await;
    let (_, key) = exported(&app).await;
    let newest = "select max(position) from events where tenant_id <> '$installation'";
    let position = app.count(newest).await;
    let proof = audit::prove(&app.store, &scope(&app), position).await;
    let (mut proof, desk) = (proof.unwrap(), Desk::new());
    let key = ["--key", &key];
    assert_eq!(code(&desk, &proof.to_string(), &key), Some(0));
    proof["entry"]["actor"] = json!("somebody else");
    assert_eq!(code(&desk, &proof.to_string(), &key), Some(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_databases_owner_changes_is_found_in_the_database_and_needs_no_key_of_a_subject() {
    let app = TestApp::start().await;
    let customer_id = some_history(&app).await;
    signed(&app).await;
    let admin = app.admin().await;
    let destroy =
        "update subject_keys set wrapped_key = null, destroyed_at = now() where subject_id = $1";
    assert_eq!(admin.execute(destroy, &[&customer_id]).await.unwrap(), 1);
    assert_eq!(
        finding(&app, &[]).await,
        None,
        "ciphertext is what was hashed"
    );
    let (text, key) = exported(&app).await;
    assert!(verifier::verify(text.as_bytes(), &trust(&key, &[])).is_ok());

    let cheat = async |sql: &str| {
        let script = format!(
            "set session_replication_role = replica; {sql}; reset session_replication_role"
        );
        admin.batch_execute(&script).await.unwrap();
    };
    let newest = "(select max(position) from events where tenant_id <> '$installation')";
    cheat(&format!(
        "update events set actor = 'nobody' where position = {newest}"
    ))
    .await;
    assert_eq!(finding(&app, &[]).await, Some(Found::Altered));
    let desk = Desk::new();
    assert_eq!(
        desk.refused(&app.database, &["audit", "verify"]).await,
        "audit-altered"
    );
    cheat(&format!("update events set actor = (select actor from events where position < {newest} limit 0) where false")).await;
    cheat(&format!("delete from events where position = {newest}")).await;
    assert_eq!(finding(&app, &[]).await, Some(Found::Altered));
    app.claim_undelivered();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_a_witness_can_tell_that_all_of_it_was_written_anew() {
    let app = TestApp::start().await;
    let desk = Desk::new();
    let path = desk.path("witness");
    let witness = Witnesses::new(vec![Witness::File(path.clone())], None).unwrap();
    let stop = CancellationToken::new();
    let http = integrations::http::client().unwrap();
    let telling = tokio::spawn(witness.run(app.store.clone(), http, stop.clone()));
    some_history(&app).await;
    signed(&app).await;
    let told = "select count(*) from audit_witnesses where told_at is not null and told =
        (select signed_size from audit_heads where tenant_id = '$anchor')";
    wait::until("the witness was told all", async || {
        (app.count(told).await == 1).then_some(())
    })
    .await;
    stop.cancel();
    telling.await.unwrap();
    let notes: Vec<String> = std::fs::read_to_string(&path)
        .unwrap()
        .lines()
        .map(|line| given::text(&serde_json::from_str(line).unwrap(), "note").to_owned())
        .collect();
    assert_eq!(finding(&app, &notes).await, None);

    let admin = app.admin().await;
    admin
        .batch_execute(
            "begin; set local session_replication_role = replica;
             update events set actor = 'nobody' where tenant_id <> '$installation' and sequence = 1;
             delete from audit_leaves; delete from audit_tiles; delete from audit_heads; delete from audit_checkpoints;
             update checkpoints set position = 0, fencing_token = fencing_token + 1, lease_until = '-infinity'
             where subscriber = 'notary'; commit",
        )
        .await
        .unwrap();
    signed(&app).await;
    assert_eq!(
        finding(&app, &[]).await,
        None,
        "by itself the new history is whole"
    );
    assert_eq!(finding(&app, &notes).await, Some(Found::Forked));
    let (text, key) = exported(&app).await;
    let found = verifier::verify(text.as_bytes(), &trust(&key, &notes));
    assert_eq!(found.unwrap_err().fault, Fault::Forked);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tree_that_is_gone_grows_anew_and_not_from_memory() {
    let app = TestApp::start().await;
    some_history(&app).await;
    signed(&app).await;
    let admin = app.admin().await;
    admin
        .batch_execute(
            "begin; set local session_replication_role = replica;
             delete from audit_leaves; delete from audit_tiles; delete from audit_heads; delete from audit_checkpoints;
             commit",
        )
        .await
        .unwrap();
    given::customer(&app.tenant.owner, "Afterwards").await;
    let sealed = "
        select count(*) from audit_heads h where left(tenant_id, 1) <> '$'
            and position = (select max(position) from events e where e.tenant_id = h.tenant_id)";
    wait::until("what came afterwards is sealed", async || {
        (app.count(sealed).await == 1).then_some(())
    })
    .await;
    let false_sizes = "
        select count(*) from audit_heads h where h.size <> (
            select coalesce(max(log_index + cardinality(positions)), 0) from audit_leaves l where l.tenant_id = h.tenant_id)
        or h.size <> (select coalesce(sum(cardinality(positions)), 0) from audit_leaves l where l.tenant_id = h.tenant_id)";
    assert_eq!(app.count(false_sizes).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_notaries_make_one_sequence_under_one_key() {
    let app = TestApp::start().await;
    let neighbour = Neighbour::start_working(&app).await;
    for number in 0..scale::size(10, 200) {
        let client = neighbour.client_for(&app.tenant.owner);
        let (ours, theirs) = (format!("One{number}"), format!("Two{number}"));
        tokio::join!(
            given::customer(&app.tenant.owner, &ours),
            given::customer(&client, &theirs)
        );
    }
    signed(&app).await;
    let signers = async |store: &Store| {
        Signer::open(&store.pools.engine, &store.vault)
            .await
            .unwrap()
            .identity
    };
    assert_eq!(signers(&app.store).await, signers(&neighbour.store).await);
    neighbour.stop().await;
    let reports = audit::verify(&app.store, &Scope::All, &[]).await.unwrap();
    assert!(
        reports.iter().all(|report| report.finding.is_none()),
        "{reports:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_root_key_signs_nothing() {
    let app = TestApp::start().await;
    some_history(&app).await;
    signed(&app).await;
    let pools = Pools::new(
        &app.database.url,
        PoolSizes {
            request: 1,
            query: 1,
            engine: 1,
        },
    )
    .unwrap();
    let (right, wrong) = (Vault::new(&ROOT_KEY), Vault::new(&[8; 32]));
    assert!(Signer::open(&pools.engine, &right).await.is_ok());
    assert!(Signer::open(&pools.engine, &wrong).await.is_err());
    let client = pools.engine.get().await.unwrap();
    let identity = Identity::find(&client).await.unwrap().unwrap();
    let refused = client
        .execute("update audit_keys set public_key = '\\x00'", &[])
        .await;
    assert!(
        refused.is_err() && !identity.public_key.is_empty(),
        "the program may not change its key"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn proofs_are_had_over_http_by_those_who_may_see_the_tenants_operations() {
    let app = TestApp::start().await;
    some_history(&app).await;
    signed(&app).await;
    let owner = &app.tenant.owner;
    let shown = owner.get("/operations/audit").await.ok();
    let logs = shown["item"]["logs"].as_array().unwrap();
    assert_eq!(logs.len(), 1, "a tenant sees its own log");
    let key = given::text(&logs[0], "public_key").to_owned();
    let event = &owner.get("/operations/events?limit=1").await.ok()["items"][0];
    let path = format!("/operations/audit/proofs/{}", event["position"]);
    let proof = owner.get(&path).await.ok()["item"].to_string();
    let valid = verifier::verify(proof.as_bytes(), &trust(&key, &[])).unwrap();
    assert_eq!(valid.entries, 1);
    let verified = owner.get("/operations/audit/verification").await.ok();
    assert_eq!(verified["items"][0]["finding"], Value::Null);
    let listed = owner.get("/operations/audit/checkpoints").await.ok();
    let sizes: Vec<i64> = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["tree_size"].as_i64().unwrap())
        .collect();
    let (new, old) = (sizes[0], sizes[sizes.len() - 1]);
    let leads = owner
        .get(&format!(
            "/operations/audit/consistency?from={old}&to={new}"
        ))
        .await
        .ok();
    assert_eq!(leads["item"]["consistent"], true);
    owner
        .get("/operations/audit/proofs/999999999")
        .await
        .refused(404, "event-not-found");
    owner
        .get("/operations/audit/consistency?from=1&to=999999")
        .await
        .refused(404, "audit-checkpoint-not-found");
    // What has only just been written is waited for.
    given::customer(owner, "Late").await;
    let latest = app
        .count("select max(position) from events where event_type = 'LeadCreated'")
        .await;
    let latest = format!("/operations/audit/proofs/{latest}");
    let proof = owner.get(&latest).await.ok()["item"].to_string();
    assert!(verifier::verify(proof.as_bytes(), &trust(&key, &[])).is_ok());
    let other = app.another_tenant("other").await;
    other.owner.get(&path).await.refused(404, "event-not-found");
    app.tenant
        .agent
        .get("/operations/audit")
        .await
        .refused(403, "permission-missing");
}
