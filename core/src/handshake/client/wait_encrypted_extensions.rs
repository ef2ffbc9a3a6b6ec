//! WAIT_EE: the server's answers to the rest of the offer.

use super::wait_certificate_or_request::WaitCertificateOrRequest;
use super::wait_finished::WaitFinished;
use super::{Client, State, Step};
use crate::codes::{CertificateType, ExtensionType};
use crate::config::is_x509_only;
use crate::crypto::CryptoProvider;
use crate::error::{CertificateFault, Error, PeerFault, Result};
use crate::handshake::Received;
use crate::handshake::evidence::{PeerAuthenticated, PskAgreed};
use crate::limits::MAX_PLAINTEXT_LEN;
use crate::wire::EncryptedExtensions;
use crate::wire::extensions::{
    EarlyDataIndication, ExpectedTickets, Extensions, MaxFragmentLengthExtension, NamedGroupList, RecordSizeLimit,
    SelectedCertificateType, SelectedProtocol, ServerNameAcknowledgement,
};
use core::task::Poll;

pub(crate) struct WaitEncryptedExtensions {
    /// With a PSK there is no certificate (RFC 9846 4.5).
    psk: Option<PskAgreed>,
}

impl WaitEncryptedExtensions {
    pub(super) const fn new(psk: Option<PskAgreed>) -> Self {
        Self { psk }
    }

    #[inline(never)]
    pub(super) fn on<P: CryptoProvider>(
        &self,
        step: &mut Step<'_, '_, P>,
        client: &Client<'_, P>,
        received: &mut Received<'_>,
    ) -> Poll<Result<State<P>>> {
        let extensions = EncryptedExtensions::read(received.message.body)?.extensions;
        check_solicited(step, client, extensions)?;
        if let Some(name) = extensions.find(ExtensionType::SERVER_NAME) {
            ServerNameAcknowledgement::read(name)?;
        }
        // A list for later connections, which is not acted upon (RFC 9846 4.3.7).
        extensions.get(ExtensionType::SUPPORTED_GROUPS, NamedGroupList::read)?;
        extensions.get(ExtensionType::TICKET_REQUEST, ExpectedTickets::read)?;
        let alpn = selected_protocol(step, extensions)?;
        apply_limits(step, client, extensions)?;
        let (peer_types, own_types) = (client.config.common.peer_certificate_types, client.config.certificate_types);
        let peer_type = selected_type(extensions, ExtensionType::SERVER_CERTIFICATE_TYPE, peer_types)?;
        let own_type = selected_type(extensions, ExtensionType::CLIENT_CERTIFICATE_TYPE, own_types)?;
        // Without an answer it is X.509: no matter for us, who need not present anything.
        if self.psk.is_none() && peer_type.is_none() && !peer_types.contains(&CertificateType::X509) {
            return Poll::Ready(Err(CertificateFault::Unsupported.into()));
        }
        let facts = step.facts();
        facts.alpn = alpn;
        facts.peer_certificate_type = peer_type.unwrap_or(CertificateType::X509);
        facts.own_certificate_type = own_type.unwrap_or(CertificateType::X509);
        let accepted = extensions.get(ExtensionType::EARLY_DATA, EarlyDataIndication::read)?;
        step.conclude_early_data(accepted.is_some())?;
        step.accept(&received.message)?;
        Poll::Ready(Ok(match &self.psk {
            Some(agreed) => State::WaitFinished(WaitFinished::new(PeerAuthenticated::by_psk(agreed))),
            None => State::WaitCertificateOrRequest(WaitCertificateOrRequest::new()),
        }))
    }
}

