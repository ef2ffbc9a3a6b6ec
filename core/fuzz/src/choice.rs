//! What both ends are set to, and what the peer says of it: chosen by the input.

use crate::cryptography::Provider;
use crate::input::Input;
use crate::support::forger::*;
use crate::support::hellos::extension_data;
use crate::support::*;
use saitls_core::codes::*;
use saitls_core::config::{ClientAuthentication, ClientConfig, Identity, ServerConfig};
use saitls_core::crypto::{PeerVerifier, PinnedKey, x509};
use saitls_core::wire::extensions::{CertificateStatus, CertificateTypeList};

const STAPLED: &[u8] = &[0x30; 90];
const TIMESTAMPS: &[u8] = &[0, 4, 0, 2, 7, 7];
const AUTHORITIES: &[&[u8]] = &[&[0x30, 0]];
const RAW: CertificateType = CertificateType::RAW_PUBLIC_KEY;
const X509: CertificateType = CertificateType::X509;

/// What clients and servers are set to alike, by functions of the same names.
macro_rules! with_common {
    ($choice:ident, $config:ident) => {{
        let mut config = $config;
        if $choice.has(4) {
            config = config.with_certificate_status_request().with_certificate_timestamp_request();
        }
        if let Some(limit) = $choice.record_size_limit() {
            config = config.with_record_size_limit(limit);
        }
        if $choice.has(12) {
            config = config.with_alpn(&[b"h2", b"http/1.1"]);
        }
        if $choice.has(13) {
            config = config.with_certificate_authorities(AUTHORITIES);
        }
        config
    }};
}

/// 24 bits, none of them set in inputs that choose nothing.
#[derive(Clone, Copy, Default)]
pub struct Choice(usize);

impl Choice {
    /// The highest bit of the settings says whether there are three bytes of choice behind them.
    pub fn read(settings: u8, input: &mut Input<'_>) -> Self {
        if settings & 0x80 == 0 { Self::default() } else { Self::of([input.byte(), input.byte(), input.byte()]) }
    }

    pub fn of(bytes: [u8; 3]) -> Self {
        Self(bytes.into_iter().fold(0, |all, byte| all << 8 | usize::from(byte)))
    }

    pub fn is_some(self) -> bool {
        self.0 != 0
    }

    pub fn bits(self, at: u8, count: u8) -> usize {
        self.0 >> at & ((1 << count) - 1)
    }

    fn has(self, bit: u8) -> bool {
        self.bits(bit, 1) == 1
    }

    // ---- the connection

