//! The house rules, held by looking at the sources: what would be said in review twice stands here.

use std::collections::BTreeMap;

use tests::sources::{self, Source};

/// The longest file; a noun that grows becomes a folder.
const MAX_LINES: usize = 500;
/// The nouns of this part of the product.
const NOUNS: &[&str] = &[
    "approvals",
    "assistant_runs",
    "bookings",
    "chefs",
    "conversations",
    "customers",
    "facts",
    "imports",
    "journeys",
    "payments",
    "templates",
    "tenants",
    "views",
    "webhook_endpoints",
];

/// Who may import whom; crates of ours only. Whoever is not listed may import everything.
const ARROWS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("schema", &[]),
    ("integrations", &[]),
    ("verifier", &[]),
    ("event-store", &["domain"]),
    ("identity", &["event-store", "domain"]),
    ("projectors", &["event-store", "domain"]),
    ("queries", &["identity", "event-store", "domain"]),
    (
        "commands",
        &["queries", "identity", "event-store", "domain"],
    ),
    (
        "outbox",
        &[
            "commands",
            "queries",
            "identity",
            "integrations",
            "event-store",
            "domain",
        ],
    ),
    (
        "server",
        &[
            "commands",
            "queries",
            "projectors",
            "outbox",
            "identity",
            "integrations",
            "event-store",
            "domain",
            "schema",
        ],
    ),
];

/// Crates whose business is SQL.
const SQL_CRATES: &[&str] = &[
    "event-store",
    "queries",
    "projectors",
    "outbox",
    "identity",
    "schema",
];
/// Files elsewhere that hold SQL, each with the reason.
const SQL_FILES: &[(&str, &str)] = &[
    (
        "server/src/cli/doctor",
        "the doctor looks at the database itself",
    ),
    (
        "server/src/cli/events",
        "an operator looks at the log as it lies there, across tenants",
    ),
    (
        "server/src/operations/events",
        "an operator looks at the log as it lies there, across tenants",
    ),
    (
        "server/src/operations/webhooks.rs",
        "an operator looks at what came in, without what it says",
    ),
    (
        "server/src/embedded/login.rs",
        "provisions the private PostgreSQL before there is a schema",
    ),
    (
        "server/src/app.rs",
        "forgets answers that are too old to be asked for again",
    ),
    (
        "server/src/http/stream.rs",
        "reads which events have passed, without what they say",
    ),
];

#[test]
fn no_file_is_longer_than_a_noun_may_grow() {
    report(sources::rust(), |source| {
        let lines = source.text.lines().count();
        (lines > MAX_LINES).then(|| format!("{lines} lines; split it"))
    });
}

#[test]
fn every_file_opens_by_saying_what_it_is() {
    report(sources::rust(), |source| {
        let is_said = source.text.starts_with("//! ")
            && source
                .text
                .lines()
                .next()
                .is_some_and(|line| line.len() > 20);
        (!is_said).then(|| "the first line is no module documentation".to_owned())
    });
}

#[test]
fn crates_import_only_whom_they_may() {
    let ours: Vec<&str> = ARROWS.iter().map(|(name, _)| *name).collect();
    let manifests = sources::with_ending("Cargo.toml");
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    report(manifests, |manifest| {
        let allowed = allowed.get(manifest.folder())?;
        let names = manifest
            .text
            .lines()
            .filter_map(|line| line.split(['.', ' ', '=']).next());
        let wrong: Vec<&str> = names
            .filter(|name| ours.contains(name) && !allowed.contains(name))
            .collect();
        (!wrong.is_empty()).then(|| format!("imports {}", wrong.join(", ")))
    });
}

#[test]
fn nothing_is_imported_unnamed_or_exported_again() {
    report(sources::rust(), |source| {
        let is_wrong = |line: &&str| {
            let line = line.trim();
            let is_import = line.starts_with("use ") || line.starts_with("pub use ");
            let is_glob = is_import && line.ends_with("::*;") && line != "use super::*;";
            is_glob || line.starts_with("pub use ")
        };
        source
            .text
            .lines()
            .find(is_wrong)
            .map(|line| line.trim().to_owned())
    });
}

#[test]
fn only_integrations_call_out() {
    report(manifests_of_the_product(), |manifest| {
        let may = ["integrations"].contains(&manifest.folder());
        (!may
            && manifest
                .text
                .lines()
                .any(|line| line.starts_with("reqwest") || line.starts_with("lettre")))
        .then(|| "depends on a client of the outside".to_owned())
    });
}

#[test]
fn the_domain_reads_no_clock_and_makes_no_id() {
    let domain = sources::rust()
        .into_iter()
        .filter(|source| source.folder() == "domain")
        .collect();
    report(domain, |source| {
        let words = [
            "SystemTime::now",
            "now_utc",
            "now_local",
            "Instant::now",
            "now_v7",
            "new_v4",
            "tokio",
            "std::fs",
        ];
        words
            .iter()
            .find(|word| source.without_unit_tests().contains(**word))
            .map(|word| (*word).to_owned())
    });
}

#[test]
fn sql_lies_where_sql_may_lie() {
    report(product(), |source| {
        let is_allowed = SQL_CRATES.contains(&source.folder())
            || SQL_FILES
                .iter()
                .any(|(prefix, _)| source.path.starts_with(prefix));
        let mut consts = source.text_consts().into_iter();
        let found = consts.find(|found| tests::sql::is_statement(&found.text))?;
        (!is_allowed).then(|| format!("{} is a statement", found.name))
    });
}

