//! Language models in both styles: scripted answers, tools, what they cost, and how they fail.

use integrations::anthropic::Anthropic;
use integrations::completions::{Completion, Ending, Prompt, Tool, Turn};
use integrations::openai::OpenAi;
use integrations::outcome::{Failure, FailureKind};
use integrations::secret::Secret;
use serde_json::{Value, json};

use crate::given::{Bench, bench};

fn prompt(message_id: &str, said: &str) -> Prompt {
    Prompt {
        message_id: message_id.into(),
        model: "small".into(),
        system: Some("Be brief.".into()),
        turns: vec![Turn::User(said.into())],
        tools: vec![Tool {
            name: "check_availability".into(),
            description: "Free slots of a day".into(),
            parameters: json!({"type": "object", "properties": {"date": {"type": "string"}}}),
        }],
        max_output_tokens: 100,
        ..Prompt::default()
    }
}

async fn ask_both(bench: &Bench, prompt: &Prompt) -> [Result<Completion, Failure>; 2] {
    let openai = OpenAi::new(
        bench.http.clone(),
        bench.url("/openai"),
        Secret::new("sk-test"),
    );
    let anthropic = Anthropic::new(
        bench.http.clone(),
        bench.url("/anthropic"),
        Secret::new("sk-ant-test"),
    );
    [
        openai.complete(prompt).await,
        anthropic.complete(prompt).await,
    ]
}

#[tokio::test]
async fn both_styles_answer_call_tools_and_say_what_it_cost() {
    let bench = bench().await;
    let call = json!({"when": "friday", "say": "Let me see.",
        "call": {"name": "check_availability", "arguments": {"date": "2026-03-13"}}});
    bench.post("/sandbox/answers", &call).await;
    for completion in ask_both(&bench, &prompt("m1", "Is FRIDAY free?")).await {
        let completion = completion.unwrap();
        assert_eq!(completion.ending, Ending::ToolCalls);
        assert_eq!(completion.text, "Let me see.");
        assert_eq!(completion.calls[0].arguments, json!({"date": "2026-03-13"}));
        assert_eq!(completion.cost.model_asked, "small");
        assert!(completion.cost.provider_request_id.is_some());
        assert!(completion.cost.input_tokens > 10 && completion.cost.output_tokens > 5);
        assert!(completion.left.requests.is_some());
    }
    for completion in ask_both(&bench, &prompt("m2", "Hello")).await {
        let completion = completion.unwrap();
        assert_eq!(
            (completion.text.as_str(), completion.ending),
            ("You said: Hello", Ending::Finished)
        );
    }
    let effects = bench.get("/sandbox/effects").await;
    assert_eq!(
        effects["effects"],
        json!({"m1": {"completion": 2}, "m2": {"completion": 2}})
    );
}

#[tokio::test]
async fn a_long_answer_is_cut_off_and_says_so() {
    let bench = bench().await;
    bench
        .post("/sandbox/answers", &json!({"say": "x".repeat(2_000)}))
        .await;
    for completion in ask_both(&bench, &prompt("m1", "Go on")).await {
        let completion = completion.unwrap();
        assert_eq!(completion.ending, Ending::Length);
        assert_eq!(completion.cost.output_tokens, 100);
    }
}

#[tokio::test]
async fn models_fail_in_their_own_ways() {
    let bench = bench().await;
    let both = |order: Value| json!({"openai": order, "anthropic": order});
    for (order, expected) in [
        (
            json!({"status": 429, "retry_after_seconds": 2}),
            FailureKind::NotSent,
        ),
        (json!({"status": 500}), FailureKind::Transient),
        (
            json!({"status": 500, "should_retry": false}),
            FailureKind::Refused,
        ),
        (json!({"status": 401}), FailureKind::Auth),
        (json!({"status": "reset"}), FailureKind::Unknown),
        (json!({"status": "truncate"}), FailureKind::Unknown),
    ] {
        bench.fault(both(order.clone())).await;
        for outcome in ask_both(&bench, &prompt("m1", "Hello")).await {
            let failure = outcome.unwrap_err();
            assert_eq!(failure.kind, expected, "{order}: {failure}");
        }
    }
    bench.fault(json!({"anthropic": {"status": 529}})).await;
    let [_, overloaded] = ask_both(&bench, &prompt("m1", "Hello")).await;
    assert_eq!(overloaded.unwrap_err().kind, FailureKind::NotSent);
}