    /// The types of certificate that the two bits at `at` choose.
    fn certificate_types(self, at: u8) -> &'static [CertificateType] {
        [&[X509][..], &[X509, RAW], &[RAW, X509], &[RAW]][self.bits(at, 2)]
    }

    /// Who we are: with a certificate, with a bare key, or with either.
    pub fn identities<'a>(self, own: &'a TestIdentity, key: &'a &'a [u8]) -> Vec<Identity<'a, Provider>> {
        let mut identities = vec![own.identity(), Identity::raw_public_key(key, &own.key)];
        if self.has(5) {
            identities = identities.iter().map(|identity| identity.with_ocsp_response(STAPLED)).collect();
        }
        if self.has(6) {
            identities = identities.iter().map(|one| one.with_signed_certificate_timestamps(TIMESTAMPS)).collect();
        }
        match self.bits(2, 2) {
            0 => identities.truncate(1),
            1 => identities.reverse(),
            2 => identities.rotate_left(1),
            _ => drop(identities.remove(0)),
        }
        identities
    }

    /// Anybody, the one key that the peer has, or another.
    fn verifier<'a>(self, pinned: &'a PinnedKey<'a>) -> &'a dyn PeerVerifier<Provider> {
        if self.has(14) { pinned } else { &ANY }
    }

    /// The pins of `verifier`.
    pub fn pins(self, forger: &Forger) -> [[u8; 32]; 1] {
        let key = x509::subject_public_key_info(forger.identity.certificate).unwrap();
        let mut pin: [u8; 32] = hash(HashAlgorithm::Sha256, key).try_into().unwrap();
        pin[0] ^= u8::from(self.has(15));
        [pin]
    }

    fn record_size_limit(self) -> Option<u16> {
        [None, Some(64), Some(200), Some(1_000)][self.bits(10, 2)]
    }

    pub fn client<'a>(
        self,
        identities: &'a [Identity<'a, Provider>],
        pinned: &'a PinnedKey<'a>,
    ) -> ClientConfig<'a, Provider> {
        let mut config = ClientConfig::new(self.verifier(pinned))
            .with_identities(if self.has(16) { &[] } else { identities })
            .with_peer_certificate_types(self.certificate_types(0))
            .with_certificate_types(self.certificate_types(2))
            .with_compatibility_mode(!self.has(17));
        if let length @ 1..=4 = self.bits(7, 3) {
            config = config.with_max_fragment_length(MaxFragmentLength(length as u8));
        }
        with_common!(self, config)
    }

    pub fn server<'a>(
        self,
        settings: u8,
        identities: &'a [Identity<'a, Provider>],
        pinned: &'a PinnedKey<'a>,
    ) -> ServerConfig<'a, Provider> {
        let mut config = ServerConfig::new(identities).with_peer_certificate_types(self.certificate_types(0));
        if settings & 1 == 1 {
            let verifier = self.verifier(pinned);
            config = config.with_client_authentication(match self.has(16) {
                true => ClientAuthentication::Required(verifier),
                false => ClientAuthentication::Optional(verifier),
            });
        }
        if self.has(17) {
            config = config.with_cipher_suites(&[CipherSuite::AES_256_GCM_SHA384]);
        }
        with_common!(self, config)
    }

    pub fn buffers(self, settings: u8) -> saitls_core::Buffers<'static> {
        match settings >> 4 & 3 {
            0 => buffers(900, 600),
            1 => buffers(1_200, 4_000),
            3 if self.is_some() => buffers(400 + 100 * self.bits(21, 3), 512),
            _ => buffers(2_000, 1_200),
        }
    }

    // ---- the peer

    pub fn forger(self, mut forger: Forger) -> Forger {
        forger.identity = [ed25519, p256, rsapss2048, p384][self.bits(18, 2)]();
        if self.has(20) {
            (forger.suite, forger.group) = (CipherSuite::AES_256_GCM_SHA384, NamedGroup::SECP256R1);
        }
        forger
    }

    /// A message of the peer's, with what else it may say. Returns the limit on what comes back.
    pub fn step(self, forger: &mut Forger, step: Step, input: &mut Input<'_>) -> (Vec<u8>, Option<Limit>) {
        if !self.is_some() {
            return (forger.message(step), None);
        }
        match step {
            Step::EncryptedExtensions => {
                let mut answers = Vec::new();
                let limit = self.answer(&mut answers, input);
                (encrypted_extensions(&answers), limit)
            }
            Step::CertificateRequest => (request(input.byte()), None),
            Step::Certificate => {
                let says = input.byte();
                let mut entry = Vec::new();
                if says & 1 == 1 {
                    let data = extension_data(|writer| CertificateStatus { ocsp_response: STAPLED }.write(writer));
                    entry.push((ExtensionType::STATUS_REQUEST, data));
                }
                if says & 2 == 2 {
                    entry.push((ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP, TIMESTAMPS.to_vec()));
                }
                let certificate = forger.identity.certificate;
                let key = x509::subject_public_key_info(certificate).unwrap();
                let chain: &[&[u8]] = match says >> 2 & 3 {
                    0 => &[certificate],
                    1 => &[key],
                    2 => &[certificate, certificate],
                    _ => &[key, key],
                };
                (certificate_with(b"", chain, &entry), None)
            }
            _ => (forger.message(step), None),
        }
    }

    /// What EncryptedExtensions says.
    fn answer(self, answers: &mut Vec<(ExtensionType, Vec<u8>)>, input: &mut Input<'_>) -> Option<Limit> {
        use ExtensionType as E;
        let says = input.byte();
        let kind = |bit: u8| vec![if says & bit == 0 { 0 } else { RAW.0 }];
        let mut limit = None;
        if says & 1 == 1 {
            answers.push((E::SERVER_CERTIFICATE_TYPE, kind(2)));
        }
        if says & 4 == 4 {
            answers.push((E::CLIENT_CERTIFICATE_TYPE, kind(8)));
        }
        match says >> 4 & 3 {
            1 => {
                let length = self.bits(7, 3) as u8;
                answers.push((E::MAX_FRAGMENT_LENGTH, vec![length]));
                limit = Limit::of_fragments(length);
            }
            2 => {
                let size = input.word();
                answers.push((E::RECORD_SIZE_LIMIT, (size as u16).to_be_bytes().to_vec()));
                limit = Limit::of_records(size);
            }
            _ => {}
        }
        if says & 0x40 != 0 {
            answers.push((E::APPLICATION_LAYER_PROTOCOL_NEGOTIATION, vec![0, 3, 2, b'h', b'2']));
        }
        if says & 0x80 != 0 {
            answers.push((E::SERVER_NAME, Vec::new()));
        }
        limit
    }

    /// What else a first ClientHello says.
    pub fn offer(self, hello: &mut ClientHelloParts, input: &mut Input<'_>) -> Option<Limit> {
        use ExtensionType as E;
        if !self.is_some() {
            return None;
        }
        let (types, says) = (input.byte(), input.byte());
        let mut limit = None;
        for (at, kind) in [(0, E::SERVER_CERTIFICATE_TYPE), (2, E::CLIENT_CERTIFICATE_TYPE)] {
            let list: &[CertificateType] = [&[][..], &[RAW], &[X509, RAW], &[RAW, X509]][usize::from(types >> at & 3)];
            if !list.is_empty() {
                let data = extension_data(|writer| CertificateTypeList::write(writer, kind, list));
                hello.extensions().set(kind, data);
            }
        }
        if types & 0x10 != 0 {
            hello.extensions().set(E::STATUS_REQUEST, [1, 0, 0, 0, 0]);
        }
        if types & 0x20 != 0 {
            hello.extensions().set(E::SIGNED_CERTIFICATE_TIMESTAMP, []);
        }
        if types & 0x40 != 0 {
            hello.extensions().set(E::APPLICATION_LAYER_PROTOCOL_NEGOTIATION, [0, 3, 2, b'h', b'2']);
        }
        if types & 0x80 != 0 {
            hello.extensions().set(E::CERTIFICATE_AUTHORITIES, [0, 4, 0, 2, 0x30, 0]);
        }
        if says & 7 != 0 {
            hello.extensions().set(E::MAX_FRAGMENT_LENGTH, [says & 7]);
            limit = Limit::of_fragments(says & 7);
        }
        if says & 8 == 8 {
            let size = input.word();
            hello.extensions().set(E::RECORD_SIZE_LIMIT, (size as u16).to_be_bytes());
            limit = Limit::of_records(size);
        }
        if says & 0x10 != 0 {
            hello.session_id.clear();
        }
        limit
    }
}

