//! A session as bytes.

use crate::codes::CipherSuite;
use crate::crypto::{CryptoProvider, MAX_STORED_SECRET_LEN, Secret, TRUST_FINGERPRINT_LEN, TrustFingerprint};
use crate::wire::{Malformed, Reader, Writer};
use core::{fmt, net};
use rustls_pki_types::{DnsName, IpAddr, Ipv4Addr, Ipv6Addr, ServerName};
use zeroize::Zeroize;

/// The first byte of what is written. A byte of erased or of zeroed memory is none.
const VERSION: u8 = 2;

/// What stands in front of the secret.
const HEADER_LEN: usize = 42;

/// The name of the peer was verified.
const NAME_VERIFIED: u8 = 1;

/// What a client must have to resume a session: the ticket, the key that it stands for, and what both are good for.
///
/// As bytes it outlives a restart. **These are as secret as the provider's stored secrets are**: with a provider in
/// software they hold a key.
///
/// ```text
///  1  version = 2                        8  fingerprint of what was trusted
///  1  bit 0: the name was verified       1  length of the secret, then it (`Secret::store`, up to 96 bytes)
///  2  cipher suite                       1  length of the application protocol, then it
///  4  lifetime in seconds                1  0 no name, 1 host name, 4 or 6 an address of that version
///  4  ticket_age_add                     1  length of the name, then it: text, or 4 or 16 bytes
///  4  max_early_data_size                2  length of the ticket, then it
///  8  when it came, in seconds since 1970; all ones if there was no clock
///  8  when the full handshake was that it comes from, likewise
///  1  how often it was resumed since then
/// ```
///
/// The header is followed by the secret, so that whoever has restored it can wipe it. Numbers are big-endian.
#[derive(Clone, Copy)]
pub struct Session<'a> {
    pub(crate) cipher_suite: CipherSuite,
    pub(crate) lifetime: u32,
    pub(crate) age_add: u32,
    pub(crate) max_early_data: u32,
    /// Seconds since 1970.
    pub(crate) received: Option<u64>,
    /// When the last full handshake was, likewise.
    pub(crate) began: Option<u64>,
    /// How often it was resumed since then.
    pub(crate) resumptions: u8,
    pub(crate) trust: TrustFingerprint,
    pub(crate) name_verified: bool,
    pub(crate) secret: &'a [u8],
    pub(crate) alpn: Option<&'a [u8]>,
    pub(crate) name: Name<'a>,
    pub(crate) ticket: &'a [u8],
}

/// These bytes are no session that this version can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MalformedSession;

impl core::error::Error for MalformedSession {}

impl fmt::Display for MalformedSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no session, or one that another version wrote")
    }
}

impl From<Malformed> for MalformedSession {
    fn from(_: Malformed) -> Self {
        Self
    }
}

/// Whose session it is, as bytes.
#[derive(Clone, Copy)]
pub(crate) struct Name<'a> {
    kind: u8,
    bytes: &'a [u8],
}

impl<'a> Name<'a> {
    pub(crate) fn of(name: Option<&'a ServerName<'_>>) -> Self {
        let kind = match name {
            Some(ServerName::DnsName(_)) => 1,
            Some(ServerName::IpAddress(IpAddr::V4(_))) => 4,
            Some(ServerName::IpAddress(IpAddr::V6(_))) => 6,
            _ => 0,
        };
        Self { kind, bytes: name.map(TrustFingerprint::name).unwrap_or_default() }
    }

    fn is_valid(self) -> bool {
        match (self.kind, self.bytes.len()) {
            (0, 0) | (4, 4) | (6, 16) => true,
            (1, _) => self.dns_name().is_some(),
            _ => false,
        }
    }

    fn dns_name(self) -> Option<DnsName<'a>> {
        core::str::from_utf8(self.bytes).ok().and_then(|name| DnsName::try_from(name).ok())
    }

    /// Host names are the same in upper and lower case.
    pub(super) fn is(self, other: Name<'_>) -> bool {
        let same =
            if self.kind == 1 { self.bytes.eq_ignore_ascii_case(other.bytes) } else { self.bytes == other.bytes };
        self.kind == other.kind && same
    }

    fn get(self) -> Option<ServerName<'a>> {
        match self.kind {
            1 => self.dns_name().map(ServerName::DnsName),
            4 => <[u8; 4]>::try_from(self.bytes).ok().map(|bytes| ServerName::from(Ipv4Addr::from(bytes))),
            6 => {
                let address = <[u8; 16]>::try_from(self.bytes).ok().map(net::Ipv6Addr::from);
                address.map(|address| ServerName::from(Ipv6Addr::from(address.segments())))
            }
            _ => None,
        }
    }
}

