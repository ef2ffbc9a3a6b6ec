//! RECVD_CH: what to answer to a ClientHello (RFC 9846 4.2.1), as a pure function of it and the configuration.

use crate::codes::{CertificateType, CipherSuite, ExtensionType, MaxFragmentLength, NamedGroup, ProtocolVersion};
use crate::config::{self, ServerConfig};
use crate::crypto::{CryptoProvider, Digest, Hash};
use crate::error::{CertificateFault, Error, Incompatibility, PeerFault, Result};
use crate::handshake::Step;
use crate::handshake::psk::{Picked, fits};
use crate::identity::{Asked, IdentityRequest};
use crate::wire::ClientHello;
use crate::wire::extensions::{
    CertificateTypeList, Cookie, Extensions, KeyShareClientHello, MaxFragmentLengthExtension, NamedGroupList,
    ProtocolNameList, RecordSizeLimit, ServerNameList, SupportedVersions,
};

/// What a server answers.
pub(super) struct Selection<'m> {
    pub(super) cipher_suite: CipherSuite,
    pub(super) exchange: Exchange<'m>,
    /// The PSK to go on with, if there is one.
    pub(super) psk: Option<Picked>,
    /// What it says of the certificate it wants.
    pub(super) identity_request: IdentityRequest<'m>,
    /// Whether the client asked for a type of certificate, and the one to ask of it.
    pub(super) certificate_types: CertificateTypes,
    pub(super) asked: Asked,
    /// Index into the configured protocols.
    pub(super) alpn: Option<u16>,
    pub(super) record_size_limit: Option<RecordSizeLimit>,
    pub(super) max_fragment_length: Option<MaxFragmentLength>,
    pub(super) early_data: bool,
}

/// The key agreement.
#[derive(Clone, Copy)]
pub(super) enum Exchange<'m> {
    /// With the client's share for this group.
    Agree(NamedGroup, &'m [u8]),
    /// There is no share for it: a HelloRetryRequest asks for one.
    AskFor(NamedGroup),
    /// None at all, as this PSK allows (psk_ke).
    #[allow(dead_code, reason = "it says that there is one: in a build without PSKs, nothing goes without")]
    Without(Picked),
}

impl Exchange<'_> {
    pub(super) const fn group(&self) -> Option<NamedGroup> {
        match *self {
            Self::Agree(group, _) | Self::AskFor(group) => Some(group),
            Self::Without(_) => None,
        }
    }
}

/// Types of certificate (RFC 7250 4).
#[derive(Clone, Copy)]
pub(super) struct CertificateTypes {
    /// The client has an opinion about ours.
    pub(super) is_own_asked: bool,
    /// The client's, if it has an opinion and we ask for its certificate.
    pub(super) peer: Option<CertificateType>,
}

/// The type to ask of the client: the one we prefer among those it has.
fn select_peer_type<P: CryptoProvider>(
    config: &ServerConfig<'_, P>,
    extensions: Extensions<'_>,
) -> Result<Option<CertificateType>> {
    let offered = extensions.get(ExtensionType::CLIENT_CERTIFICATE_TYPE, CertificateTypeList::read)?;
    if config.client_authentication.verifier().is_none() {
        return Ok(None);
    }
    let types = config.common.peer_certificate_types;
    let selected = types.iter().find(|&&own| offered.unwrap_or(CertificateTypeList::X509).contains(own));
    let selected = selected.ok_or(CertificateFault::Unsupported)?;
    Ok(offered.map(|_| *selected))
}

/// Checks that all is there that what is there needs (RFC 9846 9.2, 4.3.9), and that pre_shared_key is the last
/// extension (4.3.11): whether or not it is used.
pub(super) fn check_extensions(hello: &ClientHello<'_>) -> Result<()> {
    let mut from_psk = hello.extensions.iter().skip_while(|(kind, _)| *kind != ExtensionType::PRE_SHARED_KEY);
    let has_psk = from_psk.next().is_some();
    if from_psk.next().is_some() {
        return Err(PeerFault::PreSharedKeyNotLast.into());
    }
    let has = |kind| hello.extensions.find(kind).is_some();
    let has_groups = has(ExtensionType::SUPPORTED_GROUPS);
    let is_whole = match has_psk {
        true => has(ExtensionType::PSK_KEY_EXCHANGE_MODES),
        false => has(ExtensionType::SIGNATURE_ALGORITHMS) && has_groups,
    };
    if is_whole && has_groups == has(ExtensionType::KEY_SHARE) {
        Ok(())
    } else {
        Err(PeerFault::MissingExtension.into())
    }
}

