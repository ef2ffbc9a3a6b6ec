//! Writing the ClientHello, the first and the second (RFC 9846 4.2.2).

use super::{Client, Step};
use crate::codes::{CipherSuite, ExtensionType, NamedGroup};
use crate::config::{Common, is_x509_only};
use crate::crypto::CryptoProvider;
use crate::error::{Error, Result};
use crate::handshake::agreement::Written;
use crate::handshake::psk::{Binders, Hello, write_identities, write_modes};
use crate::limits::MAX_KEY_SHARES;
use crate::waiting::Operation;
use crate::wire::extensions::{
    CertificateAuthorities, CertificateStatusRequest, CertificateTypeList, Cookie, EarlyDataIndication,
    KeyShareClientHello, MaxFragmentLengthExtension, NamedGroupList, ProtocolNameList, RecordSizeLimit, ServerNameList,
    SignatureSchemeList, SignedCertificateTimestamps, SupportedVersions, TicketRequest,
};
use crate::wire::{ClientHello, Writer};
use core::task::{Poll, ready};

/// What both ClientHellos of a connection have in common, beside the random of [`Facts`](crate::handshake::Facts).
pub(super) struct Offer {
    session_id: [u8; 32],
    session_id_len: u8,
    /// Of the ClientHello that is being made.
    written: Written,
    binders: Binders,
}

impl Offer {
    /// A fresh offer; the agreements behind its key shares are begun.
    pub(super) fn new<P: CryptoProvider>(step: &mut Step<'_, '_, P>, client: &Client<'_, P>) -> Result<Self> {
        let mut drawn = [[0; 32]; 2];
        let session_id_len = if client.config.compatibility_mode { 32 } else { 0 };
        // In one go: some generators take long to begin.
        let wanted = drawn.as_flattened_mut().get_mut(..32usize.saturating_add(session_id_len.into()));
        step.provider().fill_random(wanted.unwrap_or_default())?;
        let [random, session_id] = drawn;
        step.facts().client_random = random;
        let groups = share_groups(step, client);
        let (provider, agreements, _) = step.agreements()?;
        agreements.begin(provider, groups)?;
        Ok(Self { session_id, session_id_len, written: Written::NOTHING, binders: Binders::NOTHING })
    }

    /// What the server is to echo.
    pub(super) fn session_id(&self) -> &[u8] {
        self.session_id.get(..self.session_id_len.into()).unwrap_or(&[])
    }

    /// Drafts a ClientHello with a share of each agreement, and returns its length.
    ///
    /// The shares, at its end, are made where they will be sent from. So what is in front of them is written first; and
    /// again when their length is known.
    pub(super) fn poll_write<P: CryptoProvider>(
        &mut self,
        step: &mut Step<'_, '_, P>,
        client: &Client<'_, P>,
        cookie: Option<&[u8]>,
        hello: Hello<'_>,
    ) -> Poll<Result<usize>> {
        let len = match self.write(step, client, cookie, None) {
            Err(Error::TransmitBufferTooSmall(len)) => len.get(),
            len => len?,
        };
        let front_len = len.saturating_sub(self.written.len);
        let (provider, agreements, draft) = step.agreements()?;
        let room = draft.get_mut(front_len..).unwrap_or_default();
        match agreements.poll_write(provider, room, &mut self.written) {
            Poll::Pending => return step.pending(Operation::KeyGeneration),
            Poll::Ready(written) => written?,
        }
        if self.binders.is_nothing() {
            step.note_ticket_age(&client.config.sessions);
        }
        let len = self.write(step, client, cookie, Some(hello)).map_err(|error| step.explain(error))?;
        ready!(self.binders.poll_bind(step, &client.config.psks, hello, len))?;
        (self.written, self.binders) = (Written::NOTHING, Binders::NOTHING);
        Poll::Ready(Ok(len))
    }

