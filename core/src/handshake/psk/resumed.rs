//! Sessions that clients resume, on a server: what a ticket stood for, and whether it still holds.

#[cfg(feature = "early-data")]
use super::early_offer::EarlyOffer;
use crate::codes::{CertificateType, ExtensionType, HashAlgorithm, SignatureScheme};
use crate::config::{ClientAuthentication, ServerConfig};
use crate::crypto::{CryptoProvider, Hash, Secret};
use crate::error::{Error, ProviderFault, Result};
use crate::handshake::Step;
use crate::handshake::evidence::PeerAuthentication;
use crate::key_schedule::Early;
use crate::limits::MAX_TICKET_LIFETIME;
use crate::tickets::{SessionOwner, SessionState, Ticketer};
use crate::wire::ClientHello;
use crate::wire::extensions::{ServerNameList, TicketRequest};
use core::task::Poll;

/// What a ticket said of its session that the connection takes over.
pub(in crate::handshake) struct Resumed {
    how: PeerAuthentication,
    scheme: Option<SignatureScheme>,
    certificate_type: CertificateType,
    chain_len: u16,
    began: Option<u64>,
    #[cfg(feature = "early-data")]
    early_data: Option<EarlyOffer>,
}

impl Resumed {
    #[cfg_attr(not(feature = "early-data"), expect(unused_variables, reason = "nobody asks how old it is"))]
    fn new(state: &SessionState<'_>, obfuscated_age: Option<u32>, now: Option<u64>) -> Self {
        let (how, scheme, certificate_type, chain_len) = match state.owner {
            SessionOwner::NotRequested => (PeerAuthentication::NotRequested, None, CertificateType::X509, 0),
            SessionOwner::Declined => (PeerAuthentication::Declined, None, CertificateType::X509, 0),
            SessionOwner::Certificate { scheme, certificate_type, chain_len, .. } => {
                (PeerAuthentication::Certificate, Some(scheme), certificate_type, chain_len)
            }
        };
        Self {
            how,
            scheme,
            certificate_type,
            chain_len,
            began: state.began,
            #[cfg(feature = "early-data")]
            early_data: obfuscated_age.and_then(|age| EarlyOffer::new(state, age, now)),
        }
    }

    /// What its ticket says of early data; nothing if it was not the client's first.
    #[cfg(feature = "early-data")]
    pub(super) const fn early_data(&self) -> Option<&EarlyOffer> {
        self.early_data.as_ref()
    }

    /// The client is who it was. Whoever came with another PSK is known by that, and gets no tickets: these would
    /// outlive the key, and save nothing.
    pub(super) fn restore<P: CryptoProvider>(resumed: Option<Self>, step: &mut Step<'_, '_, P>) -> PeerAuthentication {
        let Some(resumed) = resumed else {
            let session = step.session();
            (session.policy, session.owed) = (None, 0);
            return PeerAuthentication::PreSharedKey;
        };
        let facts = step.facts();
        facts.peer_scheme = resumed.scheme;
        facts.peer_certificate_type = resumed.certificate_type;
        facts.peer_chain_len = resumed.chain_len;
        let session = step.session();
        session.began = resumed.began;
        session.owed = session.owed_resumed;
        resumed.how
    }
}

/// The hash and the Early Secret of a ticket's PSK, and its session.
type Opened<P> = (HashAlgorithm, Early<P>, Resumed);

/// Opens a ticket, with its age if it is the first, which alone may come with early data; there is nothing if it is
/// none of ours, or if its session is over, its hash has no suite, or the client asked for another name then, or we
/// asked it for another proof.
pub(super) fn poll_open<P: CryptoProvider>(
    step: &mut Step<'_, '_, P>,
    ticketer: &dyn Ticketer<P>,
    (ticket, obfuscated_age): (&[u8], Option<u32>),
    server_name: Option<&str>,
    has_suite: impl Fn(HashAlgorithm, &P) -> bool,
) -> Poll<Result<Option<Opened<P>>>> {
    step.poll_open_ticket(ticketer, ticket, |provider, memory, state| {
        let now = ticketer.now();
        let is_fresh = match (now, state.began) {
            (Some(now), Some(began)) => {
                now.checked_sub(began).is_some_and(|age| age <= ticketer.lifetime().min(MAX_TICKET_LIFETIME).into())
            }
            // There is no clock, as there was none; or it fails now.
            (_, began) => began.is_none(),
        };
        let is_same = memory.session.policy.as_ref() == Some(state.policy);
        let hash = state.cipher_suite.hash();
        if !is_fresh || !is_same || !has_suite(hash, provider) {
            return Ok(None);
        }
        let secret = match P::Secret::restore(provider, state.secret) {
            // It is not there any more, or the provider has changed its mind.
            Err(Error::Provider(ProviderFault::InvalidKey | ProviderFault::Unsupported)) => return Ok(None),
            secret => secret?,
        };
        let early = Early::new(provider, hash, &secret)?;
        if let Some(name) = server_name {
            memory.notes.note_name(name);
        }
        memory.notes.note_certificate(state.certificate());
        Ok(Some((hash, early, Resumed::new(state, obfuscated_age, now))))
    })
}

/// A hash of what a session must not be resumed without: the name that the client asked for, how it was asked who it
/// is, and whom its verifier trusts. `None` if nobody can tell that: then there are no sessions.
fn policy<P: CryptoProvider>(
    provider: &mut P,
    config: &ServerConfig<'_, P>,
    server_name: Option<&str>,
) -> Result<Option<[u8; 32]>> {
    let (kind, verifier) = match config.client_authentication {
        ClientAuthentication::None => (0, None),
        ClientAuthentication::Optional(verifier) => (1, Some(verifier)),
        ClientAuthentication::Required(verifier) => (2, Some(verifier)),
    };
    let trust = match verifier {
        None => None,
        Some(verifier) => match verifier.fingerprint(provider).unwrap_or(None) {
            None => return Ok(None),
            fingerprint => fingerprint,
        },
    };
    let trust: &[u8] = trust.as_ref().map_or(&[], |trust| trust.as_bytes());
    let name = server_name.unwrap_or_default().as_bytes();
    let hash = if P::Hash::supports(HashAlgorithm::Sha256) { HashAlgorithm::Sha256 } else { HashAlgorithm::Sha384 };
    // The name is the last part, and trust goes with the kind: nothing is joined in two ways.
    let digest = P::Hash::digest(provider, hash, &[&[kind], trust, name])?;
    Ok(digest.as_bytes().first_chunk().copied())
}

/// Notes how many tickets the client gets when the handshake is complete, and what they will stand for. A client that
/// said nothing of PSK modes, or nothing that we allow, could do nothing with them (RFC 9846 4.3.9).
pub(super) fn expect_tickets<P: CryptoProvider>(
    step: &mut Step<'_, '_, P>,
    config: &ServerConfig<'_, P>,
    hello: &ClientHello<'_>,
    has_mode: bool,
) -> Result<()> {
    if config.tickets.ticketer.is_none() || step.session().policy.is_some() {
        return Ok(());
    }
    let policy =
        if has_mode { policy(step.provider(), config, ServerNameList::dns_name(hello.extensions)?)? } else { None };
    let requested = hello.extensions.get(ExtensionType::TICKET_REQUEST, TicketRequest::read)?;
    let most = if policy.is_some() { config.tickets.count } else { 0 };
    let session = step.session();
    session.policy = policy;
    session.is_count_asked = requested.is_some();
    session.owed = requested.map_or(most, |requested| requested.new_session_count.min(most));
    session.owed_resumed = requested.map_or(1, |requested| requested.resumption_count).min(most);
    Ok(())
}
