//! Bad networks: loss, doubles, delays and swaps, segments of one byte, small windows, resets and cuts at any moment.
//! Either everything arrives, byte by byte, and both sides end cleanly, or each side has one clear error.
//!
//! `SAITLS_FAULT_SEEDS` says how many conversations there are, or which: `1000`, `5000..6000`.
#![allow(clippy::unwrap_used)]

mod common;

use common::scenario::{Cut, End, Plan, run};
use common::{Net, pattern};
use saitls::RecvError;
use saitls::smoltcp::time::Duration;
use std::collections::BTreeMap;

fn seeds() -> core::ops::Range<u64> {
    let seeds = std::env::var("SAITLS_FAULT_SEEDS").unwrap_or("60".into());
    match seeds.split_once("..") {
        Some((from, to)) => from.parse().unwrap()..to.parse().unwrap(),
        None => 0..seeds.parse().unwrap(),
    }
}

#[test]
fn everything_arrives_or_each_side_has_one_clear_error() {
    let mut ends: BTreeMap<String, usize> = BTreeMap::new();
    let (mut uncut, mut complete) = (0, 0);
    for seed in seeds() {
        let plan = Plan::new(seed);
        let (client, server) = run(&plan);
        let cut = plan.cut.map(|(_, cut)| cut);
        uncut += usize::from(cut.is_none());
        complete += usize::from(cut.is_none() && (client, server) == (End::Clean, End::Clean));
        *ends.entry(format!("{cut:?}: client {client:?}, server {server:?}")).or_default() += 1;
    }
    println!("{complete} of {uncut} that nobody cut short completed");
    assert!(complete * 100 >= uncut * 95);
    ends.iter().for_each(|(end, count)| println!("{count:6}  {end}"));
}

/// Nothing but the cable is bad, at its worst.
#[test]
fn a_third_of_all_packets_may_be_lost_and_segments_have_one_byte() {
    for (seed, mtu) in [(1, 41), (2, 1500)] {
        let plan = Plan {
            drop_percent: 30,
            swap_percent: 30,
            double_percent: 30,
            delay_percent: 20,
            mtu,
            window: 64,
            there: 300,
            back: 300,
            cut: None,
            ..Plan::new(seed)
        };
        assert_eq!(run(&plan), (End::Clean, End::Clean));
    }
}

#[test]
fn a_cut_at_each_step_is_never_a_clean_end_in_the_middle() {
    for cut in [Cut::Reset, Cut::Fin, Cut::Abort, Cut::Close, Cut::Unplug] {
        for at in 0..30 {
            let quiet = Plan { drop_percent: 0, swap_percent: 0, double_percent: 0, delay_percent: 0, ..Plan::new(3) };
            let plan = Plan {
                mtu: 1500,
                window: 4_096,
                there: 5_000,
                back: 5_000,
                cut: Some((at, cut)),
                gulp: 1_000,
                ..quiet
            };
            run(&plan);
        }
    }
}

/// The deadline for TCP to close counts from the last byte that got through, not from the end of TLS.
#[test]
fn what_is_on_its_way_when_both_have_closed_still_arrives() {
    let (mut net, c, s) = Net::connected();
    net.client.socket(c).send_slice(b"question").unwrap();
    net.client.socket(c).close();
    net.until("the question is there", |net| net.server.socket(s).recv_slice(&mut [0; 8]) == Ok(8));
    net.until("the client has closed", |net| net.server.socket(s).connection().unwrap().is_peer_closed());
    let answer = pattern(3_000);
    let mut sent = 0;
    net.until("the answer is under way", |net| {
        net.server.device.faults.unplugged = true;
        sent += net.server.socket(s).send_slice(&answer[sent..]).unwrap();
        sent == answer.len()
    });
    net.server.socket(s).close();
    // Longer than a closed connection may take that has nothing to say any more.
    net.settle(Duration::from_secs(15));
    net.server.device.faults.unplugged = false;
    let mut received = Vec::new();
    net.until("the answer is there", |net| {
        match net.client.socket(c).recv(|bytes| (bytes.len(), bytes.to_vec())) {
            Ok(bytes) => received.extend(bytes),
            Err(end) => assert_eq!(end, RecvError::Finished),
        }
        received.len() == answer.len()
    });
    assert!(received == answer);
    net.until("both are closed", |net| !net.client.socket(c).is_open() && !net.server.socket(s).is_open());
}

/// A peer that takes nothing any more cannot keep a socket for ever.
#[test]
fn a_peer_that_is_gone_keeps_no_socket() {
    let (mut net, c, s) = Net::connected();
    net.server.socket(s).send_slice(b"hello?").unwrap();
    net.server.device.faults.unplugged = true;
    net.server.socket(s).close();
    net.client.socket(c).close();
    let start = net.now;
    net.until("the server has given up", |net| !net.server.socket(s).is_open());
    assert!(net.now - start < Duration::from_secs(70), "{}", net.now - start);
}
