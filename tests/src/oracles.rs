//! Judges from outside, written in Python and JavaScript over the vendors' own libraries: set up once, asked by lines of JSON.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::sources;

/// What an oracle prints for this input; a failing one fails the test.
pub async fn ask(script: &str, arguments: &[&str], input: String) -> String {
    let (script, arguments) = (
        script.to_owned(),
        arguments
            .iter()
            .map(|text| (*text).to_owned())
            .collect::<Vec<_>>(),
    );
    let asking = tokio::task::spawn_blocking(move || run(&script, &arguments, &input));
    asking.await.expect("the oracle answers")
}

fn run(script: &str, arguments: &[String], input: &str) -> String {
    let mut command = if script.ends_with(".cjs") {
        let mut command = Command::new(made("node").join("node"));
        command.env("NODE_PATH", packages().join("node_modules"));
        command
    } else {
        Command::new(python())
    };
    command
        .arg(sources::root().join("tests/oracles").join(script))
        .args(arguments);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python runs");
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
    PYTHON.get_or_init(|| made("python").join("python")).clone()
}

/// Where the npm packages lie, fetched when they are missing.
fn packages() -> PathBuf {
    static PACKAGES: OnceLock<PathBuf> = OnceLock::new();
    PACKAGES.get_or_init(|| made("packages")).clone()
}

/// The directory that the bootstrap script prints once it has made what is asked for.
fn made(what: &str) -> PathBuf {
    let output = Command::new(sources::root().join("scripts/bootstrap"))
        .arg(what)
        .output();
    let output = output.expect("scripts/bootstrap runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    PathBuf::from(String::from_utf8_lossy(&output.stdout).trim())
}
