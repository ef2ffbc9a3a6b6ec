//! Tickets that hold what they stand for, sealed.

use super::Ticketer;
use super::shared::Shared;
use crate::codes::CipherSuite;
use crate::crypto::{Aead, Clock, CryptoProvider, Hash, Label, Nonce, Secret};
use crate::error::{Error, PeerFault, ProviderFault, Result};
use crate::limits::{MAX_COOKIE_AGE, MAX_TICKET_LIFETIME};
use crate::secret::SecretBytes;
use core::task::Poll;
use zeroize::Zeroize;

const NAME_LEN: usize = 8;
const SALT_LEN: usize = 16;
const FRONT_LEN: usize = NAME_LEN + SALT_LEN;
const TAG_LEN: usize = 16;

/// What the key of one ticket is derived with, or of one cookie, and how it is loaded.
const TICKET: Label<'static> = Label::tls13(b"ticket key");
const COOKIE: Label<'static> = Label::tls13(b"cookie key");
const KEY: Label<'static> = Label::tls13(b"key");

#[derive(Clone)]
struct Key {
    /// Names it in tickets.
    name: [u8; NAME_LEN],
    secret: SecretBytes,
    suite: CipherSuite,
    /// When it came into use.
    since: Option<u64>,
    /// Others have it too: it is not replaced by one that they do not have.
    is_given: bool,
}

/// Seals what tickets stand for into them, with an AEAD of the provider, so that a server remembers nothing. Tickets
/// can be used more than once.
///
/// ```text
/// name of the key 8 | salt 16 | sealed with a key of its own, of the key and the salt: the state, tag 16
/// ```
///
/// Two keys are there at a time: with the newer one tickets are made, both open them. With a clock the keys are renewed
/// by themselves, each when it has been in use for the lifetime of a ticket; without one, whoever owns this
/// [rotates](Self::rotate) them at such times, as tickets live until their key is gone.
///
/// The keys are bytes in RAM, drawn when this is made: after a restart, no ticket of before opens, and clients get full
/// handshakes. Several servers that are to open each other's tickets are [given](Self::from_key) the same keys; those
/// are not renewed by themselves: whoever gave them gives the next [in time](Self::rotate_to). Nor are any on
/// processors without atomic compare-and-swap, where [`rotate`](Self::rotate) renews them.
///
/// ```
/// # fn f<P: saitls_core::crypto::CryptoProvider>(provider: &mut P, clock: &dyn saitls_core::crypto::Clock,
/// #     identities: &[saitls_core::config::Identity<'_, P>]) -> saitls_core::Result<()> {
/// use saitls_core::{config::ServerConfig, tickets::TicketKeys};
///
/// let tickets = TicketKeys::new(provider)?.with_clock(clock);
/// let config = ServerConfig::new(identities).with_tickets(&tickets);
/// # let _ = config; Ok(()) }
/// ```
pub struct TicketKeys<'a> {
    /// The newer one, and the one before.
    keys: Shared<[Option<Key>; 2]>,
    clock: Option<&'a dyn Clock>,
    lifetime: u32,
}

impl<'a> TicketKeys<'a> {
    /// With a key that is drawn now, and tickets for a day.
    ///
    /// # Errors
    /// What [`CryptoProvider::fill_random`] says; [`ProviderFault::Unsupported`] if the provider has no AEAD with tags
    /// of 16 bytes.
    pub fn new<P: CryptoProvider>(provider: &mut P) -> Result<Self> {
        draw(provider).map(Self::with)
    }

    /// With a key of 32 random bytes that several servers have; its name tells it from others and is no secret.
    ///
    /// # Errors
    /// [`ProviderFault::InvalidKey`] if all bytes are 0; [`ProviderFault::Unsupported`] as for [`new`](Self::new).
    pub fn from_key<P: CryptoProvider>(provider: &P, name: [u8; NAME_LEN], key: &[u8; 32]) -> Result<Self> {
        given(provider, name, key).map(Self::with)
    }

    const fn with(key: Key) -> Self {
        Self { keys: Shared::new([Some(key), None]), clock: None, lifetime: 86_400 }
    }

    /// Knows what time it is: tickets end when they should, keys are renewed by themselves, and there can be early
    /// data.
    #[must_use]
    pub const fn with_clock(mut self, clock: &'a dyn Clock) -> Self {
        self.clock = Some(clock);
        self
    }

    /// How long a session can be resumed, in seconds; at most seven days, which is taken for more; with 0 there
    /// are no tickets.
    #[must_use]
    pub const fn with_lifetime(mut self, seconds: u32) -> Self {
        self.lifetime = if seconds < MAX_TICKET_LIFETIME { seconds } else { MAX_TICKET_LIFETIME };
        self
    }

