//! A provider whose key schedule is in a token: see [`TokenProvider`].

mod abilities;
mod aead;
mod key_exchange;
mod lent;
mod native;
mod secret;
mod vault;

pub use aead::TokenAead;
pub use key_exchange::TokenKeyExchange;
pub use lent::{TokenHash, TokenVerifier};
pub use secret::TokenSecret;

use crate::error::TokenError;
use crate::module::Use;
use crate::retry::{FIRST_RETRY, LAST_RETRY};
use crate::session::Problem;
use crate::uri::{Pin, Uri};
use abilities::Abilities;
use cryptoki::types::AuthPin;
use native::Functions;
use saitls_core::codes::{CipherSuite, NamedGroup, SignatureScheme};
use saitls_core::crypto::CryptoProvider;
use saitls_core::{Error, ProviderFault, Result};
use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, Instant};
use vault::Vault;

/// A provider whose secrets are keys in a PKCS#11 token, from key exchange to record: sensitive, not extractable, and
/// gone with the connection. `S` is the provider in software that does the rest: it hashes transcripts, verifies
/// signatures and draws random numbers, none of which is secret for longer than it is on the wire.
///
/// What leaves the token are nonces, Finished values and exported keying material. It is waited for in each call.
pub struct TokenProvider<S> {
    software: S,
    vault: Arc<Vault>,
    abilities: Abilities,
    failure: Option<TokenError>,
    /// Of a token that was lost and looked for: what is said of it until then, or for good.
    looked: Option<(TokenError, Option<Instant>)>,
    /// How long it is not looked for after the next time in vain.
    retry: Duration,
    uri: Uri,
    pin: Option<AuthPin>,
    functions: Arc<Functions>,
    // After the sessions.
    module: Arc<Use>,
}

impl<S: CryptoProvider> TokenProvider<S> {
    /// Opens a session with the token that a URI means, whatever object it means in it, and tries each suite and each
    /// group once, with keys that are destroyed again.
    ///
    /// The module is called on the threads of the callers, and without a limit of time.
    ///
    /// # Errors
    /// [`TokenError::Unfit`] if the token cannot derive secrets, agree on them or protect records without showing the
    /// keys; otherwise as for [`Token::from_uri`](crate::Token::from_uri).
    pub fn open(uri: &Uri, software: S) -> std::result::Result<Self, TokenError> {
        let pin = uri.pin.as_ref().map(Pin::read).transpose()?;
        let module = Arc::new(Use::open(&uri.module_file()?, uri.module_parameters.as_deref())?);
        let functions = Functions::of(module.path()).map_err(|error| TokenError::of(&error))?;
        let functions = Arc::new(functions);
        let (vault, listed) = Vault::open(&module, &functions, uri, pin.as_ref())?;
        let abilities = Abilities::find(&vault, &listed)?;
        let uri = uri.clone();
        let (failure, looked, retry) = (None, None, FIRST_RETRY);
        Ok(Self { software, vault, abilities, failure, looked, retry, uri, pin, functions, module })
    }

    /// The provider in software.
    pub const fn software(&mut self) -> &mut S {
        &mut self.software
    }

    /// What the token said when something last failed, if it did.
    #[must_use]
    pub const fn failure(&self) -> Option<&TokenError> {
        self.failure.as_ref()
    }

    /// How records of a suite are protected, in words; nothing if the token does not have the suite.
    #[must_use]
    pub fn records(&self, suite: CipherSuite) -> Option<&'static str> {
        self.abilities.records(suite).map(aead::Records::in_words)
    }

    /// The session for new secrets: another one where that before was lost.
    fn vault(&mut self) -> std::result::Result<Arc<Vault>, TokenError> {
        if self.vault.is_lost() {
            if let Some((error, again)) = &self.looked
                && again.is_none_or(|again| Instant::now() < again)
            {
                return Err(error.clone());
            }
            self.vault = self.open_again()?;
        }
        Ok(self.vault.clone())
    }

    /// As it is, then with the module started anew, which some need to see what has changed.
    fn open_again(&mut self) -> std::result::Result<Arc<Vault>, TokenError> {
        let generation = self.module.enter().generation;
        let open = || Vault::open(&self.module, &self.functions, &self.uri, self.pin.as_ref()).map(|(vault, _)| vault);
        let mut opened = open();
        // A token counts wrong PINs, and not every module says that it was one: one login is enough for now.
        let mut is_login = opened.as_ref().is_err_and(Problem::is_of_login);
        let is_of_pin = opened.as_ref().is_err_and(Problem::is_of_pin);
        if opened.is_err() && !is_of_pin && self.module.restart(generation).is_ok() && !is_login {
            opened = open();
            is_login = opened.as_ref().is_err_and(Problem::is_of_login);
        }
        let error = match opened {
            Ok(vault) => {
                let gone = TokenError::Gone("it was there a moment ago".to_owned());
                (self.looked, self.retry) = (Some((gone, Some(Instant::now() + FIRST_RETRY))), FIRST_RETRY);
                return Ok(vault);
            }
            Err(problem) => TokenError::from(problem),
        };
        let again = if error.is_of_pin() { None } else { Some(Instant::now() + self.retry) };
        self.looked = Some((error.clone(), again));
        // To start a module anew ends the sessions of all that use it.
        self.retry = if is_login || self.module.is_shared() { LAST_RETRY.min(self.retry * 2) } else { FIRST_RETRY };
        Err(error)
    }

    /// What the connection is told of what the token said.
    fn told<T>(&mut self, result: std::result::Result<T, TokenError>) -> Result<T> {
        result.map_err(|error| {
            self.failure = Some(error);
            Error::Provider(ProviderFault::CryptoFailed)
        })
    }
}

impl<S: CryptoProvider> CryptoProvider for TokenProvider<S> {
    type Hash = TokenHash<S::Hash>;
    type Secret = TokenSecret;
    type Aead = TokenAead;
    type KeyExchange = TokenKeyExchange;
    type SignatureVerifier = TokenVerifier<S::SignatureVerifier>;

    fn fill_random(&mut self, out: &mut [u8]) -> Result<()> {
        self.software.fill_random(out)
    }

    fn register_waker(&mut self, waker: &Waker) -> bool {
        self.software.register_waker(waker)
    }

    /// Those that the token protects records of.
    fn cipher_suites(&self) -> &[CipherSuite] {
        &self.abilities.suites
    }

    /// Those that the token agrees in.
    fn named_groups(&self) -> &[NamedGroup] {
        &self.abilities.groups
    }

    fn signature_schemes(&self) -> &[SignatureScheme] {
        self.software.signature_schemes()
    }
}
