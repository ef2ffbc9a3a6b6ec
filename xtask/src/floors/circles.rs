//! Circles among modules that stand side by side.

use std::collections::{BTreeMap, BTreeSet};

use super::source::{Module, Use};

/// What the modules of one folder use of each other: from whom to whom, and one place where that is so.
pub(super) type Neighbours<'a> = BTreeMap<(&'a str, &'a str), &'a Use>;

/// Sorts uses by the folder in which their two ends part. What a module and those within it use of each other is no
/// affair of a floor: a folder is one room with its `mod.rs`.
pub(super) fn by_folder(uses: &BTreeSet<Use>) -> BTreeMap<Module, Neighbours<'_>> {
    let mut folders: BTreeMap<Module, Neighbours<'_>> = BTreeMap::new();
    for found in uses {
        let common = found.from.iter().zip(&found.to).take_while(|(from, to)| from == to).count();
        if let (Some(from), Some(to)) = (found.from.get(common), found.to.get(common)) {
            folders.entry(found.from[..common].to_vec()).or_default().entry((from, to)).or_insert(found);
        }
    }
    folders
}

/// The groups of neighbours of which each reaches each other: every circle lies in one of them.
pub(super) fn circles<'a>(neighbours: &Neighbours<'a>) -> Vec<BTreeSet<&'a str>> {
    let reach = |start: &'a str| {
        let (mut reached, mut open) = (BTreeSet::new(), vec![start]);
        while let Some(from) = open.pop() {
            let next = neighbours.keys().filter(|(user, _)| *user == from).map(|(_, used)| *used);
            open.extend(next.filter(|used| reached.insert(*used)));
        }
        reached
    };
    let reached: BTreeMap<&str, BTreeSet<&str>> = neighbours.keys().map(|(user, _)| (*user, reach(user))).collect();
    let group = |one: &'a str| -> BTreeSet<&'a str> {
        let back = |other: &&'a str| reached.get(other).is_some_and(|reached| reached.contains(one));
        reached[one].iter().copied().filter(back).collect()
    };
    let groups: BTreeSet<_> = reached.keys().map(|one| group(one)).filter(|group| group.len() > 1).collect();
    groups.into_iter().collect()
}