/// The most that records to the peer may have in them: content, type and padding.
#[derive(Clone, Copy)]
pub struct Limit(usize);

impl Limit {
    /// Of max_fragment_length (RFC 6066 4): the type comes on top.
    fn of_fragments(length: u8) -> Option<Self> {
        MaxFragmentLength(length).bytes().map(|bytes| Self(bytes + 1))
    }

    /// Of record_size_limit (RFC 8449 4); one that is too small is none.
    fn of_records(size: usize) -> Option<Self> {
        (size >= 64).then_some(Self(size))
    }

    /// Whether all that was protected is as short as it must be.
    pub fn is_kept(self, forger: &Forger) -> bool {
        records(&forger.wire)
            .iter()
            .filter(|(kind, _)| *kind == ContentType::APPLICATION_DATA)
            .all(|(_, record)| record.len() <= 5 + self.0 + forger.suite.tag_len())
    }
}

/// A CertificateRequest.
fn request(says: u8) -> Vec<u8> {
    use ExtensionType as E;
    let mut extensions = ExtensionsParts::default();
    extensions.set(E::SIGNATURE_ALGORITHMS, [0, 8, 4, 3, 8, 7, 8, 4, 5, 3]);
    for (bit, kind, data) in [
        (1, E::STATUS_REQUEST, &[1, 0, 0, 0, 0][..]),
        (2, E::SIGNED_CERTIFICATE_TIMESTAMP, &[]),
        (4, E::CERTIFICATE_AUTHORITIES, &[0, 4, 0, 2, 0x30, 0]),
        (8, E::OID_FILTERS, &[0, 6, 3, 0x55, 0x1d, 0x0f, 0, 0]),
        (16, E::SIGNATURE_ALGORITHMS_CERT, &[0, 4, 4, 1, 4, 3]),
    ] {
        if says & bit != 0 {
            extensions.set(kind, data);
        }
    }
    written(|writer| {
        writer.message(HandshakeType::CERTIFICATE_REQUEST, |writer| {
            writer.u8(0);
            extensions.write(writer);
        });
    })
}
