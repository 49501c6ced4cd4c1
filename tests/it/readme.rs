//! The README's tour, word for word, against the binary as an operator starts it.

use std::path::Path;
use std::process::Command;

use tests::served::{Served, binary};

/// Every shell block behind the tour's mark, in order.
fn tour() -> String {
    let readme = std::fs::read_to_string(root().join("README.md")).expect("there is a README");
    let (_, tour) = readme
        .split_once("<!-- tour -->")
        .expect("the README has a tour");
    let blocks = tour
        .split("```bash\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap_or_default());
    format!("set -euo pipefail\n{}", blocks.collect::<String>())
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tour_of_the_readme_works_word_for_word() {
    let served = Served::start().await;
    let script = tour();
    let output = Command::new("timeout")
        .args(["120", "bash", "-c", &script])
        .current_dir(root())
        .env("RAPPORT_DATA_DIR", &served.data_dir)
        .env("RAPPORT_BINARY", binary())
        .output()
        .expect("bash runs");
    let (said, complained) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(
        output.status.success(),
        "the tour stopped:\n{said}\n{complained}"
    );
    for expected in [
        "13 guests, total $665.00",
        "confirmed",
        "{'sessions': 1, 'charges': 1",
        "BookingConfirmed",
    ] {
        assert!(
            said.contains(expected),
            "the tour did not say {expected:?}:\n{said}\n{complained}"
        );
    }
}