impl<'a> Session<'a> {
    /// Reads what [`write`](Self::write) wrote, from the front of `bytes`: what stands behind it is not looked at,
    /// since pages of flash are longer.
    ///
    /// # Errors
    /// [`MalformedSession`]: nothing was written there, or not all of it, or by another version.
    pub fn read(bytes: &'a [u8]) -> Result<Self, MalformedSession> {
        let mut reader = Reader::new(bytes);
        let (version, flags) = (reader.u8()?, reader.u8()?);
        if version != VERSION || flags > NAME_VERIFIED {
            return Err(MalformedSession);
        }
        let cipher_suite = CipherSuite(reader.u16()?);
        let (lifetime, age_add, max_early_data) = (reader.u32()?, reader.u32()?, reader.u32()?);
        let (received, began, resumptions) = (time(&mut reader)?, time(&mut reader)?, reader.u8()?);
        let trust = *reader.array::<TRUST_FINGERPRINT_LEN>()?;
        let secret = reader.vector8()?;
        let alpn = Some(reader.vector8()?).filter(|alpn| !alpn.is_empty());
        let name = Name { kind: reader.u8()?, bytes: reader.vector8()? };
        let ticket = reader.vector16()?;
        if secret.is_empty() || secret.len() > MAX_STORED_SECRET_LEN || ticket.is_empty() || !name.is_valid() {
            return Err(MalformedSession);
        }
        Ok(Self {
            cipher_suite,
            lifetime,
            age_add,
            max_early_data,
            received,
            began,
            resumptions,
            trust: TrustFingerprint::from_bytes(trust),
            name_verified: flags & NAME_VERIFIED != 0,
            secret,
            alpn,
            name,
            ticket,
        })
    }

    /// How many bytes [`write`](Self::write) writes: those of the ticket, and at most 200 beside it, unless names are
    /// long.
    #[must_use]
    pub fn len(&self) -> usize {
        let mut writer = Writer::new(&mut []);
        self.put(&mut writer);
        writer.len()
    }

    /// It never is.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        false
    }

    /// Writes the session to the front of `out`, and returns how many bytes that are; `None` if it does not fit.
    pub fn write(&self, out: &mut [u8]) -> Option<usize> {
        let mut writer = Writer::new(out);
        self.put(&mut writer);
        writer.finish().ok()
    }

    fn put(&self, writer: &mut Writer<'_>) {
        writer.u8(VERSION);
        writer.u8(if self.name_verified { NAME_VERIFIED } else { 0 });
        writer.u16(self.cipher_suite.0);
        writer.u32(self.lifetime);
        writer.u32(self.age_add);
        writer.u32(self.max_early_data);
        for time in [self.received, self.began] {
            writer.bytes(&time.unwrap_or(u64::MAX).to_be_bytes());
        }
        writer.u8(self.resumptions);
        writer.bytes(self.trust.as_bytes());
        writer.vector8(|writer| writer.bytes(self.secret));
        writer.vector8(|writer| writer.bytes(self.alpn.unwrap_or_default()));
        writer.u8(self.name.kind);
        writer.vector8(|writer| writer.bytes(self.name.bytes));
        writer.vector16(|writer| writer.bytes(self.ticket));
    }

    /// Whose session it is: the name or address that the connection was to, if it had one.
    #[must_use]
    pub fn server_name(&self) -> Option<ServerName<'a>> {
        self.name.get()
    }

    /// Whether it is one with this peer: a session is resumed with the same one only.
    #[must_use]
    pub fn is_with(&self, server_name: Option<&ServerName<'_>>) -> bool {
        self.name.is(Name::of(server_name))
    }

    /// The suite of the connection that it comes from.
    #[must_use]
    pub const fn cipher_suite(&self) -> CipherSuite {
        self.cipher_suite
    }

    /// For how many seconds the server said that it can be resumed; nobody resumes one after more than seven days.
    #[must_use]
    pub const fn lifetime(&self) -> u32 {
        self.lifetime
    }

    /// When it came, in seconds since 1970, if there was a clock.
    #[must_use]
    pub const fn received(&self) -> Option<u64> {
        self.received
    }

    /// How many bytes of early data the server takes with it; 0 if none.
    #[must_use]
    pub const fn max_early_data(&self) -> u32 {
        self.max_early_data
    }

    /// Says that nobody will resume it: what of its key is in a chip, is freed. To be called by a store for what it
    /// throws away, and only for that.
    pub fn discard<P: CryptoProvider>(&self, provider: &mut P) {
        // That a slot is not freed is no reason to fail.
        let _ = P::Secret::discard(provider, self.secret);
    }
}

/// Seconds since 1970, or all ones.
fn time(reader: &mut Reader<'_>) -> Result<Option<u64>, Malformed> {
    let time = (u64::from(reader.u32()?) << 32) | u64::from(reader.u32()?);
    Ok(Some(time).filter(|&time| time != u64::MAX))
}

/// Wipes the secret of the session that stands at the front of `bytes`, which remains one in all else.
pub(crate) fn wipe_secret(bytes: &mut [u8]) {
    let len = bytes.get(HEADER_LEN.saturating_sub(1)).copied().unwrap_or_default();
    if let Some(secret) = bytes.get_mut(HEADER_LEN..).and_then(|bytes| bytes.get_mut(..len.into())) {
        secret.zeroize();
    }
}

const _: () = assert!(HEADER_LEN == 1 + 1 + 2 + 3 * 4 + 2 * 8 + 1 + TRUST_FINGERPRINT_LEN + 1);
