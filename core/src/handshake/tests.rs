//! A handshake over a second carrier: messages handed over bare, without records, as QUIC does (RFC 9001 4).

#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[path = "../../tests/support/toy.rs"]
mod cryptography;
#[path = "../../tests/support/seeded.rs"]
mod support;

use super::{Agreements, Memory, PeerNotes, Received, SessionMemory, Step, client, server};
use crate::codes::CipherSuite;
use crate::config::{ClientAuthentication, ClientConfig, Common, Identity, ServerConfig};
use crate::crypto::dangerous::AcceptAnyPeer;
use crate::error::{Error, Result};
use crate::record::{Capacity, Carrier, Flight, Next, RecordAligned, Whose};
use crate::secret::SecretBytes;
use crate::storage::Storage;
use crate::waiting::WaitingFor;
use crate::wire::Message;
use core::task::Poll;
use cryptography::{Toy, provider, signing_key};
use std::vec;
use std::vec::Vec;

/// Carries messages as they are, and keeps the secrets of keys: all of them, in their order.
struct Bare {
    said: Vec<u8>,
    first: Vec<u8>,
    draft: Vec<u8>,
    sending: Vec<SecretBytes>,
    receiving: Vec<SecretBytes>,
    agreements: Agreements<Toy>,
}

impl Flight<Toy> for Bare {
    fn capacity(&self) -> Capacity {
        Capacity { receive: 4_096, transmit: self.draft.len() }
    }
    fn is_drained(&self) -> bool {
        true
    }
    fn poll_room(&mut self, _: &mut Toy, _: usize) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }
    fn draft(&mut self) -> &mut [u8] {
        &mut self.draft
    }
    fn commit(&mut self, _: &mut Toy, len: usize) -> Result<()> {
        let message = &self.draft[..len];
        if self.first.is_empty() {
            self.first = message.to_vec();
        }
        self.said.extend(message);
        Ok(())
    }
    fn too_small(&self, _: usize) -> Error {
        Error::Internal
    }
    fn recall(&self, from: usize) -> &[u8] {
        &self.first[from..]
    }
    fn change_cipher_spec(&mut self, _: &mut Toy, _: usize) -> Result<()> {
        Ok(())
    }
    fn expect(&mut self, _: &mut Toy, _: Next) -> Result<()> {
        Ok(())
    }
    fn end_key(&mut self, _: &mut Toy) -> Result<()> {
        Ok(())
    }
    fn k_send(&mut self, _: &mut Toy, _: CipherSuite, secret: SecretBytes) -> Result<()> {
        self.sending.push(secret);
        Ok(())
    }
    #[cfg(feature = "early-data")]
    fn k_send_nothing(&mut self) {
        self.sending.clear();
    }
    fn k_recv(&mut self, _: &mut Toy, _: CipherSuite, secret: SecretBytes, _: RecordAligned) -> Result<()> {
        self.receiving.push(secret);
        Ok(())
    }
    fn base_key(&self, whose: Whose) -> Option<&SecretBytes> {
        match whose {
            Whose::Ours => self.sending.last(),
            Whose::ThePeers => self.receiving.last(),
        }
    }
    fn limit(&mut self, _: usize, _: usize) {}
}

impl Carrier<Toy> for Bare {
    type Guest = Agreements<Toy>;

    fn guest(&mut self) -> Result<(&mut Agreements<Toy>, &mut [u8])> {
        Ok((&mut self.agreements, &mut self.draft))
    }
}

/// One end, beside its state.
struct End<'a> {
    provider: Toy,
    carrier: Bare,
    memory: Memory<'a, Toy>,
    retained: Vec<u8>,
}

impl<'a> End<'a> {
    fn new(seed: u64) -> Self {
        let carrier = Bare {
            said: Vec::new(),
            first: Vec::new(),
            draft: vec![0; 4_096],
            sending: Vec::new(),
            receiving: Vec::new(),
            agreements: Agreements::none(),
        };
        let memory = Memory::new(
            PeerNotes::new(Storage::Borrowed(&mut [])),
            #[cfg(feature = "tickets")]
            SessionMemory::new(Storage::Borrowed(&mut [])),
            #[cfg(not(feature = "tickets"))]
            SessionMemory::none(),
        );
        Self { provider: provider(seed), carrier, memory, retained: Vec::new() }
    }

