//! NEGOTIATED: the EncryptedExtensions.

use super::requesting_certificate::RequestingCertificate;
use super::sending_certificate::SendingCertificate;
use super::sending_finished::SendingFinished;
use super::{State, Step};
use crate::codes::{ExtensionType, MaxFragmentLength};
use crate::config::ServerConfig;
use crate::crypto::CryptoProvider;
use crate::error::{Error, Result};
use crate::handshake::evidence::PskAgreed;
use crate::handshake::server::negotiate::{CertificateTypes, Selection};
use crate::wire::EncryptedExtensions;
use crate::wire::extensions::{
    EarlyDataIndication, ExpectedTickets, MaxFragmentLengthExtension, RecordSizeLimit, SelectedCertificateType,
    SelectedProtocol, ServerNameAcknowledgement,
};
use core::task::{Poll, ready};

pub(crate) struct Negotiated {
    certificate_types: CertificateTypes,
    record_size_limit: Option<RecordSizeLimit>,
    max_fragment_length: Option<MaxFragmentLength>,
    /// The client asked for a name, and the identity was chosen by it (RFC 6066 3).
    has_server_name: bool,
    /// With a PSK there is no certificate (RFC 9846 4.5).
    psk: Option<PskAgreed>,
}

impl Negotiated {
    pub(super) const fn new(selection: &Selection<'_>, psk: Option<PskAgreed>) -> Self {
        Self {
            certificate_types: selection.certificate_types,
            record_size_limit: selection.record_size_limit,
            max_fragment_length: selection.max_fragment_length,
            has_server_name: selection.identity_request.server_name.is_some(),
            psk,
        }
    }

    #[inline(never)]
    pub(super) fn advance<P: CryptoProvider>(
        &mut self,
        step: &mut Step<'_, '_, P>,
        config: &ServerConfig<'_, P>,
    ) -> Poll<Result<State<P>>> {
        self.apply_limits(step)?;
        let own_limit = step.own_record_size_limit();
        let own_type = step.facts().own_certificate_type;
        let protocol = step.facts().alpn.and_then(|index| config.common.alpn.get(usize::from(index)));
        let takes_early_data = step.early_data_taken().is_some();
        let expected_tickets = step.expected_tickets();
        ready!(step.poll_send(&mut |writer, _| {
            EncryptedExtensions::write(writer, |writer| {
                if self.has_server_name {
                    ServerNameAcknowledgement::write(writer);
                }
                if let Some(name) = protocol {
                    SelectedProtocol { name }.write(writer);
                }
                if self.certificate_types.is_own_asked {
                    let selected = SelectedCertificateType { certificate_type: own_type };
                    selected.write(writer, ExtensionType::SERVER_CERTIFICATE_TYPE);
                }
                if let Some(certificate_type) = self.certificate_types.peer {
                    SelectedCertificateType { certificate_type }.write(writer, ExtensionType::CLIENT_CERTIFICATE_TYPE);
                }
                if self.record_size_limit.is_some() {
                    RecordSizeLimit { limit: own_limit }.write(writer);
                }
                if let Some(max_fragment_length) = self.max_fragment_length {
                    MaxFragmentLengthExtension { max_fragment_length }.write(writer);
                }
                if takes_early_data {
                    EarlyDataIndication::write(writer);
                }
                if let Some(expected_count) = expected_tickets {
                    ExpectedTickets { expected_count }.write(writer);
                }
            });
        }))?;
        if let Some(agreed) = self.psk.take() {
            return Poll::Ready(Ok(State::SendingFinished(SendingFinished::after_psk(agreed))));
        }
        Poll::Ready(Ok(if config.client_authentication.verifier().is_some() {
            State::RequestingCertificate(RequestingCertificate)
        } else {
            State::SendingCertificate(SendingCertificate::new())
        }))
    }

    /// The limits hold from the first protected record on; setting them twice changes nothing.
    fn apply_limits<P: CryptoProvider>(&self, step: &mut Step<'_, '_, P>) -> Result<()> {
        if let Some(limit) = self.record_size_limit {
            step.limit_records(limit);
        }
        if let Some(length) = self.max_fragment_length {
            step.limit_fragments(length.bytes().ok_or(Error::Internal)?);
        }
        Ok(())
    }
}
