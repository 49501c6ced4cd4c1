//! The published table of who passes what. A run holds its findings against it, and with `RAPPORT_CONFORMANCE_WRITE=1`
//! writes them into it.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use crate::conformance::chapters::{Chapter, Verdict};

/// The table, from the project's root.
const FILE: &str = "tests/CONFORMANCE.md";
/// Set to 1, the findings are written down.
const VARIABLE: &str = "RAPPORT_CONFORMANCE_WRITE";

/// One store's verdict; nothing when the chapter was not put to it.
pub type Column<'a> = (&'a str, Option<Verdict>);

/// Prints a chapter's findings and holds them against the table, or writes them into it.
pub fn publish(chapter: Chapter, columns: &[Column<'_>]) {
    for (store, verdict) in columns {
        if let Some(verdict) = verdict {
            eprintln!("{}: {store}: {}", chapter.title(), said(verdict));
        }
    }
    let (row, seen) = (row(chapter, columns), seen(chapter, columns));
    if write_down(&[
        (row_start(chapter), row.clone()),
        (seen_start(chapter), seen),
    ]) {
        return;
    }
    let path = crate::sources::root().join(FILE);
    let text = std::fs::read_to_string(path).expect("the table is there");
    let published = text
        .lines()
        .find(|line| line.starts_with(&row_start(chapter)));
    assert_eq!(
        published,
        Some(row.as_str()),
        "{FILE} says something else; `make conformance` writes it anew"
    );
}

/// Prints what was seen of something that only our program has, and writes it down likewise.
pub fn note(title: &str, seen: &str) {
    eprintln!("{title}: {seen}");
    write_down(&[(format!("- **{title}** "), format!("- **{title}** {seen}."))]);
}

/// Replaces lines by their beginnings, when that is wanted; answers whether it is.
fn write_down(lines: &[(String, String)]) -> bool {
    static WRITING: Mutex<()> = Mutex::new(());
    if std::env::var(VARIABLE).as_deref() != Ok("1") {
        return false;
    }
    let _one_at_a_time = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    let path: PathBuf = crate::sources::root().join(FILE);
    let mut text = std::fs::read_to_string(&path).expect("the table is there");
    for (start, line) in lines {
        text = replace(&text, start, line);
    }
    std::fs::write(&path, text).expect("the table can be written");
    true
}

fn row_start(chapter: Chapter) -> String {
    format!("| {} |", chapter.title())
}

fn seen_start(chapter: Chapter) -> String {
    format!("- **{}** ", chapter.title())
}

fn row(chapter: Chapter, columns: &[Column<'_>]) -> String {
    let cells: Vec<&str> = columns
        .iter()
        .map(|(_, verdict)| match verdict {
            Some(Verdict::Passes(_)) => "passes",
            Some(Verdict::Fails(_)) => "**fails**",
            Some(Verdict::NotOffered) => "not offered",
            None => "–",
        })
        .collect();
    format!("{} {} |", row_start(chapter), cells.join(" | "))
}

fn seen(chapter: Chapter, columns: &[Column<'_>]) -> String {
    let told: Vec<String> = columns
        .iter()
        .filter_map(|(store, verdict)| match verdict {
            Some(Verdict::NotOffered) | None => None,
            Some(verdict) => Some(format!("{store} {}", said(verdict))),
        })
        .collect();
    format!("{}{}.", seen_start(chapter), told.join(". "))
}

fn said(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Passes(seen) => format!("passes: {seen}"),
        Verdict::Fails(why) => format!("fails: {why}"),
        Verdict::NotOffered => "does not offer it".to_owned(),
    }
}

/// The text with the line that starts so replaced.
fn replace(text: &str, start: &str, line: &str) -> String {
    assert!(
        text.lines().any(|line| line.starts_with(start)),
        "{FILE} has no line that starts with {start:?}"
    );
    let lines = text
        .lines()
        .map(|old| if old.starts_with(start) { line } else { old });
    lines.fold(String::new(), |all, line| all + line + "\n")
}
