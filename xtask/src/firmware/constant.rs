//! Every operation with a secret takes as many instructions whatever the secret is: on every board, exactly.

use super::board::{AN385, AN386, AN505, AST2600, Board, MICROBIT, VIRT};
use super::image;
use super::measure::{number, run};
use std::collections::BTreeMap;
use std::path::Path;

const FEATURES: &str = "aes128gcm,aes256gcm,chacha20poly1305,aes128ccm,x25519,p256,p384,ed25519";

const BOARDS: [Board; 6] = [MICROBIT, AN385, AN386, AN505, AST2600, VIRT];

/// What an operation took, least and most, in ticks.
type Ranges = BTreeMap<String, [f64; 2]>;

/// Runs the program `constant` on every board, and prints a table.
pub(super) fn check(root: &Path) -> Result<(), String> {
    println!(
        "\ninstructions of each operation with a secret: for every secret the same, or else the least and the most\n"
    );
    let columns = BOARDS.iter().map(|board| ranges(root, board)).collect::<Result<Vec<_>, _>>()?;
    // Signatures of rare lengths are not in every column.
    let mut rows: Vec<&String> = columns.iter().flat_map(Ranges::keys).collect();
    rows.sort();
    rows.dedup();
    println!("| operation | {} |", BOARDS.map(|board| board.processor).join(" | "));
    println!("|---{}|", "|---".repeat(BOARDS.len()));
    let mut varying = Vec::new();
    for row in rows {
        let mut line = format!("| {row} |");
        for (board, column) in BOARDS.iter().zip(&columns) {
            let Some(range) = column.get(row) else {
                line += " |";
                continue;
            };
            let per_tick = board.instructions_per_tick(board.exact_pace);
            let [least, most] = range.map(|ticks| ticks * per_tick);
            // In the same time a clock may tick once more; a counter of instructions may not.
            let slack = if per_tick == 1.0 { 0.0 } else { 1.0 };
            if range[1] - range[0] <= slack {
                line += &format!(" {} |", number(least.round()));
            } else {
                line += &format!(" {} - {} |", number(least.round()), number(most.round()));
                varying.push(format!("{} ({}): {row}", board.name, board.processor));
            }
        }
        println!("{line}");
    }
    match varying.as_slice() {
        [] => Ok(()),
        varying => Err(format!("the count of instructions depends on the secret:\n{}", varying.join("\n"))),
    }
}

fn ranges(root: &Path, board: &Board) -> Result<Ranges, String> {
    let image = image::build(root, "constant", board, FEATURES)?;
    let printed = run(board, board.exact_pace, &image, None).map_err(|error| format!("{}: {error}", board.name))?;
    let mut ranges = Ranges::new();
    for pair in printed.chunks(2) {
        let [(name, least), (_, most)] = pair else { return Err("a line is missing".into()) };
        let name = name.strip_suffix(" least").ok_or_else(|| format!("unexpected line: {name}"))?;
        ranges.insert(name.to_owned(), [*least, *most]);
    }
    if ranges.is_empty() { Err(format!("{}: nothing was measured", board.name)) } else { Ok(ranges) }
}