    /// Writes all but the shares, around them. What is behind them, pre_shared_key, is written for the ClientHello that
    /// it is for.
    #[inline(never)]
    fn write<P: CryptoProvider>(
        &self,
        step: &mut Step<'_, '_, P>,
        client: &Client<'_, P>,
        cookie: Option<&[u8]>,
        hello: Option<Hello<'_>>,
    ) -> Result<usize> {
        let (common, fits_hybrids) = (step.common(), step.fits_hybrids());
        let fragments = step.own_max_fragment_length(client.config.max_fragment_length);
        let record_size_limit = step.own_record_size_limit();
        let (psks, sessions, ticket) = (&client.config.psks, &client.config.sessions, step.ticket_suite());
        // Many servers choose the suite, then look for a PSK that fits it: that of the ticket goes first of all.
        let preferred = ticket.map(CipherSuite::hash).or_else(|| psks.preferred_hash());
        let is_first = |suite: &CipherSuite| preferred.is_none_or(|hash| suite.hash() == hash);
        let is_tickets = |suite: &CipherSuite| ticket == Some(*suite);
        // With early data, the transcript begins at once: its hash is known.
        let early_hash = step.early_hash();
        step.write(&mut |writer, provider, memory| {
            let is_offered =
                |suite: CipherSuite| psks.allows_suite(suite) && early_hash.is_none_or(|hash| suite.hash() == hash);
            let others = || common.cipher_suites(provider).filter(|suite| !is_tickets(suite) && is_offered(*suite));
            let suites =
                ticket.into_iter().chain(others().filter(is_first)).chain(others().filter(|suite| !is_first(suite)));
            ClientHello::write(writer, &memory.facts.client_random, self.session_id(), suites, |writer| {
                write_lists(writer, common, provider, client, fits_hybrids);
                if let Some(max_fragment_length) = fragments {
                    MaxFragmentLengthExtension { max_fragment_length }.write(writer);
                }
                RecordSizeLimit { limit: record_size_limit }.write(writer);
                if let Some(cookie) = cookie {
                    Cookie { cookie }.write(writer);
                }
                write_modes(writer, psks, sessions);
                if memory.offers_early_data() && hello.is_none_or(Hello::is_first) {
                    EarlyDataIndication::write(writer);
                }
                if psks.accepts_exchange() {
                    KeyShareClientHello::write(writer, |writer| writer.filled(self.written.len));
                }
                if let Some(hello) = hello {
                    write_identities(writer, psks, common, provider, memory, hello);
                }
            });
        })
    }
}

/// The groups to send shares for, in the order of supported_groups, as RFC 9846 4.3.8 wants it.
fn share_groups<P: CryptoProvider>(
    step: &Step<'_, '_, P>,
    client: &Client<'_, P>,
) -> [Option<NamedGroup>; MAX_KEY_SHARES] {
    let mut groups = [None; MAX_KEY_SHARES];
    if !client.config.psks.accepts_exchange() {
        return groups;
    }
    let mut supported = step.named_groups();
    match client.config.key_shares {
        Some(wanted) => {
            let both = supported.filter(|group| wanted.contains(group));
            groups.iter_mut().zip(both).for_each(|(slot, group)| *slot = Some(group));
        }
        None => {
            let first = supported.next();
            let second = supported.find(|group| first.is_some_and(NamedGroup::is_hybrid) && !group.is_hybrid());
            groups = [first, second, None];
        }
    }
    groups
}

/// Writes all extensions that both ClientHellos have alike.
#[inline(never)]
fn write_lists<P: CryptoProvider>(
    writer: &mut Writer<'_>,
    common: &Common<'_>,
    provider: &P,
    client: &Client<'_, P>,
    fits_hybrids: bool,
) {
    if let Some(name) = client.host_name() {
        ServerNameList::write(writer, name.as_bytes());
    }
    SupportedVersions::write(writer);
    if client.config.psks.accepts_exchange() {
        NamedGroupList::write(writer, common.named_groups(provider, fits_hybrids));
    }
    if client.config.psks.accepts_certificate() {
        write_certificate_lists(writer, common, provider, client);
    }
    if !common.alpn.is_empty() {
        ProtocolNameList::write(writer, common.alpn);
    }
    if let Some(count) = client.config.sessions.requested() {
        TicketRequest { new_session_count: count, resumption_count: count }.write(writer);
    }
}

/// Writes what a server needs to know that presents a certificate.
fn write_certificate_lists<P: CryptoProvider>(
    writer: &mut Writer<'_>,
    common: &Common<'_>,
    provider: &P,
    client: &Client<'_, P>,
) {
    SignatureSchemeList::write(writer, ExtensionType::SIGNATURE_ALGORITHMS, common.handshake_schemes(provider));
    if common.has_schemes_for_certificates(provider) {
        SignatureSchemeList::write(
            writer,
            ExtensionType::SIGNATURE_ALGORITHMS_CERT,
            common.certificate_schemes(provider),
        );
    }
    if !common.certificate_authorities.is_empty() {
        CertificateAuthorities::write(writer, common.certificate_authorities);
    }
    if common.asks_certificate_status {
        CertificateStatusRequest::write(writer);
    }
    if common.asks_certificate_timestamps {
        SignedCertificateTimestamps::write_request(writer);
    }
    for (kind, types) in client.certificate_types() {
        if !is_x509_only(types) {
            CertificateTypeList::write(writer, kind, types);
        }
    }
}
