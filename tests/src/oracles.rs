//! Judges from outside, written in Python and JavaScript over the vendors' own libraries: set up once, asked by lines of JSON.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

use crate::sources;

/// The one that wants a newer Node.js than the others.
const CONFORMANCE: &str = "mcp_conformance.cjs";

/// What an oracle prints for this input; a failing one fails the test.
pub async fn ask(script: &str, arguments: &[&str], input: String) -> String {
    let (script, arguments) = (
        script.to_owned(),
        arguments
            .iter()
            .map(|text| (*text).to_owned())
            .collect::<Vec<_>>(),
    );
    let asking = tokio::task::spawn_blocking(move || {
        let mut command = if script.ends_with(".cjs") {
            let (node, packages) = match script.as_str() {
                CONFORMANCE => newer_node(),
                _ => node(),
            };
            let mut command = Command::new(node);
            command.env("NODE_PATH", packages);
            command
        } else {
            Command::new(python())
        };
        command.arg(path(&script)).args(arguments);
        run(&script, command, &input)
    });
    asking.await.expect("the oracle answers")
}

/// What the libraries of Standard Webhooks and of Svix say of each case, which those in Python and those in JavaScript must
/// agree on.
pub async fn webhook_receivers(cases: &[Value]) -> Vec<String> {
    let lines: Vec<String> = cases.iter().map(Value::to_string).collect();
    let lines = lines.join("\n");
    let python = ask("webhook_receivers.py", &[], lines.clone()).await;
    let node = ask("webhook_receivers.cjs", &[], lines).await;
    assert_eq!(python, node, "the libraries do not agree");
    python.lines().map(str::to_owned).collect()
}

/// A program that runs this script with the npm packages.
pub fn node_program(script: &str) -> Command {
    let (node, packages) = node();
    let mut command = Command::new(node);
    command.env("NODE_PATH", packages).arg(path(script));
    command
}

fn path(script: &str) -> PathBuf {
    sources::root().join("tests/oracles").join(script)
}

fn run(script: &str, mut command: Command, input: &str) -> String {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it runs");
    let mut stdin = child.stdin.take().expect("it listens");
    let output = std::thread::scope(|scope| {
        // Written beside the reading, so that neither side waits for the other's full pipe.
        scope.spawn(move || stdin.write_all(input.as_bytes()).expect("it reads"));
        child.wait_with_output().expect("it ends")
    });
    assert!(
        output.status.success(),
        "{script}: {}",
        String::from_utf8_lossy(&output.stdout)
    );
    String::from_utf8(output.stdout).expect("it speaks text")
}

/// The environment's interpreter, made when it is missing.
fn python() -> PathBuf {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    let make = || PathBuf::from(bootstrap("python").trim()).join("python");
    PYTHON.get_or_init(make).clone()
}

/// Node.js, and where its packages lie.
fn node() -> (PathBuf, PathBuf) {
    static NODE: OnceLock<(PathBuf, PathBuf)> = OnceLock::new();
    NODE.get_or_init(|| node_of("npm")).clone()
}

fn newer_node() -> (PathBuf, PathBuf) {
    static NODE: OnceLock<(PathBuf, PathBuf)> = OnceLock::new();
    NODE.get_or_init(|| node_of("npm-new")).clone()
}

fn node_of(what: &str) -> (PathBuf, PathBuf) {
    let printed = bootstrap(what);
    let (programs, packages) = printed.trim().split_once('\n').expect("two directories");
    (
        PathBuf::from(programs).join("node"),
        PathBuf::from(packages),
    )
}

/// What the script prints once all is there.
fn bootstrap(what: &str) -> String {
    let output = Command::new(sources::root().join("scripts/bootstrap"))
        .arg(what)
        .output();
    let output = output.expect("scripts/bootstrap runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}
