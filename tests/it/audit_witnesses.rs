//! Witnesses whom the database's owner cannot reach, over real HTTP and real SMTP: what they keep finds a history out that was
//! written anew. And a long log, which is verified as a short one is.

use event_store::notary::signing::Signer;
use event_store::notary::verification::Fault as Found;
use server::witnesses::{Witness, Witnesses};
use tests::app::TestApp;
use tests::forger;
use tests::given::text;
use tests::receivers::{ACCEPTED, Answer, Receiver};
use tests::served::verifier;
use tests::{scale, wait};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use verifier::Fault;

use crate::audit_proofs::{exported, finding, signed, trust};
use crate::export::{Desk, some_history};

const COUNT_TOLD: &str = "
    select count(*) from audit_witnesses where told_at is not null and told =
        (select signed_size from audit_heads where tenant_id = '$anchor')";
const COUNT_FAILED: &str = "select count(*) from audit_witnesses where failure is not null";
/// A failed telling is tried again when its lease is over.
const HURRY: &str = "update audit_witnesses set lease_until = '-infinity'";
/// Everything is sealed and signed anew, as if one event had always said something else.
const WRITE_ANEW: &str = "
    begin; set local session_replication_role = replica;
    update events set actor = 'nobody' where tenant_id <> '$installation' and sequence = 1;
    delete from audit_leaves; delete from audit_tiles; delete from audit_heads; delete from audit_checkpoints;
    update checkpoints set position = 0, fencing_token = fencing_token + 1, lease_until = '-infinity'
    where subscriber = 'notary'; commit";
const COUNT_UNSIGNED: &str = "
    select (select count(*) from audit_heads where size > signed_size)
        + (select count(*) from audit_checkpoints where tenant_id <> '$anchor' and anchor_index is null)";
const AUDITOR: &str = "auditor@example.test";

/// Entries of a long log.
const ENTRIES: (usize, usize) = (20_000, 1_000_000);

fn tell(app: &TestApp, witnesses: Witnesses, stop: &CancellationToken) -> JoinHandle<()> {
    let http = integrations::http::client().unwrap();
    tokio::spawn(witnesses.run(app.store.clone(), http, stop.clone()))
}

/// Waits until the log of checkpoints is signed too: of what comes later a witness by mail hears an hour later.
async fn all_signed(app: &TestApp) {
    signed(app).await;
    wait::until("the log of checkpoints is signed", async || {
        (app.count(COUNT_UNSIGNED).await == 0).then_some(())
    })
    .await;
}

async fn told(app: &TestApp) {
    wait::until("the witness was told all", async || {
        (app.count(COUNT_TOLD).await == 1).then_some(())
    })
    .await;
}

