//! Every refusal that commands of the business can answer is one of two: the answer holds enough to send the command again
//! and succeed, which is shown here, or no other body would help, and why is said here.

use std::collections::BTreeSet;

use serde_json::Value;
use tests::app::TestApp;
use tests::client::Reply;
use tests::given;
use tests::retrying::Call;
use tests::sources;

use crate::retry_scenes::{Scene, Stage, shown};

/// So many answers in a row may each ask for something else.
const MOST_TRIES: usize = 4;
/// Where refusals of this business are made.
const PLACES: &[&str] = &[
    "domain/src/bookings",
    "domain/src/chefs",
    "domain/src/conversations",
    "domain/src/customers",
    "domain/src/journey_runs",
    "domain/src/journeys",
    "domain/src/payments",
    "domain/src/templates",
    "domain/src/slots.rs",
    "domain/src/values.rs",
    "domain/src/money.rs",
    "commands/src/bookings",
    "commands/src/chefs.rs",
    "commands/src/conversations",
    "commands/src/customers",
    "commands/src/journeys",
    "commands/src/payments",
    "commands/src/templates.rs",
    "commands/src/dispatch.rs",
    "commands/src/kept.rs",
    "commands/src/approvals/budgets.rs",
    "commands/src/approvals/bulk.rs",
    "commands/src/approvals/gate.rs",
];

const ENDED: &str = "what has ended stays so; a new booking is another intent";
const OURS: &str = "ids of new records are made by us; nobody can send one that is taken";
const NOBODY: &str = "there is nothing by that id, and no answer may name other people's records";
const FULL: &str = "a limit of what one record holds; a person decides what goes";
const OTHERS: &str = "what is asked for is known by the caller's own side alone";
const INSIDE: &str = "only our own relay sends such a command";
const CONSENT: &str = "only the customer can change it";
const BEHIND: &str = "it is so already, by another hand";

