//! What the program is built of: listed licences, one registry, none of the banned crates, versions that are locked,
//! and none that an advisory is about. The lists are those of deny.toml, so that `cargo deny` and this agree; the
//! advisories are those of advisories.toml beside this file.

use std::collections::BTreeSet;
use std::process::Command;

use semver::{Version, VersionReq};
use serde_json::Value;
use tests::sources;

/// So few would mean that the look has gone blind.
const FEWEST_PACKAGES: usize = 100;
const FEWEST_ADVISORIES: usize = 50;
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

/// A file of the project.
fn file(path: &str) -> String {
    std::fs::read_to_string(sources::root().join(path)).expect(path)
}

/// The first text of each entry of a list in deny.toml.
fn list(name: &str) -> BTreeSet<String> {
    let text = file("deny.toml");
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

/// What is on record of one advisory.
struct Advisory {
    id: String,
    package: String,
    informational: Option<String>,
    patched: Vec<VersionReq>,
    unaffected: Vec<VersionReq>,
}

impl Advisory {
    /// A pre-release is in a range only if the range names one of the same version: in doubt it counts as affected.
    fn is_about(&self, version: &Version) -> bool {
        let mut sound = self.patched.iter().chain(&self.unaffected);
        !sound.any(|range| range.matches(version))
    }

    /// What would be right instead of this version.
    fn advice(&self) -> String {
        let patched: Vec<String> = self.patched.iter().map(VersionReq::to_string).collect();
        if patched.is_empty() {
            "no version is patched: do without it, or have deny.toml ignore it and say why"
                .to_owned()
        } else {
            format!("patched is {}", patched.join(" or "))
        }
    }
}

/// The texts of a field, be it one text or a list, in a part of a file that begins with a line break.
fn texts(part: &str, field: &str) -> Option<Vec<String>> {
    let (_, rest) = part.split_once(&format!("\n{field} = "))?;
    let end = if rest.starts_with('[') { ']' } else { '\n' };
    let (value, _) = rest.split_once(end)?;
    Some(
        value
            .split('"')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect(),
    )
}

fn text(part: &str, field: &str) -> Option<String> {
    texts(part, field)?.into_iter().next()
}

fn ranges(part: &str, field: &str) -> Vec<VersionReq> {
    let texts = texts(part, field).expect(field);
    let read = |range: &String| VersionReq::parse(range).expect(range);
    texts.iter().map(read).collect()
}

fn advisories(record: &str) -> Vec<Advisory> {
    let parts = record.split("[[advisory]]").skip(1);
    let read = |part: &str| Advisory {
        id: text(part, "id").expect("an advisory has an id"),
        package: text(part, "package").expect("an advisory is about a package"),
        informational: text(part, "informational"),
        patched: ranges(part, "patched"),
        unaffected: ranges(part, "unaffected"),
    };
    parts.map(read).collect()
}

/// Every package of the registry that a lock file names, on whichever platform it is used.
fn locked(lock: &str) -> Vec<(String, Version)> {
    let parts = lock.split("[[package]]").skip(1);
    let parts = parts.filter(|part| text(part, "source").as_deref() == Some(REGISTRY));
    let read = |part: &str| {
        let version = text(part, "version").expect("a package has a version");
        let version = Version::parse(&version).expect("cargo writes versions");
        (text(part, "name").expect("a package has a name"), version)
    };
    parts.map(read).collect()
}

/// Each advisory that is about a locked version, by its id.
fn found(lock: &str, record: &str) -> Vec<(String, String)> {
    let (locked, mut found) = (locked(lock), Vec::new());
    for advisory in advisories(record) {
        let named = locked.iter().filter(|(name, _)| *name == advisory.package);
        for (name, version) in named.filter(|(_, version)| advisory.is_about(version)) {
            let (id, advice) = (&advisory.id, advisory.advice());
            let kind = advisory.informational.as_deref().unwrap_or("vulnerable");
            found.push((
                id.clone(),
                format!("{name} {version} is {kind} ({id}); {advice}"),
            ));
        }
    }
    found
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
fn an_advisory_is_about_the_versions_that_are_neither_patched_nor_unaffected() {
    let record = r#"
crates = ["made-up", "left"]

[[advisory]]
id = "RUSTSEC-0001-0001"
package = "made-up"
date = "0001-01-01"
patched = [
    "^ 0.9.4", ">= 1.2.1, < 1.3.0",
    ">= 1.3.2",
]
unaffected = ["< 0.9.0", "=1.0.3"]

[[advisory]]
id = "RUSTSEC-0001-0002"
package = "left"
date = "0001-01-02"
informational = "unmaintained"
patched = []
unaffected = []
"#;
    let about = |name: &str, version: &str, source: &str| {
        let lock = format!(
            "version = 4\n\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = \"{source}\"\n"
        );
        found(&lock, record)
    };
    let is_affected = |version: &str| !about("made-up", version, REGISTRY).is_empty();
    for sound in "0.8.9 0.9.4 0.9.9 1.0.3 1.2.1 1.2.9+9.0 1.3.2 2.0.0".split(' ') {
        assert!(!is_affected(sound), "{sound}");
    }
    let affected = "0.9.0 0.9.3 1.0.2 1.2.0+1.2.1 1.3.0 1.3.1 1.3.2-rc.1 2.0.0-rc.1";
    for affected in affected.split(' ') {
        assert!(is_affected(affected), "{affected}");
    }
    assert_eq!(
        about("made-up", "1.3.1", REGISTRY)[0].1,
        "made-up 1.3.1 is vulnerable (RUSTSEC-0001-0001); patched is ^0.9.4 or >=1.2.1, <1.3.0 or >=1.3.2"
    );
    let (id, words) = &about("left", "7.0.0", REGISTRY)[0];
    assert_eq!(id, "RUSTSEC-0001-0002");
    assert!(
        words.starts_with("left 7.0.0 is unmaintained (RUSTSEC-0001-0002); no version is patched"),
        "{words}"
    );
    assert!(about("made-up-too", "1.3.1", REGISTRY).is_empty());
    assert!(about("left", "7.0.0", "registry+https://example.org").is_empty());
}

#[test]
fn no_locked_version_has_an_advisory_but_those_that_are_ignored() {
    let (record, ignored) = (file("tests/it/advisories.toml"), list("ignore"));
    assert!(advisories(&record).len() > FEWEST_ADVISORIES);
    let found = found(&file("Cargo.lock"), &record);
    let open = found.iter().filter(|(id, _)| !ignored.contains(id));
    let open: Vec<&str> = open.map(|(_, words)| words.as_str()).collect();
    assert!(open.is_empty(), "{}", open.join("\n"));
}

#[test]
fn what_is_ignored_of_the_advisories_has_a_reason_and_is_still_found() {
    let found = found(&file("Cargo.lock"), &file("tests/it/advisories.toml"));
    let deny = file("deny.toml");
    let lines: Vec<&str> = deny.lines().map(str::trim).collect();
    for ignored in list("ignore") {
        let is_found = found.iter().any(|(id, _)| *id == ignored);
        assert!(
            is_found,
            "deny.toml: {ignored} is about nothing locked; leave it out"
        );
        let entry = format!("\"{ignored}\",");
        let mut pairs = lines.windows(2);
        let is_explained = pairs.any(|pair| pair[0].starts_with('#') && pair[1] == entry);
        assert!(
            is_explained,
            "deny.toml: say above {ignored} why it is ignored"
        );
    }
}

#[test]
fn every_locked_crate_was_looked_up_among_the_advisories() {
    let record = file("tests/it/advisories.toml");
    let looked_up = texts(&record, "crates").expect("the record names the crates");
    let looked_up: BTreeSet<String> = looked_up.into_iter().collect();
    let locked = locked(&file("Cargo.lock"));
    assert!(locked.len() > FEWEST_PACKAGES);
    let missing: BTreeSet<&String> = locked
        .iter()
        .map(|(name, _)| name)
        .filter(|name| !looked_up.contains(*name))
        .collect();
    assert!(
        missing.is_empty(),
        "not looked up: {missing:?}; renew tests/it/advisories.toml by scripts/keep-advisories"
    );
}

#[test]
fn every_test_that_the_documents_name_is_there() {
    let text = file("docs/asvs.md");
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
