//! The results of the cases as tables: one for peers that serve, one for peers that connect.

use std::collections::BTreeMap;

/// A cell: the verdicts over each transport, and the note.
#[derive(Default)]
struct Cell {
    verdicts: Vec<String>,
    note: Option<usize>,
}

impl Cell {
    fn text(&self) -> String {
        let any = |word: &str| self.verdicts.iter().any(|verdict| verdict == word);
        let word = match () {
            () if any("FAILED") => "FAILED",
            () if any("skipped") => "not here",
            () if any("gap") => "no",
            () if any("untried") => "-",
            () if any("ok") => "yes",
            () => "",
        };
        self.note.map_or_else(|| word.to_owned(), |note| format!("{word} [{note}]"))
    }
}

/// Prints the tables of `results`: lines of a case's name, its verdict and why it is none, apart by tabs.
pub(super) fn print(results: &str, versions: &[(&str, String)]) {
    let mut notes: Vec<String> = Vec::new();
    let (mut peers, mut cases): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    let mut cells: BTreeMap<(&str, &str, &str), Cell> = BTreeMap::new();
    for line in results.lines() {
        let mut columns = line.split('\t');
        let (name, verdict, reason) = (columns.next(), columns.next(), columns.next().unwrap_or_default());
        let names: Vec<_> = name.unwrap_or_default().split('/').collect();
        let (["beside", peer, role, case, _], Some(verdict)) = (names.as_slice(), verdict) else { continue };
        for (list, item) in [(&mut peers, peer), (&mut cases, case)] {
            if !list.contains(item) {
                list.push(item);
            }
        }
        let cell = cells.entry((role, case, peer)).or_default();
        cell.verdicts.push(verdict.to_owned());
        if !reason.is_empty() {
            let known = notes.iter().position(|note| note == reason);
            cell.note = Some(
                1 + known.unwrap_or_else(|| {
                    notes.push(reason.to_owned());
                    notes.len() - 1
                }),
            );
        }
    }
    println!("\n| peer | version |\n|---|---|");
    versions.iter().for_each(|(name, version)| println!("| {name} | {version} |"));
    for (role, title) in [("server", "The peer is the server"), ("client", "The peer is the client")] {
        // Peers that cannot be tried in this role at all have one note for all cells: they need no column.
        let plays = |peer: &&&str| {
            let mut own = cells.iter().filter(|((r, _, p), _)| *r == role && p == *peer);
            own.any(|(_, cell)| cell.verdicts.iter().any(|verdict| verdict != "untried"))
        };
        let columns: Vec<&&str> = peers.iter().filter(plays).collect();
        println!("\n{title}\n\n| | {} |", columns.iter().map(|peer| **peer).collect::<Vec<_>>().join(" | "));
        println!("|---|{}", "---|".repeat(columns.len()));
        for case in &cases {
            let text = |peer: &&&str| cells.get(&(role, *case, **peer)).map(Cell::text).unwrap_or_default();
            println!("| {case} | {} |", columns.iter().map(text).collect::<Vec<_>>().join(" | "));
        }
    }
    println!();
    for (index, note) in notes.iter().enumerate() {
        println!("{}. {note}", index + 1);
    }
}