/// Codes that no retry cures, with why.
const NO_RETRY: &[(&str, &str)] = &[
    (
        "payment-link",
        "no code: the name of a template, which the scan cannot tell apart",
    ),
    (
        "sample-missing",
        "the author's own words; the message says which are wanted",
    ),
    ("url-invalid", OTHERS),
    (
        "variable-invalid",
        "the author's own name; the message says of what it may be made",
    ),
    (
        "variable-twice",
        "one of two declarations goes; which, the author knows",
    ),
    (
        "snooze-out-of-range",
        "the moment is the caller's own; the sentence says how far it may be",
    ),
    ("date-invalid", "the schema says it first"),
    ("address-missing", OTHERS),
    ("address-unreachable", CONSENT),
    (
        "agent-limit-reached",
        "time cures it; again_at and Retry-After say when, and tests/it/agent_limits.rs shows it",
    ),
    (
        "agent-not-allowed",
        "the business does not let agents do this at all",
    ),
    ("amount-out-of-range", INSIDE),
    (
        "approval-required",
        "a person cures it; tests/it/approvals.rs sends the same again under the approval that the answer names",
    ),
    (
        "booking-chef-assigned",
        "a held chef gives way to an assigned one in our own steps only",
    ),
    ("booking-exists", OURS),
    ("booking-missing", OTHERS),
    ("booking-not-found", NOBODY),
    (
        "booking-total-below-deposit",
        "the price book lies between; the party that the customer agreed to stays",
    ),
    ("call-invalid", INSIDE),
    (
        "canned-reply-invalid",
        "the text's braces do not pair; the message says where, and the words are the author's",
    ),
    ("canned-reply-not-found", OTHERS),
    ("channel-invalid", INSIDE),
    (
        "channels-differ",
        "threads of different channels never become one",
    ),
    ("chef-exists", OURS),
    ("chef-not-found", NOBODY),
    ("consent-missing", CONSENT),
    ("consent-withdrawn", CONSENT),
    ("contact-missing", OTHERS),
    ("content-missing", OTHERS),
    ("content-type-invalid", INSIDE),
    ("copied-letter-unknown", INSIDE),
    (
        "currency-invalid",
        "settings of the business, not of this trade",
    ),
    ("customer-exists", OURS),
    ("customer-not-found", NOBODY),
    ("customer-not-merged", BEHIND),
    ("customer-unreachable", OTHERS),
    ("customers-equal", OTHERS),
    (
        "date-range-reversed",
        "two dates are wanted; the message says in which order",
    ),
    (
        "date-range-too-long",
        "two dates are wanted; the message says how far apart",
    ),
    ("erasure-requested", "the person is being forgotten"),
    ("file-id-invalid", INSIDE),
    ("idempotency-key-invalid", "a header, told in its sentence"),
    (
        "language-invalid",
        "settings of templates; the message gives examples",
    ),
    ("list-too-long", FULL),
    ("merge-limit-reached", FULL),
    ("message-unknown", INSIDE),
    ("message-unnamed", INSIDE),
    ("metadata-too-large", FULL),
    ("name-invalid", OTHERS),
    ("note-limit-reached", FULL),
    ("opted-out", CONSENT),
    ("part-unknown", OTHERS),
    ("party-too-large", "the schema says it first"),
    ("party-without-adult", "the schema says it first"),
    (
        "payment-currency-mismatch",
        "a payment is in the currency that it came in",
    ),
    ("payment-exists", OURS),
    ("payment-limit-reached", FULL),
    ("payment-not-found", NOBODY),
    ("payment-not-matched", INSIDE),
    (
        "payment-reference-taken",
        "it is recorded already; the answer names the payment",
    ),
    ("payment-refunded", BEHIND),
    ("provider-id-invalid", INSIDE),
    ("provider-missing", INSIDE),
    (
        "records-too-many",
        "fewer records at once; the sentence says how many",
    ),
    ("refund-amount-invalid", "the schema says it first"),
    ("refund-currency-mismatch", INSIDE),
    ("refund-limit-reached", FULL),
    ("refund-not-by-hand", "the provider gives this one back"),
    ("refund-not-found", NOBODY),
    (
        "region-unknown",
        "settings of the business, not of this trade",
    ),
    ("slot-invalid", "the schema says it first"),
    (
        "slots-overlap",
        "settings of the business, not of this trade",
    ),
    ("slug-taken", "opening a business, not a trade of it"),
    ("subject-erased", "the person is forgotten"),
    ("subject-restricted", "the person wants their data to rest"),
    (
        "subject-invalid",
        "one line is wanted; where to cut is the author's",
    ),
    ("tag-limit-reached", FULL),
    ("template-channel-unknown", OTHERS),
    ("template-draft-missing", OTHERS),
    (
        "template-fixed",
        "a template stays of its channel and language",
    ),
    (
        "template-invalid",
        "the line that is wrong is named; the words are the author's",
    ),
    ("template-limit-reached", FULL),
    ("template-not-found", NOBODY),
    ("template-not-published", OTHERS),
    ("template-too-long", "the words are the author's"),
    ("text-missing", OTHERS),
    (
        "thread-backlogged",
        "time cures it: messages wait to be sent",
    ),
    ("thread-exists", OURS),
    ("thread-not-found", NOBODY),
    ("thread-without-customer", OTHERS),
    ("threads-equal", OTHERS),
    ("time-in-future", OTHERS),
    ("time-off-too-long", FULL),
    ("variable-may-be-missing", "the words are the author's"),
    ("variable-missing", OTHERS),
    ("variable-unknown", OTHERS),
    ("visitor-invalid", INSIDE),
    ("zone-missing", OTHERS),
    ("booking-completed", ENDED),
    ("booking-cancelled", ENDED),
    ("booking-expired", ENDED),
    ("booking-no-show", ENDED),
];

/// What was answered: a status and a body.
async fn send(stage: &Stage<'_>, call: &Call) -> (u16, Value) {
    if let Some(at) = call.at {
        let sent = stage
            .app
            .command_at(at, &call.name, call.body.clone())
            .await;
        return match sent {
            Ok(answer) => (200, answer),
            Err(event_store::error::Error::Refused(refusal)) => {
                (409, serde_json::to_value(*refusal).unwrap())
            }
            Err(error) => panic!("{call:?}: {error}"),
        };
    }
    let client = match call.by_agent {
        true => &stage.app.tenant.agent,
        false => stage.owner,
    };
    let fresh = uuid::Uuid::new_v4().to_string();
    let key = call.key.clone().unwrap_or(fresh);
    let mut request = client
        .request(reqwest::Method::POST, &format!("/commands/{}", call.name))
        .json(&call.body);
    if !key.is_empty() {
        request = request.header("idempotency-key", key);
    }
    if let Some(sequence) = call.if_match {
        request = request.header("if-match", format!("\"{sequence}\""));
    }
    let reply: Reply = client.send(request).await;
    (reply.status, reply.json())
}

fn is(problem: &Value, code: &str) -> bool {
    problem["code"] == code || problem["errors"][0]["code"] == code
}

