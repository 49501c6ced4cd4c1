//! The project's own sources, as text, for tests that hold them to the house rules.

use std::path::{Path, PathBuf};

/// Folders that hold no source of ours.
const FOREIGN: &[&str] = &["target", "node_modules", ".git", ".tools"];

/// One file.
#[derive(Clone, Debug)]
pub struct Source {
    /// From the project's root, with slashes: `domain/src/lib.rs`.
    pub path: String,
    pub text: String,
}

/// A text constant: `const NAME: &str = "…"`.
#[derive(Clone, Debug)]
pub struct TextConst {
    pub name: String,
    pub text: String,
}

/// The project's root.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent()
        .expect("the crate lies in the project")
        .to_owned()
}

/// Every file with this ending, in order of path; what git ignores is left out.
pub fn with_ending(ending: &str) -> Vec<Source> {
    let (root, mut found) = (root(), Vec::new());
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)
            .expect("the project can be read")
            .flatten()
        {
            let (path, name) = (
                entry.path(),
                entry.file_name().to_string_lossy().into_owned(),
            );
            if path.is_dir() && !FOREIGN.contains(&name.as_str()) && !name.starts_with(".rapport") {
                folders.push(path);
            } else if name.ends_with(ending) && path.is_file() {
                let relative = path
                    .strip_prefix(&root)
                    .expect("it lies below the root")
                    .to_string_lossy()
                    .into_owned();
                let text = std::fs::read_to_string(&path).unwrap_or_default();
                found.push(Source {
                    path: relative,
                    text,
                });
            }
        }
    }
    found.sort_by(|one, two| one.path.cmp(&two.path));
    found
}

/// Every Rust file.
pub fn rust() -> Vec<Source> {
    with_ending(".rs")
}

impl Source {
    /// The crate's folder.
    pub fn folder(&self) -> &str {
        self.path.split('/').next().unwrap_or_default()
    }

    /// The text in front of the file's own unit tests, if it has any.
    pub fn without_unit_tests(&self) -> &str {
        self.text.split("#[cfg(test)]").next().unwrap_or_default()
    }

    /// The file's text constants, outside of its unit tests.
    pub fn text_consts(&self) -> Vec<TextConst> {
        let text = self.without_unit_tests();
        let mut found = Vec::new();
        for (start, _) in text.match_indices("const ") {
            let rest = &text[start + "const ".len()..];
            let Some((name, rest)) = rest.split_once(':') else {
                continue;
            };
            let is_name = name
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
            let Some(rest) = rest.trim_start().strip_prefix("&str") else {
                continue;
            };
            let Some(rest) = rest.trim_start().strip_prefix('=') else {
                continue;
            };
            if let (true, Some(text)) = (is_name, literal(rest.trim_start())) {
                found.push(TextConst {
                    name: name.to_owned(),
                    text,
                });
            }
        }
        found
    }
}

/// Reads a string literal, plain or raw, at the beginning of `text`.
fn literal(text: &str) -> Option<String> {
    if let Some(rest) = text.strip_prefix('r') {
        let hashes: String = rest.chars().take_while(|letter| *letter == '#').collect();
        let body = rest[hashes.len()..].strip_prefix('"')?;
        return body
            .split_once(&format!("\"{hashes}"))
            .map(|(body, _)| body.to_owned());
    }
    let mut letters = text.strip_prefix('"')?.chars().peekable();
    let mut plain = String::new();
    loop {
        match letters.next()? {
            '"' => return Some(plain),
            '\\' => match letters.next()? {
                '\n' => while letters.next_if(|letter| letter.is_whitespace()).is_some() {},
                'n' => plain.push('\n'),
                't' => plain.push('\t'),
                other => plain.push(other),
            },
            letter => plain.push(letter),
        }
    }
}
