//! What a client offers, and what the server made of it.

use super::Agreed;
use crate::codes::{CipherSuite, ExtensionType, HashAlgorithm};
use crate::config::Common;
use crate::crypto::CryptoProvider;
use crate::error::{Error, Incompatibility, PeerFault, Result};
use crate::handshake::Step;
use crate::handshake::step::{Memory, Ticket};
use crate::key_schedule::Early;
use crate::psk::{ClientPsks, PreSharedKey};
use crate::session::ClientSessions;
use crate::waiting::Operation;
use crate::wire::extensions::{PskIdentity, PskKeyExchangeModes, SelectedPsk};
use crate::wire::{ServerHello, Writer};
use core::task::Poll;

/// Which ClientHello is being made: the second one is for the suite of a HelloRetryRequest, and its binders are over
/// that message, too.
#[derive(Clone, Copy)]
pub(in crate::handshake) struct Hello<'m>(Option<(HashAlgorithm, &'m [u8])>);

impl<'m> Hello<'m> {
    pub(in crate::handshake) const FIRST: Self = Self(None);

    pub(in crate::handshake) const fn second(suite: CipherSuite, request: &'m [u8]) -> Self {
        Self(Some((suite.hash(), request)))
    }

    /// Whether it is the first one.
    pub(in crate::handshake) const fn is_first(self) -> bool {
        self.0.is_none()
    }

    fn hash(self) -> Option<HashAlgorithm> {
        self.0.map(|(hash, _)| hash)
    }
}

/// A PSK that a client offers.
enum Offered<'a, P: CryptoProvider> {
    /// The one of the ticket.
    Ticket(HashAlgorithm),
    External(&'a PreSharedKey<'a, P>),
}

impl<P: CryptoProvider> Offered<'_, P> {
    const fn hash(&self) -> HashAlgorithm {
        match self {
            Self::Ticket(hash) => *hash,
            Self::External(psk) => psk.hash(),
        }
    }
}

/// The keys that go into a ClientHello, the ticket first, for many servers look no further: those that some suite in it
/// is for; in a second one, that is one suite.
fn offered<'a, P: CryptoProvider>(
    psks: &ClientPsks<'a, P>,
    ticket: Option<CipherSuite>,
    common: &Common<'_>,
    provider: &P,
    hash: Option<HashAlgorithm>,
) -> impl Iterator<Item = Offered<'a, P>> {
    let ticket = ticket.into_iter().map(|suite| Offered::Ticket(suite.hash()));
    ticket.chain(psks.keys.iter().map(Offered::External)).filter(move |psk| match hash {
        Some(hash) => psk.hash() == hash,
        None => common.cipher_suites(provider).any(|suite| suite.hash() == psk.hash()),
    })
}

/// Writes psk_key_exchange_modes, if there is something to offer, or to be given: without it many servers send no
/// tickets.
pub(in crate::handshake) fn write_modes<P: CryptoProvider>(
    writer: &mut Writer<'_>,
    psks: &ClientPsks<'_, P>,
    sessions: &ClientSessions<'_, P>,
) {
    if !psks.keys.is_empty() || sessions.is_some() {
        let (psk_ke, psk_dhe_ke) = (psks.modes.allows_none(), psks.modes.allows_exchange());
        PskKeyExchangeModes { psk_ke, psk_dhe_ke }.write(writer);
    }
}

/// Writes pre_shared_key, if there is something to offer; leaves out the binders, for which there is room.
pub(in crate::handshake) fn write_identities<P: CryptoProvider>(
    writer: &mut Writer<'_>,
    psks: &ClientPsks<'_, P>,
    common: &Common<'_>,
    provider: &P,
    memory: &Memory<'_, P>,
    hello: Hello<'_>,
) {
    let ticket = memory.ticket();
    let offered = || offered(psks, ticket.map(|ticket| ticket.suite), common, provider, hello.hash());
    if offered().next().is_none() {
        return;
    }
    writer.extension(ExtensionType::PRE_SHARED_KEY, |writer| {
        writer.vector16(|writer| {
            for psk in offered() {
                match (psk, ticket) {
                    (Offered::External(psk), _) => {
                        PskIdentity { identity: psk.identity(), obfuscated_ticket_age: 0 }.write(writer);
                    }
                    (Offered::Ticket(_), Some(Ticket { identity, obfuscated_age, .. })) => {
                        PskIdentity { identity, obfuscated_ticket_age: obfuscated_age }.write(writer);
                    }
                    (Offered::Ticket(_), None) => {}
                }
            }
        });
        writer.vector16(|writer| {
            for psk in offered() {
                writer.vector8(|writer| writer.filled(psk.hash().output_len()));
            }
        });
    });
}