    /// A step of the state machine behind `advance`, by the message at the front of `inbox` if it wants one.
    fn step<S>(
        &mut self,
        common: &Common<'a>,
        inbox: Option<&mut Vec<u8>>,
        mut advance: impl FnMut(&mut Step<'_, 'a, Toy>, Option<&mut Received<'_>>) -> Poll<Result<S>>,
    ) -> S {
        let bytes: Vec<u8> = inbox.map_or_else(Vec::new, |inbox| {
            let len = Message::peek_len(inbox).unwrap();
            inbox.drain(..len).collect()
        });
        let retained = core::mem::take(&mut self.retained);
        let mut received = (!bytes.is_empty()).then(|| Received {
            message: Message::read(&bytes).unwrap(),
            aligned: Some(RecordAligned::nothing_behind()),
            retained: &retained,
        });
        let mut waiting_for = WaitingFor::Peer;
        let (provider, carrier, memory) = (&mut self.provider, &mut self.carrier, &mut self.memory);
        let mut step = Step::new(provider, common, carrier, memory, &mut waiting_for);
        let Poll::Ready(next) = advance(&mut step, received.as_mut()) else { panic!("{waiting_for:?}") };
        let part = step.into_retained();
        self.retained = part.map_or(retained, |part| bytes[part].to_vec());
        next.unwrap()
    }
}

#[test]
fn a_handshake_needs_no_records() {
    let certificate: &[u8] = include_bytes!("../../tests/data/p256.cert.der");
    let (key, chain) = (signing_key(certificate, &[]), [certificate]);
    let identities = [Identity::new(&chain, &key)];
    let client_config = ClientConfig::new(&AcceptAnyPeer).with_identities(&identities);
    let server_config =
        ServerConfig::new(&identities).with_client_authentication(ClientAuthentication::Required(&AcceptAnyPeer));
    let (mut here, mut there) = (End::new(1), End::new(2));
    let client = client::Client { config: &client_config, server_name: None };
    let (mut client_state, mut server_state) = (client::State::start(), server::State::start());
    let mut names = Vec::new();
    while !matches!((&client_state, &server_state), (client::State::Connected, server::State::Connected)) {
        names.push((client_state.name(), server_state.name()));
        let inbox = Some(&mut there.carrier.said).filter(|_| !client_state.expected().is_nothing());
        if !matches!(client_state, client::State::Connected) && inbox.as_ref().is_none_or(|inbox| !inbox.is_empty()) {
            client_state =
                here.step(&client_config.common, inbox, |step, received| client_state.advance(step, &client, received));
            continue;
        }
        let inbox = Some(&mut here.carrier.said).filter(|_| !server_state.expected().is_nothing());
        server_state = there
            .step(&server_config.common, inbox, |step, received| server_state.advance(step, &server_config, received));
    }

    // Two keys each way, handshake and application, which are the other's; and what exporters say.
    let secrets = |list: &[SecretBytes]| list.iter().map(|secret| secret.as_bytes().to_vec()).collect::<Vec<_>>();
    for (sending, receiving) in
        [(&here.carrier.sending, &there.carrier.receiving), (&there.carrier.sending, &here.carrier.receiving)]
    {
        assert_eq!(sending.len(), 2);
        assert_eq!(secrets(sending), secrets(receiving));
    }
    let mut exported = [[0; 32]; 2];
    for (end, out) in [&mut here, &mut there].into_iter().zip(&mut exported) {
        end.memory.export(&mut end.provider, b"label", b"", out).unwrap();
    }
    assert_eq!(exported[0], exported[1]);
    assert!(names.contains(&("WAIT_SH", "START")) && names.contains(&("CONNECTED", "WAIT_CV")), "{names:?}");
}
