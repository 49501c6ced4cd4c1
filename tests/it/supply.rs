//! What the program is built of: listed licences, one registry, none of the banned crates, and versions that are locked.
//! The lists are those of deny.toml, so that `cargo deny` and this agree.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;
use tests::sources;

/// So few would mean that the look has gone blind.
const FEWEST_PACKAGES: usize = 100;
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Every package of the lock file, as cargo knows it.
fn packages() -> Vec<Value> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .args(["--filter-platform", "x86_64-unknown-linux-gnu"])
        .current_dir(sources::root())
        .output();
    let output = output.expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo prints JSON");
    let packages = metadata["packages"]
        .as_array()
        .expect("there are packages")
        .clone();
    assert!(packages.len() > FEWEST_PACKAGES);
    packages
}

/// The first text of each entry of a list in deny.toml.
fn list(name: &str) -> BTreeSet<String> {
    let text =
        std::fs::read_to_string(sources::root().join("deny.toml")).expect("deny.toml is there");
    let start = text
        .find(&format!("\n{name} = [\n"))
        .expect("the list is there");
    let lines = text[start..]
        .lines()
        .skip(2)
        .take_while(|line| *line != "]");
    let entries = lines.filter(|line| !line.trim_start().starts_with('#'));
    let first = |line: &str| line.split('"').nth(1).map(str::to_owned);
    let found: BTreeSet<String> = entries.filter_map(first).collect();
    assert!(!found.is_empty(), "{name} is empty");
    found
}

/// Whether a licence expression can be satisfied with what is allowed (SPDX, annex D; `/` is an old "or").
fn is_allowed(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let (fits, rest) = either(&words, allowed);
    fits && rest.is_empty()
}

fn either<'a, 'b>(words: &'a [&'b str], allowed: &BTreeSet<String>) -> (bool, &'a [&'b str]) {
    let (mut fits, mut rest) = both(words, allowed);
    while let ["OR", more @ ..] = rest {
        let (other, after) = both(more, allowed);
        (fits, rest) = (fits || other, after);
    }
    (fits, rest)
}

fn both<'a, 'b>(words: &'a [&'b str], allowed: &BTreeSet<String>) -> (bool, &'a [&'b str]) {
    let (mut fits, mut rest) = one(words, allowed);
    while let ["AND", more @ ..] = rest {
        let (other, after) = one(more, allowed);
        (fits, rest) = (fits && other, after);
    }
    (fits, rest)
}

fn one<'a, 'b>(words: &'a [&'b str], allowed: &BTreeSet<String>) -> (bool, &'a [&'b str]) {
    match words {
        ["(", inner @ ..] => match either(inner, allowed) {
            (fits, [")", rest @ ..]) => (fits, rest),
            (_, rest) => (false, rest),
        },
        [name, "WITH", exception, rest @ ..] => {
            (allowed.contains(&format!("{name} WITH {exception}")), rest)
        }
        [name, rest @ ..] => (allowed.contains(*name), rest),
        [] => (false, words),
    }
}

#[test]
fn licence_expressions_are_read_as_they_are_meant() {
    let allowed = BTreeSet::from(["MIT", "ISC", "A WITH E"].map(str::to_owned));
    for fits in [
        "MIT",
        "GPL-3.0 OR MIT",
        "MIT/GPL-3.0",
        "(GPL OR MIT) AND ISC",
        "A WITH E OR GPL",
    ] {
        assert!(is_allowed(fits, &allowed), "{fits}");
    }
    for wrong in [
        "GPL-3.0",
        "MIT AND GPL-3.0",
        "(MIT OR ISC) AND GPL",
        "A",
        "",
        "MIT)",
        "(MIT",
    ] {
        assert!(!is_allowed(wrong, &allowed), "{wrong}");
    }
}

#[test]
fn every_dependency_has_a_licence_that_is_allowed_and_comes_from_the_registry() {
    let (allowed, mut wrong) = (list("allow"), Vec::new());
    for package in packages() {
        let name = package["name"].as_str().unwrap_or_default();
        let licence = package["license"].as_str().unwrap_or_default();
        if !is_allowed(licence, &allowed) {
            wrong.push(format!("{name}: licence {licence:?}"));
        }
        let source = &package["source"];
        if !source.is_null() && source != REGISTRY {
            wrong.push(format!("{name}: from {source}"));
        }
    }
    assert!(wrong.is_empty(), "see deny.toml: {}", wrong.join(", "));
}

#[test]
fn nothing_banned_is_depended_on() {
    let banned = list("deny");
    let packages = packages();
    let names = packages
        .iter()
        .filter_map(|package| package["name"].as_str());
    let found: Vec<&str> = names.filter(|name| banned.contains(*name)).collect();
    assert!(found.is_empty(), "see deny.toml: {found:?}");
}

#[test]
fn every_test_that_the_documents_name_is_there() {
    let text =
        std::fs::read_to_string(sources::root().join("docs/asvs.md")).expect("the table is there");
    let is_test =
        |name: &&str| name.len() > 24 && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    let named: BTreeSet<&str> = text.split('`').skip(1).step_by(2).filter(is_test).collect();
    assert!(named.len() > 30, "only {} tests are named", named.len());
    let files = sources::rust();
    let is_there = |name: &str| {
        let head = format!("fn {name}(");
        files.iter().any(|file| file.text.contains(&head))
    };
    let missing: Vec<&&str> = named.iter().filter(|name| !is_there(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