/// Binders that stand already, while the key for the next one is pending.
#[derive(Clone, Copy)]
pub(in crate::handshake) struct Binders {
    bound: usize,
}

impl Binders {
    pub(in crate::handshake) const NOTHING: Self = Self { bound: 0 };

    /// Whether none stands yet.
    pub(in crate::handshake) const fn is_nothing(self) -> bool {
        self.bound == 0
    }

    /// Puts the binders into the draft of `len` bytes, at its end.
    pub(in crate::handshake) fn poll_bind<P: CryptoProvider>(
        &mut self,
        step: &mut Step<'_, '_, P>,
        psks: &ClientPsks<'_, P>,
        hello: Hello<'_>,
        len: usize,
    ) -> Poll<Result<()>> {
        let (common, ticket) = (step.common(), step.ticket_suite());
        let lens = offered(psks, ticket, common, step.provider(), hello.hash()).map(|psk| psk.hash().output_len());
        let (all, done) = lens.enumerate().fold((0usize, 0usize), |(all, done), (at, len)| {
            let all = all.saturating_add(len).saturating_add(1);
            (all, if at < self.bound { all } else { done })
        });
        // What is bound ends in front of the list of binders, with its length.
        let list = len.saturating_sub(all);
        let (truncated_len, mut at) = (list.saturating_sub(2), list.saturating_add(done));
        loop {
            let next = offered(psks, ticket, common, step.provider(), hello.hash()).nth(self.bound);
            let Some(psk) = next else { return Poll::Ready(Ok(())) };
            let secret = match &psk {
                Offered::Ticket(_) => None,
                Offered::External(psk) => match psk.poll_secret(step.provider()) {
                    Poll::Pending => return step.pending(Operation::PreSharedKey),
                    Poll::Ready(secret) => Some((psk.kind(), secret?)),
                },
            };
            let request = hello.0.map(|(_, request)| request);
            let binder = step.binder(psk.hash(), secret, request, truncated_len)?;
            at = at.saturating_add(1);
            step.put(at, binder.as_bytes())?;
            at = at.saturating_add(binder.as_bytes().len());
            self.bound = self.bound.saturating_add(1);
        }
    }
}

/// What a server selected of what was offered.
pub(in crate::handshake) struct Selected<'a, P: CryptoProvider>(Offered<'a, P>);

/// Checks what a ServerHello says of PSKs (RFC 9846 4.3.9, 4.3.11).
pub(in crate::handshake) fn select<'a, P: CryptoProvider>(
    step: &mut Step<'_, '_, P>,
    psks: &ClientPsks<'a, P>,
    retried: Option<CipherSuite>,
    server_hello: &ServerHello<'_>,
) -> Result<Option<Selected<'a, P>>> {
    let extensions = server_hello.extensions;
    let has_share = extensions.find(ExtensionType::KEY_SHARE).is_some();
    if has_share && !psks.accepts_exchange() {
        return Err(PeerFault::UnsolicitedExtension.into());
    }
    let Some(selected) = extensions.get(ExtensionType::PRE_SHARED_KEY, SelectedPsk::read)? else {
        return match has_share {
            false => Err(PeerFault::MissingExtension.into()),
            true if psks.or_certificate => Ok(None),
            true => Err(Incompatibility::NoPreSharedKey.into()),
        };
    };
    let (common, ticket) = (step.common(), step.ticket_suite());
    let provider = &*step.provider();
    let offered = || offered(psks, ticket, common, provider, retried.map(CipherSuite::hash));
    if offered().next().is_none() {
        return Err(PeerFault::UnsolicitedExtension.into());
    }
    let psk = offered().nth(selected.selected_identity.into());
    let psk = psk.filter(|psk| psk.hash() == server_hello.cipher_suite.hash());
    let has_mode = if has_share { psks.modes.allows_exchange() } else { psks.modes.allows_none() };
    psk.filter(|_| has_mode).map(|psk| Some(Selected(psk))).ok_or(Error::Peer(PeerFault::IllegalPreSharedKey))
}

impl<P: CryptoProvider> Selected<'_, P> {
    /// The Early Secret. It is asked for again if something behind it is pending.
    pub(in crate::handshake) fn poll_agree(&self, step: &mut Step<'_, '_, P>) -> Poll<Result<Agreed<P>>> {
        let Offered::External(psk) = self.0 else { return Poll::Ready(Ok(Agreed::on_ticket())) };
        let Poll::Ready(secret) = psk.poll_secret(step.provider()) else {
            return step.pending(Operation::PreSharedKey);
        };
        let early = Early::new(step.provider(), psk.hash(), &secret?)?;
        step.notes().note_certificate(psk.identity());
        Poll::Ready(Ok(Agreed::on(psk.kind(), early)))
    }
}
