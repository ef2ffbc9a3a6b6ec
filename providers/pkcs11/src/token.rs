//! A token.

use crate::error::TokenError;
use crate::find::{FoundToken, find_tokens};
use crate::key::TokenKey;
use crate::module::Use;
use crate::name::Name;
use crate::requests::Requests;
use crate::session::Login;
use crate::shared::{Listed, Request, Shared};
use crate::uri::{ObjectType, Uri};
use crate::worker::PATIENCE;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// A PKCS#11 token that is logged in. Keys outlive it: its session ends with the last of them.
///
/// A token that was away, and is there again, is logged in to again when it is next needed, with the same PIN; keys are
/// found again by what they were found by. A PIN that is wrong is not tried a second time, nor is one for a signature.
pub struct Token {
    requests: Arc<Requests>,
    shared: Arc<Shared>,
}

impl Token {
    /// Loads the PKCS#11 module at this path and logs in, as its user, to the token with this label. Blocks until that
    /// is done.
    ///
    /// A module is loaded once, told that the process uses threads, and stopped with the last of its tokens; one that
    /// somebody else in the process has started is neither started nor stopped. In a process that is logged in to the
    /// token already, PKCS#11 does not check the PIN again.
    ///
    /// # Errors
    /// As for [`from_uri`](Self::from_uri).
    pub fn open(module: impl AsRef<Path>, label: &str, pin: &str) -> Result<Self, TokenError> {
        Self::from_uri(&Uri::of_token(module, label, pin))
    }

    /// The same for the token that a URI means, whatever object it means in it. Where it names no module, all modules
    /// that p11-kit knows are meant. Without a PIN, a token that has a pad for it asks there.
    ///
    /// # Errors
    /// [`TokenError::Module`], [`TokenError::NoToken`], [`TokenError::AmbiguousToken`], [`TokenError::NoPin`],
    /// [`TokenError::PinSource`], [`TokenError::WrongPin`], [`TokenError::PinLocked`], [`TokenError::Hangs`],
    /// [`TokenError::Failed`].
    pub fn from_uri(uri: &Uri) -> Result<Self, TokenError> {
        Self::from_uri_within(uri, PATIENCE)
    }

    /// The same with another limit than 10 seconds for each answer of the token; what it has not answered by then
    /// fails. Where somebody types a PIN meanwhile it is 2 minutes at least.
    ///
    /// # Errors
    /// As for [`from_uri`](Self::from_uri).
    pub fn from_uri_within(uri: &Uri, limit: Duration) -> Result<Self, TokenError> {
        Self::start(uri, Login::AsNeeded, limit)
    }

    fn start(uri: &Uri, login: Login, limit: Duration) -> Result<Self, TokenError> {
        let shared = Arc::<Shared>::default();
        let requests = Arc::new(Requests::start(uri.clone(), login, limit, &shared)?);
        Ok(Self { requests, shared })
    }

    /// The private key with this label, ready to sign.
    ///
    /// # Errors
    /// [`TokenError::NoKey`], [`TokenError::AmbiguousKey`], [`TokenError::UnsupportedKey`], [`TokenError::Gone`],
    /// [`TokenError::Hangs`], [`TokenError::Failed`]; what a login says, for a key that wants one for each signature.
    pub fn key(&self, label: &str) -> Result<TokenKey, TokenError> {
        self.find_key(Name { label: Some(label.to_owned()), id: None })
    }

    /// The private key with this `CKA_ID`.
    ///
    /// # Errors
    /// As for [`key`](Self::key).
    pub fn key_with_id(&self, id: &[u8]) -> Result<TokenKey, TokenError> {
        self.find_key(Name { label: None, id: Some(id.to_owned()) })
    }

    /// The private key that a URI means, whatever token it means: by `object` and `id`, or without them the only one.
    ///
    /// # Errors
    /// As for [`key`](Self::key); [`TokenError::Uri`] if it means something else.
    pub fn key_of_uri(&self, uri: &Uri) -> Result<TokenKey, TokenError> {
        match uri.object_type {
            None | Some(ObjectType::PrivateKey) => {}
            Some(_) => return Err(TokenError::Uri("type is not private".to_owned())),
        }
        self.find_key(Name { label: uri.object.clone(), id: uri.id.clone() })
    }

    fn find_key(&self, name: Name) -> Result<TokenKey, TokenError> {
        let known = self.requests.ask(|answer| Request::FindKey(name, answer))?;
        Ok(TokenKey::new(known, self.requests.clone(), self.shared.clone()))
    }

    /// The certificate with this label, in DER.
    ///
    /// # Errors
    /// [`TokenError::NoCertificate`], [`TokenError::Gone`], [`TokenError::Hangs`], [`TokenError::Failed`].
    pub fn certificate(&self, label: &str) -> Result<Vec<u8>, TokenError> {
        let name = Name { label: Some(label.to_owned()), id: None };
        self.requests.ask(|answer| Request::FindCertificate(name, answer))
    }

    /// Why the last signature failed, if one did.
    #[must_use]
    pub fn failure(&self) -> Option<TokenError> {
        self.shared.failure()
    }
}

/// The tokens that a URI means, as URIs. Logs in to none. The module is called on the caller's thread, without a
/// limit: one that hangs holds the caller.
///
/// # Errors
/// [`TokenError::Module`], [`TokenError::Failed`].
pub fn list_tokens(uri: &Uri) -> Result<Vec<Uri>, TokenError> {
    let module = Use::open(&uri.module_file()?, uri.module_parameters.as_deref())?;
    let inside = module.enter();
    let found = find_tokens(module.context(), uri)?;
    drop(inside);
    Ok(found.iter().map(FoundToken::uri).collect())
}

/// The private keys of the token that a URI means, as URIs, with the schemes they sign with, or why they do not. Logs
/// in once if the URI says a PIN; without one, what public keys tell of private keys is all that most tokens show.
/// Makes no signature: a key that wants a login for each may still be refused as it is loaded.
///
/// # Errors
/// As for [`Token::from_uri`].
pub fn list_keys(uri: &Uri) -> Result<Vec<Listed>, TokenError> {
    Token::start(uri, Login::WithPin, PATIENCE)?.requests.ask(Request::ListKeys)
}