/// What the witness holds is what the log leads to, until all of it is written anew.
async fn finds_out(app: &TestApp, notes: &[String]) {
    assert!(!notes.is_empty(), "the witness holds something");
    assert_eq!(finding(app, notes).await, None);
    app.admin().await.batch_execute(WRITE_ANEW).await.unwrap();
    signed(app).await;
    let alone = finding(app, &[]).await;
    assert_eq!(alone, None, "by itself the new history is whole");
    assert_eq!(finding(app, notes).await, Some(Found::Forked));
    let (export, key) = exported(app).await;
    let found = verifier::verify(export.as_bytes(), &trust(&key, notes));
    assert_eq!(found.unwrap_err().fault, Fault::Forked);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_witness_over_http_is_told_until_it_has_taken_it_and_finds_a_rewritten_log_out() {
    let app = TestApp::start().await;
    let receiver = Receiver::open().await;
    receiver.answer(|_| Answer::of(503));
    let witness = Witness::Http(receiver.url.clone());
    let stop = CancellationToken::new();
    some_history(&app).await;
    all_signed(&app).await;
    let telling = tell(&app, Witnesses::new(vec![witness], None).unwrap(), &stop);
    wait::until("the failure is on record", async || {
        (app.count(COUNT_FAILED).await == 1).then_some(())
    })
    .await;
    receiver.answer(|_| ACCEPTED);
    app.admin().await.batch_execute(HURRY).await.unwrap();
    told(&app).await;
    stop.cancel();
    telling.await.unwrap();
    let got = receiver.got();
    assert!(
        got.len() >= 2 && got[0].body == got[1].body,
        "it is told the same again: {got:?}"
    );
    let taken = got.last().unwrap().json();
    let notes = taken["checkpoints"].as_array().unwrap().iter();
    let notes: Vec<String> = notes
        .map(|note| note.as_str().unwrap().to_owned())
        .collect();
    finds_out(&app, &notes).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_witness_by_mail_finds_a_rewritten_log_out() {
    let app = TestApp::start().await;
    some_history(&app).await;
    all_signed(&app).await;
    let server = format!("smtp://127.0.0.1:{}", app.providers.smtp_port);
    let witness = Witness::Mail(AUDITOR.to_owned());
    let stop = CancellationToken::new();
    let telling = tell(
        &app,
        Witnesses::new(vec![witness], Some(&server)).unwrap(),
        &stop,
    );
    told(&app).await;
    stop.cancel();
    telling.await.unwrap();
    let mails = app
        .providers
        .get(&format!("/sandbox/mails?to={AUDITOR}"))
        .await;
    let mails = mails["mails"].as_array().unwrap();
    assert_eq!(mails.len(), 1, "{mails:?}");
    let body = text(&mails[0], "text").replace("\r\n", "\n");
    let begins = text(&mails[0], "subject")
        .split(' ')
        .nth(3)
        .unwrap()
        .split('/')
        .next()
        .unwrap();
    finds_out(&app, &notes_in(&body, begins)).await;
}

/// The signed notes of a mail, which stand below each other; each begins with a log's name, and ends with a signature.
fn notes_in(body: &str, begins: &str) -> Vec<String> {
    let (mut notes, mut note) = (Vec::new(), String::new());
    for line in body.lines() {
        if note.is_empty() && !line.starts_with(begins) {
            continue;
        }
        note.push_str(line);
        note.push('\n');
        if line.starts_with('\u{2014}') {
            notes.push(std::mem::take(&mut note));
        }
    }
    notes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_log_is_verified_whole_and_one_entry_in_it_is_missed() {
    let app = TestApp::start().await;
    some_history(&app).await;
    signed(&app).await;
    let (export, _) = exported(&app).await;
    let signer = Signer::open(&app.store.pools.engine, &app.store.vault);
    let signer = signer.await.unwrap();
    let (desk, entries) = (Desk::new(), scale::size(ENTRIES.0, ENTRIES.1));
    let (whole, torn) = (desk.path("whole.ndjson"), desk.path("torn.ndjson"));
    let key = forger::write_long(&export, entries, &signer, (&whole, None));
    forger::write_long(&export, entries, &signer, (&torn, Some(entries / 2)));
    let started = std::time::Instant::now();
    let verified = std::process::Command::new(verifier())
        .args([whole.to_str().unwrap(), "--key", &key])
        .output()
        .unwrap();
    let seconds = started.elapsed().as_secs_f64();
    let said = String::from_utf8_lossy(&verified.stdout);
    eprintln!("{entries} entries verified in {seconds:.2} s by a debug build");
    assert_eq!(verified.status.code(), Some(0), "{said}");
    assert!(said.contains(&entries.to_string()), "{said}");
    let missed = std::process::Command::new(verifier())
        .args([torn.to_str().unwrap(), "--key", &key])
        .output()
        .unwrap();
    assert_eq!(missed.status.code(), Some(2), "{missed:?}");
}

#[test]
fn notes_are_read_out_of_a_mail() {
    let body = "Keep these:\n\nlog/a\n3\nroot=\n\n\u{2014} log/a sig\n\nlog/b\n4\nroot=\n\n\u{2014} log/b sig\n";
    let notes = notes_in(body, "log");
    assert_eq!(notes.len(), 2);
    assert_eq!(notes[1], "log/b\n4\nroot=\n\n\u{2014} log/b sig\n");
}
