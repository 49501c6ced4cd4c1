//! `kill -9` of the server while customers are on their way through a journey: nobody is lost, and each step is taken once.

use std::time::Duration;

use serde_json::{Value, json};
use tests::scale;
use tests::served::Served;
use tests::wait;
use uuid::Uuid;

/// A server lives this long at most before it is killed again.
const LONGEST_LIFE_MS: u64 = 900;
/// How long the rest may take at the end.
const SETTLING: Duration = Duration::from_secs(120);
/// Steps that can be counted afterwards: a repeated one would leave a second note.
const NOTES: usize = 5;

fn definition(name: &str) -> String {
    let note = |number| {
        format!(
            "  - command: {{ name: add-note, body: {{ customer_id: \"{{{{ customer.id }}}}\", text: \"{number}\" }} }}\n"
        )
    };
    let notes: String = (0..NOTES).map(note).collect();
    format!("journey: {name}\nversion: 1\ntrigger: {{ event: LeadCreated }}\nsteps:\n{notes}")
}

fn lead(name: &str, number: usize) -> Value {
    let email = format!("{name}-{number}@example.com");
    let body = json!({ "source": "web", "first_name": "Kay", "email": email });
    json!({ "name": "create-lead", "idempotency_key": Uuid::new_v4().to_string(), "body": body })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_step_is_taken_once_when_the_server_is_killed_on_the_way() {
    let (leads, kills) = (scale::size(12, 200), scale::size(3, 20));
    let mut served = Served::start().await;
    let owner = served.owner();
    let name = "killed-on-the-way";
    let body = json!({ "definition": definition(name) });
    owner.accepted("define-journey", body).await;
    owner
        .accepted("enable-journey", json!({ "journey": name }))
        .await;
    let batch: Vec<Value> = (0..leads).map(|number| lead(name, number)).collect();
    let request = owner.request(reqwest::Method::POST, "/commands");
    let sent = owner.send(request.json(&batch)).await.ok();
    let results = sent["results"].as_array().unwrap();
    assert!(
        results.iter().all(|result| result["status"] == 200),
        "{sent}"
    );
    for _ in 0..kills {
        let random = u64::from_be_bytes(Uuid::new_v4().as_bytes()[..8].try_into().unwrap());
        let life = Duration::from_millis(random % LONGEST_LIFE_MS);
        // The server must die at a moment that nothing in it can foresee.
        wait::for_answer::<(), _>(life, async || None).await;
        served.kill();
        served.run();
        served.ready().await;
    }
    let finished = wait::for_answer(SETTLING, async || {
        let query = format!("journey-runs?journey={name}&standing=finished&limit=200");
        let runs = owner.items(&query).await;
        (runs.len() == leads).then_some(runs)
    });
    let runs = finished.await.expect("everybody comes to the last step");
    for run in runs {
        let steps = run["steps"].as_array().unwrap();
        assert_eq!(steps.len(), NOTES, "{run}");
        let customer_id = run["customer_id"].as_str().unwrap();
        let whole = owner.item(&format!("customer-360?id={customer_id}")).await;
        assert_eq!(whole["notes"].as_array().unwrap().len(), NOTES, "{whole}");
    }
}
