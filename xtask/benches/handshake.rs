//! What a handshake takes a client and a server, and what its public-key operations alone take.
//!
//! `cargo xtask bench` prints the tables.
#![allow(missing_docs, reason = "criterion's macros make undocumented items")]

mod support;

use criterion::{Criterion, criterion_group, criterion_main};
use saitls_core::codes::CipherSuite;
use std::time::Duration;
use support::saitls::{Backend, handshakes, primitives, resumptions, shared_keys, symmetric};
use support::{GROUPS, IDENTITIES, Times, peer};

type RustCrypto = saitls_rustcrypto::RustCrypto<getrandom::SysRng>;
type AwsLc = saitls_aws_lc::AwsLc;

fn both_ends(criterion: &mut Criterion, group: &str, of: &str, mut run: impl FnMut(u64) -> Times) {
    let mut group = criterion.benchmark_group(group);
    for role in ["client", "server"] {
        group.bench_function(format!("{of}/{role}"), |bencher| bencher.iter_custom(|times| run(times).of(role)));
    }
    group.finish();
}

fn ours<B: Backend>(criterion: &mut Criterion) {
    criterion.bench_function(&format!("symmetric/{}", B::NAME), |bencher| {
        bencher.iter_custom(|times| symmetric::<B>(times).client);
    });
    for identity in IDENTITIES {
        for named_group in GROUPS {
            let of = format!("{}/{named_group}", identity.name);
            both_ends(criterion, &format!("primitives/{}", B::NAME), &of, |n| {
                primitives::<B>(&identity, named_group, n)
            });
            both_ends(criterion, &format!("handshake/{}", B::NAME), &of, |n| {
                handshakes::<B>(&identity, named_group, n)
            });
        }
    }
}

/// Clients that come back, or have a shared key: no certificates.
fn without_certificates(criterion: &mut Criterion) {
    let (identity, named_group) = (IDENTITIES[0], GROUPS[0]);
    let of = named_group.to_string();
    both_ends(criterion, "resumed/rustcrypto", &of, |n| resumptions::<RustCrypto>(&identity, named_group, n));
    both_ends(criterion, "resumed/aws-lc", &of, |n| resumptions::<AwsLc>(&identity, named_group, n));
    both_ends(criterion, "psk/rustcrypto", "psk_ke", shared_keys::<RustCrypto>);
    both_ends(criterion, "psk/aws-lc", "psk_ke", shared_keys::<AwsLc>);
    let configs = peer::Configs::resuming(CipherSuite::AES_128_GCM_SHA256, named_group, &identity);
    configs.handshakes(1);
    both_ends(criterion, "resumed/rustls", &of, |n| configs.handshakes(n));
}

fn theirs(criterion: &mut Criterion) {
    for identity in IDENTITIES {
        for named_group in GROUPS {
            let configs = peer::Configs::new(CipherSuite::AES_128_GCM_SHA256, named_group, &identity);
            let of = format!("{}/{named_group}", identity.name);
            both_ends(criterion, &format!("handshake/{}", peer::NAME), &of, |n| configs.handshakes(n));
        }
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().measurement_time(Duration::from_millis(1500)).warm_up_time(Duration::from_millis(200)).sample_size(20).without_plots();
    targets = ours::<RustCrypto>, ours::<AwsLc>, theirs, without_certificates
}
criterion_main!(benches);
