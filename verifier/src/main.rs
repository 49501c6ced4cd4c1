//! `rapport-verify`: tells whether an audit log that was handed out is what was sealed. Needs no network, no database and
//! no trust in whoever made the export but for the public key.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::process::ExitCode;

use serde::Deserialize;
use verifier::{Fault, Trust, verify};

const USAGE: &str = "\
rapport-verify: tells whether an exported audit log, or the proof of one entry, is what was sealed.

Usage: rapport-verify <FILE|-> [--key KEY] [--witness FILE]...

  --key KEY        the log's public key as you were told it; without it the file's own is taken, which proves only that
                   the file agrees with itself
  --witness FILE   checkpoints that were kept elsewhere, as a witness's file has them, or one checkpoint

Exit codes: 0 valid, 2 altered, 3 truncated, 4 forked, 5 signature, 6 input that cannot be read.
";

/// The largest file of witnessed checkpoints, in bytes.
const MAX_WITNESS_BYTES: u64 = 256 * 1024 * 1024;

struct Order {
    file: String,
    trust: Trust,
}

#[derive(Deserialize)]
struct Witnessed {
    note: String,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments
        .iter()
        .any(|argument| ["--help", "-h"].contains(&argument.as_str()))
    {
        return say(USAGE, 0);
    }
    let order = match order(arguments.into_iter()) {
        Ok(order) => order,
        Err(why) => return complain(&format!("{why}\n\n{USAGE}"), Fault::Input),
    };
    let outcome = match order.file.as_str() {
        "-" => verify(io::stdin().lock(), &order.trust),
        path => match File::open(path) {
            Ok(file) => verify(BufReader::with_capacity(1 << 20, file), &order.trust),
            Err(error) => return complain(&format!("{path}: {error}"), Fault::Input),
        },
    };
    match outcome {
        Ok(valid) => {
            let own = match order.trust.key {
                Some(_) => "",
                None => {
                    "The key is the file's own: compare it with the one that you were told, and give it with --key.\n"
                }
            };
            let line = format!(
                "valid: {} entries of {}, root {}, {} kept checkpoints on the way\n{own}",
                valid.entries, valid.origin, valid.root, valid.witnessed
            );
            say(&line, 0)
        }
        Err(failure) => {
            let name = format!("{:?}", failure.fault).to_lowercase();
            complain(&format!("{name}: {}\n", failure.detail), failure.fault)
        }
    }
}

fn order(mut arguments: impl Iterator<Item = String>) -> Result<Order, String> {
    let (mut file, mut trust) = (None, Trust::default());
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--key" => trust.key = Some(value()?),
            "--witness" => trust.witnessed.extend(witnessed(&value()?)?),
            flag if flag.starts_with("--") => return Err(format!("{flag} is not known")),
            _ if file.is_some() => return Err("one file at a time".to_owned()),
            _ => file = Some(argument),
        }
    }
    let file = file.ok_or("say which file")?;
    Ok(Order { file, trust })
}

/// The notes of a witness's file, one `{"note": …}` a line, or the one note that it is.
fn witnessed(path: &str) -> Result<Vec<String>, String> {
    let failed = |why: String| format!("{path}: {why}");
    let file = File::open(path).map_err(|error| failed(error.to_string()))?;
    let length = file
        .metadata()
        .map_err(|error| failed(error.to_string()))?
        .len();
    if length > MAX_WITNESS_BYTES {
        return Err(failed(format!(
            "more than {MAX_WITNESS_BYTES} bytes; give the newest part of it"
        )));
    }
    let lines = BufReader::new(file)
        .lines()
        .collect::<io::Result<Vec<String>>>();
    let lines = lines.map_err(|error| failed(error.to_string()))?;
    if !lines.first().is_some_and(|line| line.starts_with('{')) {
        return Ok(vec![lines.join("\n") + "\n"]);
    }
    let read = |line: &String| {
        let witnessed: Witnessed =
            serde_json::from_str(line).map_err(|error| failed(error.to_string()))?;
        Ok(witnessed.note)
    };
    lines.iter().map(read).collect()
}

fn say(text: &str, code: u8) -> ExitCode {
    let written = io::stdout().lock().write_all(text.as_bytes());
    written.map_or(ExitCode::FAILURE, |()| ExitCode::from(code))
}

fn complain(text: &str, fault: Fault) -> ExitCode {
    // Whoever closed standard error still gets the code.
    let _ = io::stderr().lock().write_all(text.as_bytes());
    ExitCode::from(fault as u8)
}