    /// Draws a new key for the tickets from here on. Tickets of the one before still open, those of older ones do not.
    ///
    /// # Errors
    /// As for [`new`](Self::new); nothing has changed then.
    pub fn rotate<P: CryptoProvider>(&mut self, provider: &mut P) -> Result<()> {
        let key = Key { since: self.time(), ..draw(provider)? };
        put(self.keys.get_mut(), key);
        Ok(())
    }

    /// As [`rotate`](Self::rotate), with a key that several servers have.
    ///
    /// # Errors
    /// As for [`from_key`](Self::from_key); nothing has changed then.
    pub fn rotate_to<P: CryptoProvider>(&mut self, provider: &P, name: [u8; NAME_LEN], key: &[u8; 32]) -> Result<()> {
        let key = Key { since: self.time(), ..given(provider, name, key)? };
        put(self.keys.get_mut(), key);
        Ok(())
    }

    /// As [`rotate`](Self::rotate), while connections run. A spin lock is held while the keys are copied: **not for
    /// interrupt handlers**. It needs a processor with atomic compare-and-swap.
    ///
    /// # Errors
    /// As for [`new`](Self::new); nothing has changed then.
    #[cfg(target_has_atomic = "ptr")]
    pub fn rotate_shared<P: CryptoProvider>(&self, provider: &mut P) -> Result<()> {
        let key = Key { since: self.time(), ..draw(provider)? };
        self.keys.change(|keys| put(keys, key));
        Ok(())
    }

    fn time(&self) -> Option<u64> {
        self.clock?.now().ok().map(|time| time.as_secs())
    }

    /// The key to seal with: a new one, where it is time for it.
    fn current<P: CryptoProvider>(&self, provider: &mut P) -> Result<Key> {
        let now = self.time();
        let current = self.keys.read(|[current, _]| current.clone()).ok_or(Error::Internal)?;
        #[cfg(target_has_atomic = "ptr")]
        if let Some(now) = now {
            let is_old = |since: u64| now.saturating_sub(since) >= self.period();
            match current.since {
                // The clock was not set before.
                None => self.keys.change(|[current, _]| {
                    if let Some(current) = current.as_mut() {
                        current.since.get_or_insert(now);
                    }
                }),
                Some(since) if is_old(since) && !current.is_given => {
                    let next = Key { since: Some(now), ..draw(provider)? };
                    return self.keys.change(|keys| {
                        // Somebody else may have been faster.
                        if keys[0].as_ref().is_some_and(|key| key.name == current.name) {
                            put(keys, next);
                        }
                        keys[0].clone().ok_or(Error::Internal)
                    });
                }
                Some(_) => {}
            }
        }
        let _ = (now, provider);
        Ok(current)
    }

    /// The key of this name, unless the last ticket that was made with it is over: then it is wiped.
    fn named(&self, name: &[u8; NAME_LEN]) -> Option<Key> {
        let now = self.time();
        let age = |since: Option<u64>| now.zip(since).map_or(0, |(now, since)| now.saturating_sub(since));
        let is_over = |key: &Key, replaced: Option<u64>| {
            if key.is_given { age(replaced) > self.period() } else { age(key.since) > self.period().saturating_mul(2) }
        };
        #[cfg(target_has_atomic = "ptr")]
        self.keys.change(|[current, before]| {
            let replaced = current.as_ref().and_then(|current| current.since);
            drop(before.take_if(|key| is_over(key, replaced)));
        });
        self.keys.read(|[current, before]| {
            let replaced = current.as_ref().and_then(|current| current.since);
            let current = current.iter().filter(|key| !is_over(key, None));
            let before = before.iter().filter(|key| !is_over(key, replaced));
            current.chain(before).find(|key| key.name == *name).cloned()
        })
    }

    /// How long a key is in use for new tickets and cookies, in seconds.
    fn period(&self) -> u64 {
        u64::from(self.lifetime).max(MAX_COOKIE_AGE)
    }
}

/// The newer key becomes the one before.
fn put(keys: &mut [Option<Key>; 2], key: Key) {
    keys.swap(0, 1);
    keys[0] = Some(key);
}

fn draw<P: CryptoProvider>(provider: &mut P) -> Result<Key> {
    let mut name = [0; NAME_LEN];
    provider.fill_random(&mut name)?;
    let mut secret = SecretBytes::zeros(32)?;
    provider.fill_random(secret.as_mut_bytes())?;
    key(provider, name, secret)
}

fn given<P: CryptoProvider>(provider: &P, name: [u8; NAME_LEN], bytes: &[u8; 32]) -> Result<Key> {
    Ok(Key { is_given: true, ..key(provider, name, SecretBytes::new(bytes)?)? })
}

fn key<P: CryptoProvider>(provider: &P, name: [u8; NAME_LEN], secret: SecretBytes) -> Result<Key> {
    // What was never drawn is no key.
    if secret.as_bytes().iter().all(|&byte| byte == 0) {
        return Err(ProviderFault::InvalidKey.into());
    }
    let fits = |suite: &CipherSuite| {
        suite.tag_len() == TAG_LEN && P::Aead::supports(*suite) && P::Hash::supports(suite.hash())
    };
    let suite = provider.cipher_suites().iter().copied().find(fits).ok_or(ProviderFault::Unsupported)?;
    Ok(Key { name, secret, suite, since: None, is_given: false })
}

