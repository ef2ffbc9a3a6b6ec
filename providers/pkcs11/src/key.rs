//! A private key in a token.

use crate::error::TokenError;
use crate::lock::lock;
use crate::requests::Requests;
use crate::shared::{KnownKey, Request, Shared, Signature};
use core::task::{Poll, Waker};
use saitls_core::codes::SignatureScheme;
use saitls_core::crypto::{CryptoProvider, Signer, write_to_front};
use saitls_core::error::{ProviderFault, Result};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

/// Signatures that nobody fetched are forgotten when there are more of them.
const MAX_SIGNATURES: usize = 256;

/// What is being signed: the message, which names it, and the place for the signature.
type Signing = (Vec<u8>, Arc<Mutex<Signature>>);

/// A private key that stays in its token: a [`Signer`] for every provider, to be shared by any number of connections.
pub struct TokenKey {
    known: KnownKey,
    requests: Arc<Requests>,
    shared: Arc<Shared>,
    signing: Mutex<VecDeque<Signing>>,
}

impl TokenKey {
    pub(crate) fn new(known: KnownKey, requests: Arc<Requests>, shared: Arc<Shared>) -> Self {
        Self { known, requests, shared, signing: Mutex::default() }
    }

    /// The schemes this key signs with, in order of preference.
    #[must_use]
    pub fn schemes(&self) -> &[SignatureScheme] {
        &self.known.schemes
    }

    /// Why the last signature with a key of this token failed, if one did.
    #[must_use]
    pub fn failure(&self) -> Option<TokenError> {
        self.shared.failure()
    }

    fn begin(&self, scheme: SignatureScheme, message: &[u8]) -> Result<Arc<Mutex<Signature>>> {
        let signature = Arc::new(Mutex::new(Signature::Pending));
        let message = message.to_vec();
        let request = Request::Sign { key: self.known.number, scheme, message, signature: signature.clone() };
        self.requests.send(request).map_err(|_| ProviderFault::CryptoFailed)?;
        Ok(signature)
    }

    fn poll(&self, scheme: SignatureScheme, message: &[u8]) -> Poll<Result<Vec<u8>>> {
        let mut signing = lock(&self.signing);
        let Some(at) = signing.iter().position(|(signed, _)| signed == message) else {
            if signing.len() == MAX_SIGNATURES
                && let Some((_, forgotten)) = signing.pop_front()
            {
                self.shared.fetch(&forgotten);
            }
            signing.push_back((message.to_vec(), self.begin(scheme, message)?));
            return Poll::Pending;
        };
        let Some(signed) = self.shared.fetch(&signing[at].1) else { return Poll::Pending };
        signing.remove(at);
        Poll::Ready(match signed {
            Signature::Signed(signature) => Ok(signature),
            Signature::Pending | Signature::Failed => Err(ProviderFault::CryptoFailed.into()),
        })
    }
}

impl<P: CryptoProvider> Signer<P> for TokenKey {
    fn schemes(&self) -> &[SignatureScheme] {
        &self.known.schemes
    }

    fn poll_sign(&self, _: &mut P, scheme: SignatureScheme, message: &[u8], out: &mut [u8]) -> Poll<Result<usize>> {
        if !self.known.schemes.contains(&scheme) {
            return Poll::Ready(Err(ProviderFault::Unsupported.into()));
        }
        self.poll(scheme, message).map(|signature| write_to_front(&signature?, out))
    }

    fn register_waker(&self, _: &mut P, waker: &Waker) -> bool {
        self.shared.register(waker);
        true
    }
}
