//! That READMEs name every feature.

use std::fs;

/// Crates whose README has a table of features.
const CRATES: [&str; 4] = ["core", "providers/rustcrypto", "providers/webpki", "socket"];

/// The features that a manifest declares.
fn features(manifest: &str) -> impl Iterator<Item = &str> {
    let lines = manifest.lines().skip_while(|line| *line != "[features]").skip(1);
    let lines = lines.take_while(|line| !line.starts_with('['));
    let names = lines.filter_map(|line| line.split_once(" = ").map(|(name, _)| name));
    names.filter(|name| *name != "default" && !name.starts_with([' ', '#']))
}

#[test]
fn every_feature_stands_in_the_table_of_its_readme() {
    for name in CRATES {
        let folder = crate::root().join(name);
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).expect("a manifest");
        let readme = fs::read_to_string(folder.join("README.md")).expect("a README");
        let table: Vec<_> = readme.lines().filter(|line| line.starts_with("| `")).collect();
        assert!(features(&manifest).count() > 0, "{name}");
        for feature in features(&manifest) {
            let word = format!("`{feature}`");
            assert!(table.iter().any(|row| row.contains(&word)), "{name}/README.md has no row for {feature}");
        }
    }
}
