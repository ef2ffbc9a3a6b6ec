//! Two sockets on a bad cable, with real cryptography: the conversation is made of the bytes, and must go as every
//! conversation must.

#[allow(clippy::duplicate_mod)]
#[path = "../../../socket/tests/common/mod.rs"]
mod common;

use crate::input::Input;
use common::scenario::{Cut, Plan, run};

pub fn sockets(data: &[u8]) {
    let mut input = Input::new(data);
    let mut upto = |most: usize| input.word() % (most + 1);
    let mtu = [41, 48, 68, 200, 576, 1500][upto(5)];
    let most = if mtu < 68 { 300 } else { 20_000 };
    let cuts = [Cut::Reset, Cut::Fin, Cut::Abort, Cut::Close, Cut::Unplug];
    run(&Plan {
        seed: (upto(0xffff) << 16 | upto(0xffff)) as u64,
        drop_percent: upto(25) as u64,
        swap_percent: upto(30) as u64,
        double_percent: upto(30) as u64,
        delay_percent: upto(20) as u64,
        mtu,
        window: 64 + upto(4_032),
        receive_len: 1_400 + upto(15_245),
        transmit_len: 1_000 + upto(4_000),
        there: upto(most),
        back: upto(most),
        gulp: 1 + upto(20_000),
        updates_keys: upto(1) == 1,
        cut: (upto(1) == 1).then(|| (upto(200), cuts[upto(4)])),
    });
}
