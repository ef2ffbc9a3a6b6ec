//! What a token takes, beside software in the same run. `cargo test --release -p saitls-pkcs11 --test provider costs --
//! --nocapture` makes the table of docs/PKCS11.md.

use crate::peers::{connect, software};
use crate::tokens::{open, with_each};
use saitls_core::codes::CipherSuite;
use saitls_core::crypto::{Aead, CryptoProvider, Label, Secret};
use std::time::{Duration, Instant};

/// The median of many.
fn median(count: usize, mut f: impl FnMut()) -> Duration {
    let mut times: Vec<_> = (0..count)
        .map(|_| {
            let since = Instant::now();
            f();
            since.elapsed()
        })
        .collect();
    times.sort();
    times[count / 2]
}

/// The time to seal a record of each length.
fn seals<P: CryptoProvider>(provider: &mut P) -> [Duration; 3] {
    let secret = P::Secret::import(provider, &[1; 32]).unwrap();
    let suite = CipherSuite::AES_128_GCM_SHA256;
    let mut aead = P::Aead::from_secret(provider, suite, &secret, &Label::tls13(b"key")).unwrap();
    let mut number = 0u64;
    [1, 1400, 16_384].map(|len| {
        let mut record = vec![0; len + 17];
        median(2000, || {
            let mut nonce = [0; 12];
            nonce[4..].copy_from_slice(&number.to_be_bytes());
            number += 1;
            aead.seal(provider, &nonce, b"12345", &mut record).unwrap();
        })
    })
}

fn in_us(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

#[test]
fn costs() {
    let said = with_each("costs::costs", |uri| {
        let mut provider = open(uri);
        let both = median(50, || connect(&mut software(), &mut software(), None, 0));
        let client = median(50, || connect(&mut provider, &mut software(), None, 0));
        let server = median(50, || connect(&mut software(), &mut provider, None, 0));
        let (token, soft) = (seals(&mut provider), seals(&mut software()));
        let records: Vec<_> = token
            .iter()
            .zip(soft)
            .map(|(token, soft)| format!("{:.1} ({:.1})", in_us(*token), in_us(*token) / in_us(soft)))
            .collect();
        let [both, client, server] = [both, client, server].map(in_us);
        println!("ROW {both:.0} | {client:.0}, {server:.0} | {}", records.join(" | "));
    });
    println!("| token | both ends in software, us | client, server in the token | seals 1 byte | 1,400 | 16,384 |");
    println!("|---|---|---|---|---|---|");
    for (name, said) in said {
        let row = said.lines().find_map(|line| line.split_once("ROW ")).unwrap().1;
        println!("| {name} | {row} |");
    }
}