/// Checks a ClientHello and selects the parameters that go with a PSK, or without one, and after a HelloRetryRequest
/// with its suite.
pub(super) fn select<'m, P: CryptoProvider>(
    step: &Step<'_, '_, P>,
    config: &ServerConfig<'_, P>,
    hello: &ClientHello<'m>,
    body: &'m [u8],
    psk: Option<Picked>,
    retried: Option<CipherSuite>,
) -> Result<Selection<'m>> {
    let (extensions, offered) = (hello.extensions, config::ClientHello::of(body));
    let cipher_suite = select_suite(step, config, hello, psk, retried).ok_or(Incompatibility::NoCipherSuite)?;
    let exchange = select_exchange(step, extensions, psk)?;
    let own_types = extensions.get(ExtensionType::SERVER_CERTIFICATE_TYPE, CertificateTypeList::read)?;
    let server_name = ServerNameList::dns_name(extensions)?;
    let identity_request = if psk.is_some() {
        IdentityRequest::none(server_name)
    } else {
        let types = own_types.unwrap_or(CertificateTypeList::X509);
        IdentityRequest { client_hello: Some(offered), ..IdentityRequest::read(server_name, extensions, types)? }
    };
    extensions.get(ExtensionType::COOKIE, Cookie::read)?;
    let record_size_limit = extensions.get(ExtensionType::RECORD_SIZE_LIMIT, RecordSizeLimit::read)?;
    let max_fragment_length = match record_size_limit {
        // RFC 8449 5: then it is ignored.
        Some(_) => None,
        None => extensions
            .get(ExtensionType::MAX_FRAGMENT_LENGTH, MaxFragmentLengthExtension::read)?
            .map(|extension| extension.max_fragment_length),
    };
    Ok(Selection {
        cipher_suite,
        exchange,
        psk,
        identity_request,
        certificate_types: CertificateTypes {
            is_own_asked: psk.is_none() && own_types.is_some(),
            peer: if psk.is_some() { None } else { select_peer_type(config, extensions)? },
        },
        asked: Asked::read(extensions)?,
        alpn: select_protocol(config, extensions, offered)?,
        record_size_limit,
        max_fragment_length,
        early_data: extensions.find(ExtensionType::EARLY_DATA).is_some(),
    })
}

/// Checks that a ClientHello is one of TLS 1.3 (RFC 9846 4.2.2, 4.3.1).
pub(super) fn check_version(hello: &ClientHello<'_>) -> Result<()> {
    let versions = hello.extensions.get(ExtensionType::SUPPORTED_VERSIONS, SupportedVersions::read)?;
    if !versions.is_some_and(|offered| offered.versions.contains(ProtocolVersion::TLS_1_3)) {
        return Err(Incompatibility::ProtocolVersion.into());
    }
    if hello.legacy_version != ProtocolVersion::TLS_1_2 {
        return Err(Incompatibility::ProtocolVersion.into());
    }
    if hello.legacy_compression_methods != [0] {
        return Err(PeerFault::IllegalCompression.into());
    }
    Ok(())
}

/// The suite we prefer among the client's, or the client among ours; with a PSK, of its hash; after
/// a HelloRetryRequest, its suite.
fn select_suite<P: CryptoProvider>(
    step: &Step<'_, '_, P>,
    config: &ServerConfig<'_, P>,
    hello: &ClientHello<'_>,
    psk: Option<Picked>,
    retried: Option<CipherSuite>,
) -> Option<CipherSuite> {
    let fits = |suite: CipherSuite| fits(suite, psk, retried);
    if config.follows_client {
        return hello.cipher_suites.iter().find(|&suite| step.cipher_suites().any(|own| own == suite) && fits(suite));
    }
    step.cipher_suites().find(|&suite| fits(suite) && hello.cipher_suites.contains(suite))
}

/// The key agreement, unless the PSK does without: where it may be either, where there is no group for one.
fn select_exchange<'m, P: CryptoProvider>(
    step: &Step<'_, '_, P>,
    extensions: Extensions<'m>,
    psk: Option<Picked>,
) -> Result<Exchange<'m>> {
    if let Some(psk) = psk.filter(|psk| !psk.allows_exchange()) {
        return Ok(Exchange::Without(psk));
    }
    match (select_group(step, extensions), psk) {
        (Err(Error::Incompatible(Incompatibility::NoGroup)), Some(psk)) if psk.allows_none() => {
            Ok(Exchange::Without(psk))
        }
        (selected, _) => selected,
    }
}

