//! Sealing and opening records through `Connection`, beside the provider's raw AEAD on the same lengths.
//!
//! `cargo xtask bench` prints the ratios.
#![allow(missing_docs, reason = "criterion's macros make undocumented items")]

mod support;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use saitls_core::codes::CipherSuite;
use saitls_core::crypto::{Aead as _, CryptoProvider};
use saitls_rustcrypto::RustCrypto;
use std::time::{Duration, Instant};
use support::{Provider, carry, p256, with_pair};

const SUITES: [CipherSuite; 4] = [
    CipherSuite::AES_128_GCM_SHA256,
    CipherSuite::AES_256_GCM_SHA384,
    CipherSuite::CHACHA20_POLY1305_SHA256,
    CipherSuite::AES_128_CCM_SHA256,
];

fn time(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn bulk(criterion: &mut Criterion) {
    for suite in SUITES {
        let mut group = criterion.benchmark_group(suite.to_string());
        for len in [16_384_usize, 1_400] {
            group.throughput(Throughput::Bytes(len as u64));
            raw(&mut group, suite, len);
            through_connection(&mut group, suite, len);
        }
        group.finish();
    }
}

type Group<'c> = criterion::BenchmarkGroup<'c, criterion::measurement::WallTime>;

/// The AEAD alone, on a record's inner plaintext: content and content type.
fn raw(group: &mut Group<'_>, suite: CipherSuite, len: usize) {
    let mut provider = RustCrypto::os();
    let key = vec![7; suite.key_len()];
    let mut aead = <Provider as CryptoProvider>::Aead::from_key(&mut provider, suite, &key).expect("a supported suite");
    let (nonce, aad) = ([9; 12], [0; 5]);
    let mut record = vec![1; len + 1 + suite.tag_len()];
    group.bench_function(BenchmarkId::new("raw seal", len), |bencher| {
        bencher.iter(|| aead.seal(&mut provider, &nonce, &aad, &mut record));
    });
    let plain = vec![1; len + 1 + suite.tag_len()];
    group.bench_function(BenchmarkId::new("raw open", len), |bencher| {
        bencher.iter_custom(|times| {
            (0..times).fold(Duration::ZERO, |sum, _| {
                record.copy_from_slice(&plain);
                aead.seal(&mut provider, &nonce, &aad, &mut record).expect("sealed");
                sum + time(|| aead.open(&mut provider, &nonce, &aad, &mut record).expect("opened"))
            })
        });
    });
}

/// The same lengths through a connection: `send` is the copy into the record and `process`; `receive` is
/// `process` and `consume`. Carrying the bytes is not counted.
fn through_connection(group: &mut Group<'_>, suite: CipherSuite, len: usize) {
    let data = vec![1; len];
    with_pair(suite, &p256(), |provider, client, server| {
        let mut rounds = |times: u64| {
            (0..times).fold((Duration::ZERO, Duration::ZERO), |(sent, received), _| {
                let send = time(|| {
                    assert_eq!(client.write(&data), Ok(len));
                    client.process(provider).expect("sealed");
                });
                carry(client, server);
                let receive = time(|| {
                    server.process(provider).expect("opened");
                    assert_eq!(server.received_data().len(), len);
                    server.consume(len);
                });
                // A KeyUpdate of the client may want an answer.
                carry(server, client);
                (sent + send, received + receive)
            })
        };
        group.bench_function(BenchmarkId::new("send", len), |bencher| bencher.iter_custom(|times| rounds(times).0));
        group.bench_function(BenchmarkId::new("receive", len), |bencher| bencher.iter_custom(|times| rounds(times).1));
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().measurement_time(Duration::from_secs(2)).warm_up_time(Duration::from_millis(300)).sample_size(20).without_plots();
    targets = bulk
}
criterion_main!(benches);
