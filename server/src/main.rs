//! `rapport`: one binary, every role. See `rapport --help`.

use clap::Parser;
use server::cli::Cli;

/// Commands and projections allocate in small pieces on every core; glibc's allocator takes a third of their time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    server::cli::run(Cli::parse())
}
