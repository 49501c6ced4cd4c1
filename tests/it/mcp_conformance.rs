//! The official conformance suite of the Model Context Protocol on our transport, in both eras of the protocol. Each of its
//! scenarios for servers is either run here or named with why it cannot say anything about a server that has tools of its own
//! trade and nothing else; a scenario that a newer suite brings is neither, and fails.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tests::app::TestApp;
use tests::given::text;
use tests::oracles;

/// The newest protocol of the older era, the oldest that hosts still speak, and the newer era.
const REVISIONS: [&str; 3] = ["2025-06-18", "2025-11-25", "2026-07-28"];

/// Scenarios that judge a server as it is.
const RUN: &[&str] = &[
    "caching",
    "dns-rebinding-protection",
    "http-header-validation",
    "input-required-result-unsupported-methods",
    "ping",
    "server-initialize",
    "server-session-lifecycle",
    "server-stateless",
    "tools-list",
];

const DIAGNOSTIC: &str = "calls a tool that only a server written for the suite has";
const NO_PROMPTS: &str = "we declare no prompts and answer method-not-found";
const NO_RESOURCES: &str = "we declare no resources and answer method-not-found";
const NO_INPUT: &str = "no tool of ours asks back; what a person decides is an approval";
const NO_TASKS: &str =
    "an extension that we do not declare; no tool of ours runs for longer than a request";
const NO_STREAMS: &str = "there are no sessions, and every answer is one whole document";

/// Scenarios, by how their names begin, that would judge what we do not have.
const LEFT_OUT: &[(&str, &str)] = &[
    (
        "completion-complete",
        "we declare no completions and answer method-not-found",
    ),
    ("elicitation-", NO_INPUT),
    (
        "http-custom-header-server-validation",
        "no tool of ours wants its arguments in headers",
    ),
    ("input-required-result-", NO_INPUT),
    ("json-schema-2020-12", DIAGNOSTIC),
    (
        "logging-set-level",
        "we declare no logging and answer method-not-found",
    ),
    ("prompts-", NO_PROMPTS),
    ("resources-", NO_RESOURCES),
    ("sep-2164-resource-not-found", NO_RESOURCES),
    ("sep-2640-skills-", "an extension that we do not declare"),
    ("server-sse-", NO_STREAMS),
    ("tasks-", NO_TASKS),
    ("tools-call-", DIAGNOSTIC),
];

/// Checks within scenarios that are run, which want what we do not have. They must fail: one that passes is struck from here.
const UNFIT: &[(&str, &str)] = &[
    ("sep-2549-prompts-list-caching-hints", NO_PROMPTS),
    ("sep-2549-resources-list-caching-hints", NO_RESOURCES),
    (
        "sep-2549-resources-templates-list-caching-hints",
        NO_RESOURCES,
    ),
    (
        "sep-2575-http-server-no-independent-requests-on-stream",
        DIAGNOSTIC,
    ),
    ("sep-2575-missing-capability-http-400", DIAGNOSTIC),
    ("sep-2575-server-no-log-without-loglevel", DIAGNOSTIC),
    ("sep-2575-server-rejects-undeclared-capability", DIAGNOSTIC),
];

fn names(scenario: &str, list: &[(&str, &str)]) -> bool {
    list.iter().any(|(name, _)| scenario.starts_with(name))
}

/// Each scenario that is run, in each revision that it is for.
fn runs(scenarios: &Value) -> Vec<Value> {
    let scenarios = scenarios.as_array().expect("a list");
    let mut runs = Vec::new();
    for scenario in scenarios {
        let revisions = scenario["revisions"].as_array().expect("revisions");
        for revision in REVISIONS
            .iter()
            .filter(|one| revisions.contains(&json!(one)))
        {
            if RUN.contains(&text(scenario, "scenario")) {
                runs.push(json!({ "scenario": scenario["scenario"], "revision": revision }));
            }
        }
    }
    runs
}

/// The suite's list of scenarios, and what came of these runs.
async fn judged(app: &TestApp, runs: &[Value]) -> (Value, Vec<Value>) {
    let url = format!("{}/mcp", app.base_url);
    let asked = json!({ "url": url, "key": app.tenant.agent.key, "runs": runs });
    let said = oracles::ask("mcp_conformance.cjs", &[], asked.to_string()).await;
    let mut lines = said
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("a line of JSON"));
    (lines.next().expect("a list of scenarios"), lines.collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_official_suite_finds_no_fault_in_either_era() {
    let app = TestApp::start_public(|_| ()).await;
    let (scenarios, _) = judged(&app, &[]).await;
    for scenario in scenarios.as_array().expect("a list") {
        let name = text(scenario, "scenario");
        let known = RUN.contains(&name) || names(name, LEFT_OUT);
        assert!(known, "{name}: run it, or say why it cannot be run");
    }
    let runs = runs(&scenarios);
    let (_, results) = judged(&app, &runs).await;
    assert_eq!(results.len(), runs.len());
    let mut faults = Vec::new();
    let mut passed: BTreeMap<String, usize> = BTreeMap::new();
    for result in &results {
        let which = format!("{} {}", result["scenario"], result["revision"]);
        for check in result["checks"].as_array().expect("checks") {
            let (id, is_fit) = (text(check, "id"), !names(text(check, "id"), UNFIT));
            match text(check, "status") {
                "SUCCESS" if is_fit => *passed.entry(which.clone()).or_default() += 1,
                "SUCCESS" => faults.push(format!("{which}: {id} passes; strike it from the list")),
                "INFO" | "SKIPPED" => {}
                _ if !is_fit => {}
                status => faults.push(format!("{which}: {status} {id}: {}", check["error"])),
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    // The life of sessions is told to be none of ours; every other scenario must have judged something.
    for result in results
        .iter()
        .filter(|one| one["scenario"] != "server-session-lifecycle")
    {
        let which = format!("{} {}", result["scenario"], result["revision"]);
        assert!(passed.contains_key(&which), "{which}: {}", result["said"]);
    }
    for revision in REVISIONS {
        assert!(
            passed.keys().any(|which| which.contains(revision)),
            "{revision}: {passed:?}"
        );
    }
}
