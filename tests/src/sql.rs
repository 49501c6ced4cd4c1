//! The project's statements: every text constant that begins as one, with the role that may run it.

use crate::sources::{self, Source, TextConst};

/// How a statement that we look at begins.
const BEGINNINGS: &[&str] = &["with ", "select ", "insert ", "update ", "delete "];
/// Those who run them; `LOGIN` is the owner of the schema.
pub const REQUEST: &str = "rapport_request";
pub const ENGINE: &str = "rapport_engine";
pub const ERASER: &str = "rapport_eraser";
pub const LOGIN: &str = "rapport_it";

/// One statement.
#[derive(Clone, Debug)]
pub struct Statement {
    pub path: String,
    pub name: String,
    pub text: String,
    pub role: &'static str,
}

/// Whom each file's statements run as; the first prefix that fits decides.
const ROLES: &[(&str, &str)] = &[
    ("event-store/src/append", REQUEST),
    ("event-store/src/snapshots.rs", REQUEST),
    ("event-store/src/load.rs", REQUEST),
    ("event-store/src/deletions/eraser.rs", ERASER),
    ("event-store/", ENGINE),
    ("queries/", REQUEST),
    ("commands/", REQUEST),
    ("projectors/", ENGINE),
    ("outbox/", ENGINE),
    ("identity/", ENGINE),
    ("schema/", LOGIN),
    ("server/src/embedded/", LOGIN),
    ("server/", ENGINE),
];

/// Statements that run as another than their file's role.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    ("event-store/src/store.rs", "OPEN_TENANT", REQUEST),
    ("event-store/src/pg.rs", "SET_TENANT", REQUEST),
    ("event-store/src/subject_keys.rs", "RESTRICT", REQUEST),
    ("event-store/src/subject_keys.rs", "LIFT", REQUEST),
    ("event-store/src/subject_keys.rs", "DESTROY", REQUEST),
    ("outbox/src/inbox.rs", "STORE", REQUEST),
];

/// Whether a text is a statement that reads or writes rows.
pub fn is_statement(text: &str) -> bool {
    let text = text.trim_start();
    BEGINNINGS.iter().any(|beginning| {
        text.starts_with(beginning)
            || text.starts_with(beginning.trim_end())
                && text[beginning.len() - 1..].starts_with('\n')
    })
}

/// Every statement of the product, tests and benchmarks apart.
pub fn statements() -> Vec<Statement> {
    let ours = |source: &Source| {
        !["tests", "bench"].contains(&source.folder()) && !source.path.contains("/tests")
    };
    let consts = |source: Source| -> Vec<(String, TextConst)> {
        source
            .text_consts()
            .into_iter()
            .map(|found| (source.path.clone(), found))
            .collect()
    };
    let all = sources::rust().into_iter().filter(ours).flat_map(consts);
    all.filter(|(_, found)| is_statement(&found.text))
        .map(|(path, found)| statement(path, found))
        .collect()
}

fn statement(path: String, found: TextConst) -> Statement {
    let exception = EXCEPTIONS
        .iter()
        .find(|(file, name, _)| *file == path && *name == found.name);
    let usual = ROLES
        .iter()
        .find(|(prefix, _)| path.starts_with(prefix))
        .map(|(_, role)| *role);
    let role = exception.map(|(_, _, role)| *role).or(usual);
    let role = role.unwrap_or_else(|| {
        panic!("nobody is known to run the SQL of {path}; see tests/src/sql.rs")
    });
    Statement {
        path,
        name: found.name,
        text: found.text,
        role,
    }
}
