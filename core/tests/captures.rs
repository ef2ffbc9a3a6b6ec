//! ClientHellos out of public captures, one of each kind that was found: what a server says to them. They are no part
//! of the repository: the file is `client_hellos.json` in the folder that `SAITLS_CASES` names, each with the answer
//! that is right.

use crate::support::forger::*;
use crate::support::*;
use saitls_core::codes::*;
use saitls_core::config::*;
use saitls_core::wire::{HELLO_RETRY_REQUEST_RANDOM, Message, ServerHello};
use serde_json::Value;
use std::io::Write as _;
use std::path::Path;

/// A server's answer, as the cases name it.
fn answer(server: &mut Tested<'_>) -> String {
    let sent = server.take();
    let (kind, record) = records(&sent).into_iter().next().expect("an answer");
    if kind == ContentType::ALERT {
        return AlertDescription(record[6]).to_string();
    }
    assert_eq!(kind, ContentType::HANDSHAKE);
    let len = Message::peek_len(&record[5..]).unwrap();
    let hello = ServerHello::read(Message::read(&record[5..5 + len]).unwrap().body).unwrap();
    let name = if *hello.random == HELLO_RETRY_REQUEST_RANDOM { "hello_retry_request" } else { "server_hello" };
    name.to_owned()
}

/// A message in records of `fragment` bytes each, given to a server in pieces of `piece` bytes; the result is in what
/// it says.
fn deliver(server: &mut Tested<'_>, message: &[u8], fragment: usize, piece: usize) {
    let bytes: Vec<u8> =
        message.chunks(fragment).flat_map(|chunk| plain_record(ContentType::HANDSHAKE, chunk)).collect();
    let _ = bytes.chunks(piece).try_for_each(|piece| server.deliver(piece));
}

#[test]
fn client_hellos_of_all_kinds_get_the_right_answer_however_they_are_cut() {
    let Some(folder) = std::env::var_os("SAITLS_CASES") else {
        // Says so even where the output of tests is captured.
        let _ = writeln!(std::io::stderr(), "\nSKIPPED: ClientHellos: SAITLS_CASES names no folder with them");
        return;
    };
    let text = std::fs::read_to_string(Path::new(&folder).join("client_hellos.json")).unwrap();
    let cases: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert!(cases.len() >= 65, "{}", cases.len());
    let identity = p256();
    let identities = [identity.identity()];
    // The answers are those of a server with these groups: one hello has a share for secp521r1 and for none of them.
    let groups = [
        NamedGroup::X25519MLKEM768,
        NamedGroup::SECP256R1MLKEM768,
        NamedGroup::X25519,
        NamedGroup::SECP256R1,
        NamedGroup::SECP384R1,
    ];
    let config = ServerConfig::new(&identities).with_named_groups(&groups);
    let mut wrong = Vec::new();
    for case in &cases {
        let text = |field: &str| case[field].as_str().unwrap();
        let message = hex::decode(text("client_hello")).unwrap();
        for (fragment, piece) in [(1 << 14, 1 << 14), (1 << 14, 1), (1, 1 << 14), (100, 7), (4, 9), (1_000, 1_005)] {
            let mut server = Tested::server(&config);
            deliver(&mut server, &message, fragment, piece);
            let answer = answer(&mut server);
            if answer != text("expect") {
                wrong.push(format!("{}, by {fragment} and {piece}: {answer}, not {}", text("source"), text("expect")));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}
