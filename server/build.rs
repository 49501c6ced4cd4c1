//! Lists what of the dashboard is built, for `http::web_app` to embed. Without a build the list is empty, so that the server
//! compiles where no Node.js is.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// What a file is compressed as, by its ending.
const COMPRESSED: [&str; 2] = ["gz", "br"];

fn main() -> io::Result<()> {
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let dist = manifest.join("../web/dist");
    println!("cargo:rerun-if-changed={}", dist.display());
    let mut found = BTreeMap::new();
    if dist.is_dir() {
        collect(&dist, &dist, &mut found)?;
    }
    let mut list = String::from("static FILES: &[File] = &[\n");
    // Copies, so that a dashboard that is built meanwhile takes nothing away from the compiler.
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    for (index, path) in found.values_mut().enumerate() {
        let copy = out.join(format!("web_{index}"));
        fs::copy(&path, &copy)?;
        *path = copy;
    }
    for (name, path) in &found {
        let ending = name.rsplit('.').next().unwrap_or_default();
        if COMPRESSED.contains(&ending) {
            continue;
        }
        let compressed = COMPRESSED.map(|ending| {
            let path = found.get(&format!("{name}.{ending}"));
            path.map_or("None".to_owned(), |path| format!("Some({})", bytes(path)))
        });
        // Writing to a String cannot fail.
        let _ = writeln!(
            list,
            "    File {{ name: {name:?}, plain: {}, gzip: {}, brotli: {} }},",
            bytes(path),
            compressed[0],
            compressed[1],
        );
    }
    list.push_str("];\n");
    fs::write(out.join("web_files.rs"), list)
}

fn bytes(path: &Path) -> String {
    format!("include_bytes!({:?})", path.display().to_string())
}

/// Every file below `folder` by its name from `root`, with slashes; hidden ones are no part of the dashboard.
fn collect(root: &Path, folder: &Path, found: &mut BTreeMap<String, PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy();
        let name = name.replace('\\', "/");
        if path.is_dir() {
            collect(root, &path, found)?;
        } else if !name.starts_with('.') {
            found.insert(name, path.canonicalize()?);
        }
    }
    Ok(())
}
