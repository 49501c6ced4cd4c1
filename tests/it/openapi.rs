//! The description of the API: complete, valid by the OpenAPI initiative's own schema, and true.

use std::collections::BTreeSet;

use serde_json::Value;
use tests::app::TestApp;
use tests::given::text;
use tests::oracles;

#[tokio::test]
async fn the_openapi_initiatives_own_schema_accepts_it() {
    let document = server::http::openapi::document().to_string();
    let said = oracles::ask("openapi_document.py", &[], document).await;
    assert_eq!(said.trim(), "ok");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_public_command_and_query_is_described_and_no_other() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let document = owner.get("/openapi.json").await.ok();
    let described: BTreeSet<&str> = document["paths"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let commands =
        commands::registry::public().map(|command| format!("/commands/{}", command.name));
    let queries = queries::registry::list().map(|query| format!("/queries/{}", query.entry.name));
    let expected: BTreeSet<String> = commands.chain(queries).collect();
    for path in &expected {
        assert!(described.contains(path.as_str()), "{path} is not described");
    }
    let is_named = |path: &&&str| {
        (path.starts_with("/commands/") || path.starts_with("/queries/")) && !path.contains('{')
    };
    assert_eq!(described.iter().filter(is_named).count(), expected.len());
    assert!(
        !document.to_string().contains("expire-booking"),
        "an internal command is shown"
    );
}

#[test]
fn every_reference_leads_somewhere_and_every_operation_has_a_name_of_its_own() {
    let document = server::http::openapi::document();
    let (mut names, mut broken) = (Vec::new(), Vec::new());
    visit(&document, &mut |value| {
        names.extend(
            value
                .get("operationId")
                .and_then(Value::as_str)
                .map(str::to_owned),
        );
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            let found = reference
                .strip_prefix('#')
                .and_then(|pointer| document.pointer(pointer));
            if found.is_none() {
                broken.push(reference.to_owned());
            }
        }
    });
    assert!(broken.is_empty(), "{broken:?}");
    let distinct: BTreeSet<&String> = names.iter().collect();
    assert_eq!(distinct.len(), names.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn schemas_are_served_by_name_and_are_schemas() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    for (list, key) in [
        ("/schemas/commands", "commands"),
        ("/schemas/queries", "queries"),
    ] {
        let listed = owner.get(list).await.ok();
        for entry in listed[key].as_array().unwrap() {
            for field in ["name", "title", "description", "permission"] {
                assert!(!text(entry, field).is_empty(), "{field} of {entry}");
            }
            let schema = owner.get(text(entry, "schema")).await.ok();
            assert!(
                jsonschema::meta::is_valid(&schema),
                "{}",
                text(entry, "name")
            );
            let root = match schema["$ref"].as_str() {
                Some(reference) => schema.pointer(reference.trim_start_matches('#')).unwrap(),
                None => &schema,
            };
            assert_eq!(
                root["additionalProperties"],
                false,
                "{}",
                text(entry, "name")
            );
        }
    }
    owner
        .get("/schemas/commands/expire-booking")
        .await
        .refused(404, "command-unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_documentation_loads_nothing_from_elsewhere() {
    let app = TestApp::start().await;
    let page = app.tenant.owner.get("/docs").await;
    assert_eq!(page.status, 200);
    for command in commands::registry::public() {
        assert!(
            page.text.contains(&format!("/commands/{}", command.name)),
            "{}",
            command.name
        );
    }
    for loader in ["<script", "<link", "<img", "<iframe", "@import", "src="] {
        assert!(!page.text.contains(loader), "{loader}");
    }
    assert!(
        page.header("content-security-policy")
            .is_some_and(|policy| policy.contains("default-src 'none'"))
    );
}

fn visit(value: &Value, look: &mut impl FnMut(&Value)) {
    look(value);
    match value {
        Value::Object(fields) => fields.values().for_each(|field| visit(field, look)),
        Value::Array(items) => items.iter().for_each(|item| visit(item, look)),
        _ => {}
    }
}
