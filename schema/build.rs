//! A new migration is a reason to compile the crate again: those that are there are built into it.

fn main() {
    println!("cargo::rerun-if-changed=migrations");
}
