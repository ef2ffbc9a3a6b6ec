//! Whole handshakes, both sides together, for each kind of key.
#![allow(missing_docs, reason = "criterion's macros make undocumented items")]

mod support;

use criterion::{Criterion, criterion_group, criterion_main};
use saitls_core::codes::CipherSuite;
use std::time::Duration;
use support::{all_keys, with_pair};

fn handshakes(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("handshake");
    for (name, key) in all_keys() {
        group.bench_function(name, |bencher| {
            bencher.iter(|| with_pair(CipherSuite::AES_128_GCM_SHA256, &key, |_, _, _| {}));
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().measurement_time(Duration::from_secs(3)).warm_up_time(Duration::from_millis(300)).sample_size(20).without_plots();
    targets = handshakes
}
criterion_main!(benches);
