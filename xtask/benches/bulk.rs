//! Sealing and opening records through a connection, beside the provider's raw AEAD on the same lengths.
//!
//! `cargo xtask bench` prints the tables.
#![allow(missing_docs, reason = "criterion's macros make undocumented items")]

mod support;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use saitls_core::codes::{CipherSuite, NamedGroup};
use saitls_core::crypto::{Aead as _, CryptoProvider};
use std::time::Duration;
use support::saitls::{Backend, Sending, records, with_pair};
use support::{IDENTITIES, Times, peer, undisturbed};

type RustCrypto = saitls_rustcrypto::RustCrypto<getrandom::SysRng>;
type AwsLc = saitls_aws_lc::AwsLc;

const SUITES: [CipherSuite; 4] = [
    CipherSuite::AES_128_GCM_SHA256,
    CipherSuite::AES_256_GCM_SHA384,
    CipherSuite::CHACHA20_POLY1305_SHA256,
    CipherSuite::AES_128_CCM_SHA256,
];
const LENGTHS: [usize; 2] = [16_384, 1_400];

type Group<'c> = criterion::BenchmarkGroup<'c, criterion::measurement::WallTime>;

fn ours<B: Backend>(criterion: &mut Criterion) {
    for suite in SUITES.into_iter().filter(|suite| <B::Aead as saitls_core::crypto::Aead<B>>::supports(*suite)) {
        for len in LENGTHS {
            let mut group = criterion.benchmark_group(format!("{suite}/{len}/{}", B::NAME));
            group.throughput(Throughput::Bytes(len as u64));
            raw::<B>(&mut group, suite, len);
            let data = vec![1; len];
            with_pair::<B>(suite, &IDENTITIES[0], |provider, client, server| {
                let mut rounds = |how, times| records((provider, client, server), &data, how, times);
                for how in [Sending::InPlace, Sending::Sealed, Sending::Copied] {
                    group.bench_function(how.name(), |bencher| bencher.iter_custom(|times| rounds(how, times).client));
                }
                group.bench_function("receive", |bencher| {
                    bencher.iter_custom(|times| rounds(Sending::Copied, times).server)
                });
            });
            group.finish();
        }
    }
}

/// The AEAD alone, on a record's inner plaintext, content and content type, in memory that moves as it does there: from
/// the application into one buffer, to be sealed, and from there into another, to be opened.
fn raw<B: Backend>(group: &mut Group<'_>, suite: CipherSuite, len: usize) {
    let mut provider = B::new();
    let key = vec![7; suite.key_len()];
    let mut aead = <B as CryptoProvider>::Aead::from_key(&mut provider, suite, &key).expect("a supported suite");
    let (nonce, aad) = ([9; 12], [0; 5]);
    let plain = vec![1; len + 1 + suite.tag_len()];
    let (mut there, mut here) = (plain.clone(), plain.clone());
    let mut rounds = |times| {
        undisturbed(times, || {
            let mut sum = Times::default();
            there.copy_from_slice(&plain);
            sum.in_client(|| aead.seal(&mut provider, &nonce, &aad, &mut there)).expect("sealed");
            here.copy_from_slice(&there);
            sum.in_server(|| aead.open(&mut provider, &nonce, &aad, &mut here)).expect("opened");
            sum
        })
    };
    group.bench_function("raw seal", |bencher| bencher.iter_custom(|times| rounds(times).client));
    group.bench_function("raw open", |bencher| bencher.iter_custom(|times| rounds(times).server));
}

fn theirs(criterion: &mut Criterion) {
    for suite in &SUITES[..3] {
        let configs = peer::Configs::new(*suite, NamedGroup::X25519, &IDENTITIES[0]);
        for len in LENGTHS {
            let mut group = criterion.benchmark_group(format!("{suite}/{len}/{}", peer::NAME));
            group.throughput(Throughput::Bytes(len as u64));
            let (data, (mut client, mut server)) = (vec![1; len], configs.pair());
            let mut rounds = |times| peer::records((&mut client, &mut server), &data, times);
            group.bench_function("send", |bencher| bencher.iter_custom(|times| rounds(times).client));
            group.bench_function("receive", |bencher| bencher.iter_custom(|times| rounds(times).server));
            group.finish();
        }
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().measurement_time(Duration::from_millis(1000)).warm_up_time(Duration::from_millis(200)).sample_size(20).without_plots();
    targets = ours::<RustCrypto>, ours::<AwsLc>, theirs
}
criterion_main!(benches);