/// Every answer must have its question (RFC 9846 4.3), which stands in the ClientHello as `write_lists` has it.
fn check_solicited<P: CryptoProvider>(
    step: &Step<'_, '_, P>,
    client: &Client<'_, P>,
    extensions: Extensions<'_>,
) -> Result<()> {
    let psks = &client.config.psks;
    for (kind, _) in extensions.iter() {
        let asked = match kind {
            ExtensionType::SERVER_NAME => client.host_name().is_some(),
            ExtensionType::APPLICATION_LAYER_PROTOCOL_NEGOTIATION => !client.config.common.alpn.is_empty(),
            ExtensionType::MAX_FRAGMENT_LENGTH => {
                step.own_max_fragment_length(client.config.max_fragment_length).is_some()
            }
            ExtensionType::SERVER_CERTIFICATE_TYPE => {
                psks.accepts_certificate() && !is_x509_only(client.config.common.peer_certificate_types)
            }
            ExtensionType::CLIENT_CERTIFICATE_TYPE => {
                psks.accepts_certificate() && !is_x509_only(client.config.certificate_types)
            }
            // With another key than the first one there is none (RFC 9846 4.3.11).
            ExtensionType::EARLY_DATA if step.was_denied_early_data() => {
                return Err(PeerFault::IllegalParameter.into());
            }
            ExtensionType::EARLY_DATA => step.awaits_early_data(),
            ExtensionType::TICKET_REQUEST => client.config.sessions.requested().is_some(),
            ExtensionType::SUPPORTED_GROUPS => psks.accepts_exchange(),
            ExtensionType::RECORD_SIZE_LIMIT => true,
            _ => false,
        };
        if !asked {
            return Err(PeerFault::UnsolicitedExtension.into());
        }
    }
    Ok(())
}

/// The type of certificate that the server chose of those that one side has (RFC 7250 4).
#[inline(never)]
fn selected_type(
    extensions: Extensions<'_>,
    kind: ExtensionType,
    types: &[CertificateType],
) -> Result<Option<CertificateType>> {
    let Some(selected) = extensions.get(kind, SelectedCertificateType::read)? else { return Ok(None) };
    let selected = selected.certificate_type;
    if types.contains(&selected) { Ok(Some(selected)) } else { Err(PeerFault::IllegalParameter.into()) }
}

fn selected_protocol<P: CryptoProvider>(step: &Step<'_, '_, P>, extensions: Extensions<'_>) -> Result<Option<u16>> {
    let kind = ExtensionType::APPLICATION_LAYER_PROTOCOL_NEGOTIATION;
    let Some(selected) = extensions.get(kind, SelectedProtocol::read)? else { return Ok(None) };
    let offered = step.common().alpn.iter().position(|&name| name == selected.name);
    let index = offered.and_then(|index| u16::try_from(index).ok());
    index.map(Some).ok_or(Error::Peer(PeerFault::IllegalApplicationProtocol))
}

fn apply_limits<P: CryptoProvider>(
    step: &mut Step<'_, '_, P>,
    client: &Client<'_, P>,
    extensions: Extensions<'_>,
) -> Result<()> {
    let record_size_limit = extensions.get(ExtensionType::RECORD_SIZE_LIMIT, RecordSizeLimit::read)?;
    let fragment_length = extensions.get(ExtensionType::MAX_FRAGMENT_LENGTH, MaxFragmentLengthExtension::read)?;
    match (record_size_limit, fragment_length) {
        // RFC 8449 5: never both.
        (Some(_), Some(_)) => Err(PeerFault::IllegalMaxFragmentLength.into()),
        (Some(limit), None) => {
            if usize::from(limit.limit) > MAX_PLAINTEXT_LEN.saturating_add(1) {
                return Err(PeerFault::IllegalRecordSizeLimit.into());
            }
            step.limit_records(limit);
            Ok(())
        }
        (None, Some(accepted)) => {
            let told = client.config.max_fragment_length;
            if step.own_max_fragment_length(told) != Some(accepted.max_fragment_length) {
                return Err(PeerFault::IllegalMaxFragmentLength.into());
            }
            let bytes = accepted.max_fragment_length.bytes().ok_or(PeerFault::IllegalMaxFragmentLength)?;
            match told {
                Some(_) => step.limit_fragments(bytes),
                None => step.limit_fragments_to_fit(bytes),
            }
            Ok(())
        }
        (None, None) => Ok(()),
    }
}