#[test]
fn sql_is_whole_and_lower_case() {
    report(product(), |source| {
        let upper = |text: &str| {
            [
                "SELECT ", "INSERT ", "UPDATE ", "DELETE ", " FROM ", " WHERE ",
            ]
            .iter()
            .any(|word| text.contains(word))
        };
        let shouted = source
            .text_consts()
            .into_iter()
            .find(|found| upper(&found.text))
            .map(|found| found.name);
        let joined = source.without_unit_tests().lines().find(|line| {
            let line = line.trim_start();
            line.contains("format!(\"select ")
                || line.contains("format!(\"insert ")
                || line.contains("format!(\"delete from")
        });
        shouted.or(joined.map(|line| line.trim().to_owned()))
    });
}

#[test]
fn tests_are_neither_ignored_nor_asleep() {
    let own = "tests/it/tidy.rs";
    let tests = sources::rust()
        .into_iter()
        .filter(|source| source.path != own)
        .collect();
    report(tests, |source| {
        let is_test = source.folder() == "tests" || source.path.contains("/tests");
        let asleep = ["thread::sleep", "time::sleep"]
            .iter()
            .any(|word| source.text.contains(word));
        let ignored = source
            .text
            .lines()
            .any(|line| line.trim_start().starts_with("#[ignore"));
        (ignored || (is_test && asleep)).then(|| "ignored or asleep".to_owned())
    });
}

#[test]
fn nothing_is_left_for_later() {
    let own = "tests/it/tidy.rs";
    report(
        sources::rust()
            .into_iter()
            .filter(|source| source.path != own)
            .collect(),
        |source| {
            let words = [
                "TODO",
                "FIXME",
                "XXX",
                "HACK",
                "todo!(",
                "unimplemented!(",
                "dbg!(",
            ];
            words
                .iter()
                .find(|word| source.text.contains(**word))
                .map(|word| (*word).to_owned())
        },
    );
}

#[test]
fn no_machine_is_named() {
    let own = "tests/it/tidy.rs";
    let files = [
        ".rs",
        ".md",
        ".sql",
        ".toml",
        ".py",
        ".html",
        "Makefile",
        "bootstrap",
    ];
    let all = files.iter().flat_map(|ending| sources::with_ending(ending));
    report(
        all.filter(|source| source.path != own).collect(),
        |source| {
            let words = ["/work/", "/root/", "/home/"];
            words
                .iter()
                .find(|word| source.text.contains(**word))
                .map(|word| (*word).to_owned())
        },
    );
}

#[test]
fn a_noun_has_its_file_in_every_crate() {
    let root = sources::root();
    let mut missing = Vec::new();
    for noun in NOUNS {
        for folder in [
            "domain/src",
            "commands/src",
            "projectors/src",
            "queries/src",
            "tests/it",
        ] {
            let is_there = root.join(folder).join(format!("{noun}.rs")).is_file()
                || root.join(folder).join(noun).join("mod.rs").is_file();
            if !is_there {
                missing.push(format!("{folder}/{noun}.rs"));
            }
        }
        let migrations = sources::with_ending(&format!("__{noun}.sql"));
        if migrations.is_empty() {
            missing.push(format!("schema/migrations/V…__{noun}.sql"));
        }
    }
    assert!(missing.is_empty(), "missing: {}", missing.join(", "));
}

#[test]
fn nothing_is_named_after_a_drawer() {
    report(sources::rust(), |source| {
        let name = source.path.rsplit('/').next().unwrap_or_default();
        let words = ["util", "helper", "manager", "service", "common", "misc"];
        words
            .iter()
            .find(|word| name.contains(**word))
            .map(|word| (*word).to_owned())
    });
}

#[test]
fn no_parameter_is_a_bare_yes_or_no() {
    report(product(), |source| {
        let text = source.without_unit_tests();
        let mut parameters = text
            .match_indices("pub fn ")
            .chain(text.match_indices("pub async fn "));
        parameters.find_map(|(start, _)| {
            let head = text[start..].split([')', '{']).next()?;
            head.contains(": bool")
                .then(|| head.lines().next().unwrap_or_default().to_owned())
        })
    });
}

#[test]
fn handlers_of_http_reach_the_store_only_by_dispatch_and_ask() {
    let handlers = product()
        .into_iter()
        .filter(|source| source.path.starts_with("server/src/http/"))
        .collect();
    report(handlers, |source| {
        let words = ["store.append", "store.load(", "pools.request"];
        words
            .iter()
            .find(|word| source.text.contains(**word))
            .map(|word| (*word).to_owned())
    });
}

/// Fails with every file that breaks the rule and how.
#[track_caller]
fn report(sources: Vec<Source>, broken: impl Fn(&Source) -> Option<String>) {
    assert!(!sources.is_empty(), "the scan has found nothing to look at");
    let found = |source: &Source| broken(source).map(|how| format!("{}: {how}", source.path));
    let all: Vec<String> = sources.iter().filter_map(found).collect();
    assert!(all.is_empty(), "{} files:\n{}", all.len(), all.join("\n"));
}

/// The sources that are shipped.
fn product() -> Vec<Source> {
    let is_shipped = |source: &Source| {
        !["tests", "bench"].contains(&source.folder()) && !source.path.contains("/tests")
    };
    sources::rust().into_iter().filter(is_shipped).collect()
}

fn manifests_of_the_product() -> Vec<Source> {
    let manifests = sources::with_ending("Cargo.toml").into_iter();
    manifests
        .filter(|manifest| !["tests", "bench", "Cargo.toml"].contains(&manifest.folder()))
        .collect()
}