/// The group we prefer among those with a share, since that saves a round trip; else among those offered.
fn select_group<'m, P: CryptoProvider>(step: &Step<'_, '_, P>, extensions: Extensions<'m>) -> Result<Exchange<'m>> {
    let groups = extensions.get(ExtensionType::SUPPORTED_GROUPS, NamedGroupList::read)?;
    let shares = extensions.get(ExtensionType::KEY_SHARE, KeyShareClientHello::read)?;
    // A client with a PSK may do without both (RFC 9846 9.2); we do not.
    let (Some(groups), Some(shares)) = (groups, shares) else { return Err(Incompatibility::NoGroup.into()) };
    let groups = groups.named_group_list;
    // Each of the client's lists is walked for each group of ours, which are few; the shares of other groups are
    // nothing to us.
    let (mut with_share, mut without) = (None, None);
    for group in step.named_groups() {
        match (shares.find(group)?, groups.contains(group)) {
            (Some(share), true) => _ = with_share.get_or_insert(Exchange::Agree(group, share)),
            (Some(_), false) => return Err(PeerFault::IllegalKeyShare.into()),
            (None, true) => _ = without.get_or_insert(Exchange::AskFor(group)),
            (None, false) => {}
        }
    }
    with_share.or(without).ok_or(Error::Incompatible(Incompatibility::NoGroup))
}

/// The protocol we prefer among those the client speaks (RFC 7301 3.2).
fn select_protocol<P: CryptoProvider>(
    config: &ServerConfig<'_, P>,
    extensions: Extensions<'_>,
    hello: config::ClientHello<'_>,
) -> Result<Option<u16>> {
    let common = &config.common;
    let kind = ExtensionType::APPLICATION_LAYER_PROTOCOL_NEGOTIATION;
    let Some(offered) = extensions.get(kind, ProtocolNameList::read)? else { return Ok(None) };
    if common.alpn.is_empty() {
        return Ok(None);
    }
    let is_offered = |own: &&[u8]| offered.iter().any(|name| name == *own);
    let selected = match config.protocol_chooser {
        None => common.alpn.iter().position(is_offered),
        Some(chooser) => match chooser.choose(&hello)? {
            None => return Ok(None),
            Some(index) => common.alpn.get(index).filter(|own| is_offered(own)).map(|_| index),
        },
    };
    let index = selected.and_then(|index| u16::try_from(index).ok());
    index.map(Some).ok_or(Error::Incompatible(Incompatibility::NoApplicationProtocol))
}

/// The extensions that a server acts on, but for key_share, which is to change. In a second ClientHello they are as in
/// the first (RFC 9846 4.2.2).
const COMPARED: [ExtensionType; 14] = [
    ExtensionType::SERVER_NAME,
    ExtensionType::MAX_FRAGMENT_LENGTH,
    ExtensionType::STATUS_REQUEST,
    ExtensionType::SUPPORTED_GROUPS,
    ExtensionType::SIGNATURE_ALGORITHMS,
    ExtensionType::APPLICATION_LAYER_PROTOCOL_NEGOTIATION,
    ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP,
    ExtensionType::CLIENT_CERTIFICATE_TYPE,
    ExtensionType::SERVER_CERTIFICATE_TYPE,
    ExtensionType::RECORD_SIZE_LIMIT,
    ExtensionType::SUPPORTED_VERSIONS,
    // Unless it is ours, nobody asked for one.
    ExtensionType::COOKIE,
    ExtensionType::CERTIFICATE_AUTHORITIES,
    ExtensionType::SIGNATURE_ALGORITHMS_CERT,
];

/// A hash over what a second ClientHello is held against: all that we act on, in whatever order its extensions stand.
/// Some clients change the order, and what they send to be ignored. A cookie of ours stands in the second one alone.
pub(super) fn fingerprint<P: CryptoProvider>(
    provider: &mut P,
    suite: CipherSuite,
    hello: &ClientHello<'_>,
    has_own_cookie: bool,
) -> Result<Digest> {
    let mut hash = P::Hash::start(provider, suite.hash())?;
    let mut add = |bytes: &[u8]| {
        // Lengths keep neighbours apart.
        hash.update(provider, &u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes())?;
        hash.update(provider, bytes)
    };
    add(hello.random)?;
    add(hello.legacy_session_id)?;
    add(hello.cipher_suites.as_bytes())?;
    for kind in COMPARED.into_iter().filter(|&kind| !has_own_cookie || kind != ExtensionType::COOKIE) {
        if let Some(data) = hello.extensions.find(kind) {
            add(&kind.0.to_be_bytes())?;
            add(data)?;
        }
    }
    hash.finish(provider)
}