/// Plays a scene: it is refused with that code, and what is built from the answers goes through.
async fn play(stage: &Stage<'_>, code: &str, scene: Scene) -> Result<(), String> {
    let mut call = scene(stage).await;
    let (mut status, mut problem) = send(stage, &call).await;
    if status == 200 || !is(&problem, code) {
        return Err(format!("{code}: {call:?} was answered {status} {problem}"));
    }
    for _ in 0..MOST_TRIES {
        let mut found = Value::Null;
        if let Some(first) = call.first(&problem) {
            let (status, answer) = send(stage, &first).await;
            if status != 200 {
                return Err(format!("{code}: {first:?} was answered {status} {answer}"));
            }
            found = answer["result"].clone();
            // What was sent is known; only what it brought is new.
            if let Some(found) = found.as_object_mut() {
                found.retain(|field, value| !value.is_null() && first.body.get(field).is_none());
            }
        }
        let again = call.again(&problem, &found);
        call = again.map_err(|lack| format!("{code}: {call:?}: {lack}"))?;
        (status, problem) = send(stage, &call).await;
        if status == 200 {
            return Ok(());
        }
    }
    Err(format!(
        "{code}: at last {call:?} was answered {status} {problem}"
    ))
}

#[tokio::test(flavor = "multi_thread")]
async fn from_every_refusal_the_successful_retry_is_built_from_the_answer_alone() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    given::chef(owner, "Kenji").await;
    let mut wrong = Vec::new();
    for (number, (code, scene)) in shown().into_iter().enumerate() {
        let stage = Stage {
            app: &app,
            owner,
            number,
        };
        wrong.extend(play(&stage, code, scene).await.err());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    app.claim_undelivered();
}

/// The first text literals of a piece of source.
fn literals(source: &str) -> impl Iterator<Item = &str> {
    source.split('"').skip(1).step_by(2)
}

fn is_code(text: &str) -> bool {
    let word = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase());
    text.contains('-') && text.split('-').all(word)
}

/// The codes that stand in a source as the code of a refusal or of a field.
fn codes_in(source: &str) -> BTreeSet<String> {
    const WITH_CODE_FIRST: &[&str] = &[
        "Refusal::conflict(",
        "Refusal::invalid(",
        "Refusal::malformed(",
        "Refusal::not_found(",
        "Refusal::forbidden(",
    ];
    let product = source.split("#[cfg(test)]").next().unwrap_or_default();
    let mut found = BTreeSet::new();
    for marker in WITH_CODE_FIRST {
        let after = product.split(marker).skip(1).map(str::trim_start);
        let named = after.filter(|rest| rest.starts_with('"'));
        found.extend(named.filter_map(|rest| literals(rest).next()));
    }
    for marker in ["Refusal::field(", ".add("] {
        for rest in product.split(marker).skip(1).map(str::trim_start) {
            let place = usize::from(rest.starts_with(['"', '&']));
            found.extend(literals(rest).nth(place));
        }
    }
    for rest in product.split("Kind::").skip(1) {
        let rest = rest.trim_start_matches(char::is_alphabetic);
        let named = rest.strip_prefix(',').map(str::trim_start);
        let named = named.filter(|rest| rest.starts_with('"'));
        found.extend(named.and_then(|rest| literals(rest).next()));
    }
    let codes = found.into_iter().filter(|code| is_code(code));
    codes.map(str::to_owned).collect()
}

#[test]
fn every_refusal_code_has_a_retry_or_a_reason() {
    let sources = sources::with_ending(".rs");
    let ours =
        |path: &str| PLACES.iter().any(|place| path.starts_with(place)) && !path.contains("/tests");
    let made: BTreeSet<String> = sources
        .iter()
        .filter(|source| ours(&source.path))
        .flat_map(|source| codes_in(&source.text))
        .collect();
    assert!(made.len() > 80, "the scan has gone blind: {made:?}");
    let retried: BTreeSet<&str> = shown().iter().map(|(code, _)| *code).collect();
    let reasons = NO_RETRY.iter().chain(crate::retry_journeys::NO_RETRY);
    let reasons: BTreeSet<&str> = reasons.map(|(code, _)| *code).collect();
    let missing: Vec<&String> = made
        .iter()
        .filter(|code| !retried.contains(code.as_str()) && !reasons.contains(code.as_str()))
        .collect();
    assert!(
        missing.is_empty(),
        "neither a retry nor a reason: {missing:?}"
    );
    let both: Vec<_> = retried.intersection(&reasons).collect();
    assert!(both.is_empty(), "a retry and a reason against it: {both:?}");
}
