//! Cookies (RFC 9846 4.3.2): what a server that remembers nothing must know when the second ClientHello comes.
//!
//! ```text
//! suite 2 | group 2 | time in seconds 8, 0 if unknown | hash of the first ClientHello 1+n | what is compared 1+n |
//! what is said of PSKs
//! ```

use super::retried::{Retried, write_hello_retry_request};
use crate::codes::{CipherSuite, ExtensionType, NamedGroup};
use crate::config::ServerConfig;
use crate::crypto::{CryptoProvider, Digest, MAX_DIGEST_LEN};
use crate::error::{Error, PeerFault, Result};
use crate::handshake::Step;
use crate::handshake::psk::{Choice, MAX_FIRST_LEN};
use crate::limits::MAX_COOKIE_AGE;
use crate::tickets::TicketKeys;
use crate::wire::extensions::Cookie;
use crate::wire::{ClientHello, Malformed, Reader, Writer};

const MAX_CONTENT_LEN: usize = 2 + 2 + 8 + (1 + MAX_DIGEST_LEN) + (1 + MAX_DIGEST_LEN) + MAX_FIRST_LEN;
const MAX_LEN: usize = TicketKeys::cookie_len(MAX_CONTENT_LEN);

/// A HelloRetryRequest with the longest session id and cookie.
const MAX_REQUEST_LEN: usize = 4 + 2 + 32 + 33 + 3 + 2 + 6 + 6 + 6 + MAX_LEN;

/// A cookie for a client.
pub(super) struct Sealed {
    bytes: [u8; MAX_LEN],
    len: usize,
}

impl Sealed {
    /// A cookie, if the server remembers nothing. The transcript is that of the first ClientHello.
    pub(super) fn new<P: CryptoProvider>(
        step: &mut Step<'_, '_, P>,
        config: &ServerConfig<'_, P>,
        retried: &Retried,
        psk: &Choice<P>,
    ) -> Result<Option<Self>> {
        let Some(keys) = config.tickets.cookies else { return Ok(None) };
        let hello = step.transcript_hash()?;
        let mut content = [0; MAX_CONTENT_LEN];
        let mut writer = Writer::new(&mut content);
        writer.u16(retried.cipher_suite.0);
        writer.u16(retried.named_group.0);
        writer.bytes(&keys.seconds().unwrap_or(0).to_be_bytes());
        writer.vector8(|writer| writer.bytes(hello.as_bytes()));
        writer.vector8(|writer| writer.bytes(retried.fingerprint.as_bytes()));
        psk.write_first(&mut writer);
        let len = writer.finish()?;
        let mut sealed = Self { bytes: [0; MAX_LEN], len: 0 };
        let content = content.get(..len).ok_or(Error::Internal)?;
        sealed.len = keys.seal_cookie(step.provider(), content, &mut sealed.bytes)?;
        Ok(Some(sealed))
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

/// What a ClientHello with a cookie is held against, if the server remembers nothing; the transcript is then as if it
/// had remembered it.
pub(super) fn open<P: CryptoProvider>(
    step: &mut Step<'_, '_, P>,
    config: &ServerConfig<'_, P>,
    hello: &ClientHello<'_>,
) -> Result<Option<(Retried, Choice<P>)>> {
    let Some(keys) = config.tickets.cookies else { return Ok(None) };
    let Some(Cookie { cookie }) = hello.extensions.get(ExtensionType::COOKIE, Cookie::read)? else { return Ok(None) };
    let mut content = [0; MAX_LEN];
    let len = keys.open_cookie(step.provider(), cookie, &mut content)?.ok_or(PeerFault::ClientHelloChanged)?;
    let content = content.get(..len).ok_or(Error::Internal)?;
    let (suite, group, made, first, fingerprint, psk) = Reader::all(content, |reader| {
        let (suite, group) = (CipherSuite(reader.u16()?), NamedGroup(reader.u16()?));
        let made = u64::from_be_bytes(*reader.array()?);
        let (first, fingerprint) = (reader.vector8()?, reader.vector8()?);
        let psk = Choice::read_first(suite.hash(), reader)?;
        Ok::<_, Malformed>((suite, group, made, first, fingerprint, psk))
    })?;
    let is_old = keys.seconds().is_some_and(|now| made != 0 && now.abs_diff(made) > MAX_COOKIE_AGE);
    // Another configuration may serve it than the one that asked.
    let is_ours = step.cipher_suites().any(|own| own == suite) && step.named_groups().any(|own| own == group);
    if is_old || !is_ours {
        return Err(PeerFault::ClientHelloChanged.into());
    }
    let facts = step.facts();
    facts.cipher_suite = suite;
    facts.client_random = *hello.random;
    facts.retried = true;
    let mut request = [0; MAX_REQUEST_LEN];
    let mut writer = Writer::new(&mut request);
    write_hello_retry_request(&mut writer, hello, suite, group, Some(cookie));
    let len = writer.finish()?;
    step.begin_transcript_again(suite, &Digest::new(first)?, request.get(..len).ok_or(Error::Internal)?)?;
    let fingerprint = Digest::new(fingerprint)?;
    Ok(Some((Retried { cipher_suite: suite, named_group: group, fingerprint, is_sealed: true }, psk)))
}
