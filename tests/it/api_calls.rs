//! The API as Schemathesis calls it: whatever is sent, the answer is one that the description names, and never a fault of
//! ours.

use tests::app::TestApp;
use tests::{oracles, scale};

/// Calls that a run at full size must come to.
const MOST: usize = 20_000;
/// So few would mean that hardly an operation was called.
const FEWEST: usize = 60;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_sent_the_answer_is_one_that_the_description_names() {
    let app = TestApp::start().await;
    // What is invented gets messages that nobody can deliver.
    app.claim_undelivered();
    let examples = scale::size(1, 120).to_string();
    let phases = ["fuzzing", "examples,coverage,fuzzing,stateful"][scale::size(0, 1)];
    let key = &app.tenant.owner.key;
    let arguments = [app.base_url.as_str(), key, &examples, phases, "1"];
    let said = oracles::ask("api_calls.py", &arguments, String::new()).await;
    let last = said.lines().last().unwrap_or_default();
    let calls: Option<usize> = last
        .strip_prefix("ok ")
        .and_then(|calls| calls.parse().ok());
    let enough = scale::size(FEWEST, MOST);
    assert!(calls.is_some_and(|calls| calls >= enough), "{said}");
}
