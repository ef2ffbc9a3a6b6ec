//! Writing the ClientHello, the first and the second (RFC 9846 4.2.2).

use super::{Client, Context};
use crate::codes::{ExtensionType, HandshakeType, NamedGroup, ProtocolVersion};
use crate::config::{Common, is_x509_only};
use crate::crypto::{CryptoProvider, KeyExchange};
use crate::error::{Error, Result};
use crate::handshake::Operation;
use crate::limits::MAX_KEY_SHARES;
use crate::wire::Writer;
use crate::wire::extensions::{
    CertificateAuthorities, CertificateStatusRequest, CertificateTypeList, Cookie, MaxFragmentLengthExtension,
    NamedGroupList, ProtocolNameList, RecordSizeLimit, ServerNameList, SignatureSchemeList,
    SignedCertificateTimestamps, SupportedVersions,
};
use core::task::Poll;

/// What both ClientHellos of a connection have in common, beside the random of [`Facts`](crate::handshake::Facts).
pub(super) struct Offer {
    session_id: [u8; 32],
    session_id_len: u8,
    written: Option<WrittenShares>,
}

/// Key shares that stand in the transmit buffer already, while the next one is pending: they are asked for once.
#[derive(Clone, Copy)]
struct WrittenShares {
    /// Where the first one begins, and the last one ends.
    start: u32,
    end: u32,
    count: u8,
}

impl Offer {
    /// A fresh offer; the agreements behind its key shares are begun.
    pub(super) fn new<P: CryptoProvider>(cx: &mut Context<'_, '_, P>, client: &Client<'_, P>) -> Result<Self> {
        let mut drawn = [[0; 32]; 2];
        let session_id_len = if client.config.compatibility_mode {
            // In one go: some generators take long to begin.
            cx.provider.fill_random(drawn.as_flattened_mut())?;
            32
        } else {
            let [random, _] = &mut drawn;
            cx.provider.fill_random(random)?;
            0
        };
        let [random, session_id] = drawn;
        cx.facts.client_random = random;
        let groups = share_groups(cx, client);
        cx.incoming.agree(cx.provider, &groups)?;
        Ok(Self { session_id, session_id_len, written: None })
    }

    /// What the server is to echo.
    pub(super) fn session_id(&self) -> &[u8] {
        self.session_id.get(..self.session_id_len.into()).unwrap_or(&[])
    }

    /// Writes a ClientHello with the shares of [`Incoming::shares`] where [`Outgoing::message_room`] is, and returns its
    /// length.
    ///
    /// [`Incoming::shares`]: crate::record::Incoming::shares
    /// [`Outgoing::message_room`]: crate::record::Outgoing::message_room
    pub(super) fn poll_write<P: CryptoProvider>(
        &mut self,
        cx: &mut Context<'_, '_, P>,
        client: &Client<'_, P>,
        cookie: Option<&[u8]>,
    ) -> Poll<Result<usize>> {
        let (own_record_size_limit, fits_hybrids) = (cx.own_record_size_limit(), cx.fits_hybrids());
        let mut result = Poll::Ready(Ok(()));
        cx.outgoing.message_room(usize::MAX);
        let message_start = cx.outgoing.message_start();
        let mut written = None;
        let mut writer = Writer::new(cx.outgoing.message_room(0));
        writer.message(HandshakeType::CLIENT_HELLO, |writer| {
            writer.u16(ProtocolVersion::TLS_1_2.0);
            writer.bytes(&cx.facts.client_random);
            writer.vector8(|writer| writer.bytes(self.session_id()));
            writer.vector16(|writer| {
                cx.common.cipher_suites(cx.provider).for_each(|suite| writer.u16(suite.0));
            });
            writer.vector8(|writer| writer.u8(0));
            writer.vector16(|writer| {
                write_lists(writer, cx.common, cx.provider, client, own_record_size_limit, fits_hybrids);
                if let Some(cookie) = cookie {
                    Cookie { cookie }.write(writer);
                }
                writer.extension(ExtensionType::KEY_SHARE, |writer| {
                    writer.vector16(|writer| {
                        let start = place(message_start.saturating_add(writer.len()));
                        let done = self.written.filter(|written| written.start == start);
                        let done = written.insert(done.unwrap_or(WrittenShares { start, end: start, count: 0 }));
                        writer.filled(usize::try_from(done.end.saturating_sub(start)).unwrap_or(usize::MAX));
                        for share in cx.incoming.shares().iter_mut().flatten().skip(done.count.into()) {
                            writer.u16(share.group.0);
                            writer.vector16(|writer| match share.exchange.poll_generate(cx.provider, writer.room()) {
                                Poll::Ready(Ok(len)) => writer.filled(len),
                                Poll::Ready(Err(Error::TransmitBufferTooSmall(len))) => writer.missing(len),
                                Poll::Ready(Err(error)) => result = Poll::Ready(Err(error)),
                                Poll::Pending if result.is_ready() => result = Poll::Pending,
                                Poll::Pending => {}
                            });
                            if !matches!(result, Poll::Ready(Ok(()))) {
                                break;
                            }
                            done.count = done.count.saturating_add(1);
                            done.end = place(message_start.saturating_add(writer.len()));
                        }
                    });
                });
            });
        });
        let len = writer.finish();
        self.written = written.filter(|_| result.is_pending());
        match result {
            Poll::Pending => cx.pending(Operation::KeyGeneration),
            Poll::Ready(Ok(())) => Poll::Ready(len.map_err(Error::with_record_overhead)),
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
        }
    }
}

/// A place in the transmit buffer, in four bytes.
fn place(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

/// The groups to send shares for, in the order of supported_groups, as RFC 9846 4.3.8 wants it.
fn share_groups<P: CryptoProvider>(
    cx: &Context<'_, '_, P>,
    client: &Client<'_, P>,
) -> [Option<NamedGroup>; MAX_KEY_SHARES] {
    let mut groups = [None; MAX_KEY_SHARES];
    let mut supported = cx.common.named_groups(cx.provider, cx.fits_hybrids());
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
    own_record_size_limit: u16,
    fits_hybrids: bool,
) {
    if let Some(name) = client.host_name() {
        ServerNameList::write(writer, name.as_bytes());
    }
    SupportedVersions::write(writer);
    NamedGroupList::write(writer, common.named_groups(provider, fits_hybrids));
    SignatureSchemeList::write(writer, ExtensionType::SIGNATURE_ALGORITHMS, common.handshake_schemes(provider));
    if common.certificate_schemes(provider).any(|scheme| !scheme.signs_handshake()) {
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
    if !common.alpn.is_empty() {
        ProtocolNameList::write(writer, common.alpn);
    }
    if let Some(max_fragment_length) = client.config.max_fragment_length {
        MaxFragmentLengthExtension { max_fragment_length }.write(writer);
    }
    RecordSizeLimit { limit: own_record_size_limit }.write(writer);
}