impl Key {
    /// The key of one ticket, or cookie. It seals nothing else, so there is one nonce.
    fn derived<P: CryptoProvider>(&self, provider: &mut P, label: &Label<'_>, salt: &[u8]) -> Result<P::Aead> {
        let secret = P::Secret::import(provider, self.secret.as_bytes())?;
        let secret = secret.derive(provider, self.suite.hash(), label, salt)?;
        P::Aead::from_secret(provider, self.suite, &secret, &KEY)
    }
}

impl<P: CryptoProvider> Ticketer<P> for TicketKeys<'_> {
    fn lifetime(&self) -> u32 {
        self.lifetime
    }

    fn now(&self) -> Option<u64> {
        self.time()
    }

    fn ticket_len(&self, state_len: usize) -> usize {
        state_len.saturating_add(FRONT_LEN + TAG_LEN)
    }

    fn poll_seal(&self, provider: &mut P, state: &[&[u8]], ticket: &mut [u8]) -> Poll<Result<Option<usize>>> {
        Poll::Ready(self.seal(provider, &TICKET, state, ticket).map(Some))
    }

    fn poll_open(&self, provider: &mut P, ticket: &[u8], state: &mut [u8]) -> Poll<Result<Option<usize>>> {
        Poll::Ready(self.open(provider, &TICKET, ticket, state))
    }
}

impl TicketKeys<'_> {
    /// The longest that a cookie for so many bytes can be.
    pub(crate) const fn cookie_len(len: usize) -> usize {
        len.saturating_add(FRONT_LEN + TAG_LEN)
    }

    /// Seals a cookie, and returns its length.
    pub(crate) fn seal_cookie<P: CryptoProvider>(
        &self,
        provider: &mut P,
        content: &[u8],
        cookie: &mut [u8],
    ) -> Result<usize> {
        self.seal(provider, &COOKIE, &[content], cookie)
    }

    /// Opens a cookie, and returns the length of its content; `None` if it is none of ours.
    pub(crate) fn open_cookie<P: CryptoProvider>(
        &self,
        provider: &mut P,
        cookie: &[u8],
        content: &mut [u8],
    ) -> Result<Option<usize>> {
        self.open(provider, &COOKIE, cookie, content)
    }

    /// The time in seconds, if it is known.
    pub(crate) fn seconds(&self) -> Option<u64> {
        self.time()
    }

    fn seal<P: CryptoProvider>(
        &self,
        provider: &mut P,
        label: &Label<'_>,
        parts: &[&[u8]],
        sealed: &mut [u8],
    ) -> Result<usize> {
        let key = self.current(provider)?;
        let (front, mut room) = sealed.split_first_chunk_mut::<FRONT_LEN>().ok_or(Error::Internal)?;
        let (name, salt) = front.split_at_mut_checked(NAME_LEN).ok_or(Error::Internal)?;
        name.copy_from_slice(&key.name);
        provider.fill_random(salt)?;
        let mut aead = key.derived(provider, label, salt)?;
        let mut len = TAG_LEN;
        for part in parts {
            room.get_mut(len.saturating_sub(TAG_LEN)..)
                .and_then(|room| room.get_mut(..part.len()))
                .ok_or(Error::Internal)?
                .copy_from_slice(part);
            len = len.saturating_add(part.len());
        }
        room = room.get_mut(..len).ok_or(Error::Internal)?;
        if let Err(error) = aead.seal(provider, &Nonce::default(), front, room) {
            room.zeroize();
            return Err(error);
        }
        Ok(len.saturating_add(FRONT_LEN))
    }

    fn open<P: CryptoProvider>(
        &self,
        provider: &mut P,
        label: &Label<'_>,
        sealed: &[u8],
        content: &mut [u8],
    ) -> Result<Option<usize>> {
        let Some((front, sealed)) = sealed.split_first_chunk::<FRONT_LEN>() else { return Ok(None) };
        let Some((name, salt)) = front.split_first_chunk() else { return Ok(None) };
        let Some(len) = sealed.len().checked_sub(TAG_LEN) else { return Ok(None) };
        // Renews them if it is time for it: what is over is wiped, though no ticket goes out.
        drop(self.current(provider)?);
        let Some(key) = self.named(name) else { return Ok(None) };
        let Some(room) = content.get_mut(..sealed.len()) else { return Ok(None) };
        let mut aead = key.derived(provider, label, salt)?;
        room.copy_from_slice(sealed);
        match aead.open(provider, &Nonce::default(), front, room) {
            Ok(()) => Ok(Some(len)),
            Err(error) => {
                room.zeroize();
                if error == Error::Peer(PeerFault::BadRecordMac) { Ok(None) } else { Err(error) }
            }
        }
    }
}
