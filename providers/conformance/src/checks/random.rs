//! Random bytes.

use super::skip;
use crate::poll::{MAX_SHARE_LEN, ready};
use crate::reference::{self, GROUPS};
use crate::report::{Checked, OrFail, ensure, ensure_eq};
use crate::{Conformance, Random};
use saitls_core::crypto::{CryptoProvider, KeyExchange};
use saitls_core::{Error, ProviderFault};

/// Every byte of every buffer is drawn, and each time anew.
pub(super) fn fills<P: CryptoProvider>(subject: &Conformance<'_, P>) -> Checked {
    const DRAWS: usize = 32;
    let provider = &mut subject.provider();
    let lengths = (0..=67).chain([255, 256, 257, 1000, 4097]);
    let mut cases = 0;
    for len in lengths {
        let mut touched = vec![false; len];
        let mut previous = vec![0; len];
        for draw in 0..DRAWS {
            // What a byte is before must not matter.
            let before = if draw % 2 == 0 { 0 } else { 0xff };
            let mut bytes = vec![before; len];
            provider.fill_random(&mut bytes).or_fail("fill_random")?;
            bytes.iter().zip(&mut touched).for_each(|(byte, touched)| *touched |= *byte != before);
            ensure!(len < 16 || bytes != previous, "two draws of {len} bytes are the same");
            previous = bytes;
            cases += 1;
        }
        if let Some(at) = touched.iter().position(|touched| !touched) {
            ensure!(false, "byte {at} of {len} is never filled");
        }
    }
    let mut others = [[0; 32]; 2];
    for other in &mut others {
        subject.provider().fill_random(other).or_fail("fill_random")?;
    }
    ensure!(others[0] != others[1], "two providers draw the same numbers");
    Ok(cases + 1)
}

/// Where the random source fails, nothing succeeds that depends on it.
pub(super) fn failure<P: CryptoProvider>(subject: &Conformance<'_, P>) -> Checked {
    let Some(with_random) = &subject.with_random else {
        return skip("no provider with another random source was given (with_random)");
    };
    let mut provider = with_random(Random::script(&[]));
    ensure_eq!(
        provider.fill_random(&mut [0; 32]),
        Err(ProviderFault::RandomFailed.into()),
        "fill_random with a failing source"
    );
    let mut cases = 1;
    if !subject.private_keys_are_random {
        return Ok(cases);
    }
    for (group, ..) in GROUPS.into_iter().filter(|(group, ..)| P::KeyExchange::supports(*group)) {
        let mut provider = with_random(Random::script(&[]));
        let mut exchange = P::KeyExchange::start(&mut provider, group).or_fail("start")?;
        let mut share = [0; MAX_SHARE_LEN];
        let error = ready(|| exchange.poll_generate(&mut provider, &mut share))?.err();
        ensure!(is_failure(error), "{group}, to generate with a failing random source: {error:?}");
        cases += 1;
        if !reference::has_group(group) {
            continue;
        }
        let peer = &mut reference::provider();
        let mut client = saitls_rustcrypto::KeyExchange::start(peer, group).or_fail("reference")?;
        let len = ready(|| client.poll_generate(peer, &mut share))?.or_fail("reference")?;
        let peer_share = share[..len].to_vec();
        let mut exchange = P::KeyExchange::start(&mut provider, group).or_fail("start")?;
        let error = ready(|| exchange.poll_encapsulate(&mut provider, &peer_share, &mut share))?.err();
        ensure!(is_failure(error), "{group}, to encapsulate with a failing random source: {error:?}");
        cases += 1;
    }
    Ok(cases)
}

const fn is_failure(error: Option<Error>) -> bool {
    matches!(error, Some(Error::Provider(ProviderFault::RandomFailed) | Error::Provider(ProviderFault::CryptoFailed)))
}
