//! `rapport`: one binary, every role. See `rapport --help`.

use clap::Parser;
use server::cli::Cli;

fn main() -> std::process::ExitCode {
    server::cli::run(Cli::parse())
}
