//! Secrets of the key schedule as keys of a token.

use super::TokenProvider;
use super::vault::{Object, Vault, secret, value_len};
use crate::error::TokenError;
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::hkdf::HkdfSalt;
use saitls_core::codes::HashAlgorithm;
use saitls_core::crypto::{CryptoProvider, Digest, Label, LabelPrefix, Secret, SoftwareSecret};
use saitls_core::secret::MAX_SECRET_LEN;
use saitls_core::{ProviderFault, Result};
use std::sync::Arc;

/// What may leave the token as data: the nonces of records begin with the one, and the other is for the application.
const READABLE: [&[u8]; 2] = [b"iv", b"exporter"];

/// A secret of the key schedule: the handle of a key in a token, which is destroyed when this is dropped. The key is
/// sensitive and not extractable.
pub struct TokenSecret(Kept);

enum Kept {
    Inside(Object),
    /// The salt of all handshakes without a PSK, which is no secret (RFC 9846 7.1).
    HandshakeSalt(SoftwareSecret),
}

impl TokenSecret {
    pub(super) const fn inside(object: Object) -> Self {
        Self(Kept::Inside(object))
    }

    /// Extracted from nothing but zeros: no secret, but a key like all the others.
    pub(super) fn of_zeros(vault: &Arc<Vault>, hash: HashAlgorithm) -> std::result::Result<Self, TokenError> {
        let zeros = [0; saitls_core::crypto::MAX_DIGEST_LEN];
        let salt = zeros.get(..hash.output_len()).unwrap_or(&zeros);
        vault.extract(hash, HkdfSalt::Data(salt), None).map(Self::inside)
    }

    /// Its vault, and the object in it; a public one comes in first.
    fn with<T>(
        &self,
        vault: impl FnOnce() -> std::result::Result<Arc<Vault>, TokenError>,
        f: impl FnOnce(&Arc<Vault>, &Object) -> std::result::Result<T, TokenError>,
    ) -> std::result::Result<T, TokenError> {
        match &self.0 {
            Kept::Inside(object) => f(object.vault(), object),
            Kept::HandshakeSalt(bytes) => {
                let vault = vault()?;
                let object = vault.import(bytes.as_bytes())?;
                f(&vault, &object)
            }
        }
    }

    /// A key of another kind, derived from this.
    pub(super) fn expand(
        &self,
        hash: HashAlgorithm,
        label: &Label<'_>,
        template: &[cryptoki::object::Attribute],
        len: usize,
    ) -> std::result::Result<Object, TokenError> {
        let gone = || Err(TokenError::Unfit("the salt of handshakes is no traffic secret".to_owned()));
        let info = hkdf_label(len, label, b"").ok_or(TokenError::Stopped)?;
        self.with(gone, |vault, object| vault.expand(hash, object.handle(), &info, template))
    }
}

/// `HkdfLabel` (RFC 9846 7.1), as far as it can say that.
fn hkdf_label(len: usize, label: &Label<'_>, context: &[u8]) -> Option<Vec<u8>> {
    let mut info = u16::try_from(len).ok()?.to_be_bytes().to_vec();
    for part in [&[&label.prefix.0[..], label.name].concat(), context] {
        info.push(u8::try_from(part.len()).ok()?);
        info.extend_from_slice(part);
    }
    Some(info)
}

impl<S: CryptoProvider> Secret<TokenProvider<S>> for TokenSecret {
    /// The bytes are written to the token: the one way in which a secret crosses to it, and none that a handshake
    /// without an external PSK goes.
    fn import(provider: &mut TokenProvider<S>, bytes: &[u8]) -> Result<Self> {
        if bytes.is_empty() || bytes.len() > MAX_SECRET_LEN {
            return Err(ProviderFault::Unsupported.into());
        }
        let imported = provider.vault().and_then(|vault| vault.import(bytes));
        provider.told(imported).map(Self::inside)
    }

    fn extract(
        provider: &mut TokenProvider<S>,
        hash: HashAlgorithm,
        salt: Option<&Self>,
        input: Option<&Self>,
    ) -> Result<Self> {
        let in_vault = |vault: &Arc<Vault>, input: Option<&Object>| match salt.map(|salt| &salt.0) {
            None => vault.extract(hash, HkdfSalt::Data(zeros(hash)), input.map(Object::handle)),
            Some(Kept::HandshakeSalt(salt)) => {
                vault.extract(hash, HkdfSalt::Data(salt.as_bytes()), input.map(Object::handle))
            }
            Some(Kept::Inside(salt)) => {
                vault.extract(hash, HkdfSalt::Key(salt.handle_in(vault)?), input.map(Object::handle))
            }
        };
        let extracted = match (input, salt.map(|salt| &salt.0)) {
            (Some(input), _) => input.with(|| provider.vault(), |vault, input| in_vault(vault, Some(input))),
            (None, Some(Kept::Inside(salt))) => in_vault(salt.vault(), None),
            (None, _) => provider.vault().and_then(|vault| in_vault(&vault, None)),
        };
        provider.told(extracted).map(Self::inside)
    }

    fn handshake_salt(provider: &mut TokenProvider<S>, hash: HashAlgorithm, prefix: LabelPrefix) -> Result<Self> {
        SoftwareSecret::handshake_salt(provider, hash, prefix).map(|salt| Self(Kept::HandshakeSalt(salt)))
    }

    fn derive(
        &self,
        provider: &mut TokenProvider<S>,
        hash: HashAlgorithm,
        label: &Label<'_>,
        context: &[u8],
    ) -> Result<Self> {
        let info = hkdf_label(hash.output_len(), label, context).ok_or(ProviderFault::Unsupported)?;
        let mut template = secret();
        template.push(value_len(hash.output_len()));
        let derived =
            self.with(|| provider.vault(), |vault, object| vault.expand(hash, object.handle(), &info, &template));
        provider.told(derived).map(Self::inside)
    }

    /// Refuses other labels than `"iv"` and `"exporter"`.
    fn export(
        &self,
        provider: &mut TokenProvider<S>,
        hash: HashAlgorithm,
        label: &Label<'_>,
        context: &[u8],
        out: &mut [u8],
    ) -> Result<()> {
        if !READABLE.contains(&label.name) || out.len() > 255 * hash.output_len() {
            return Err(ProviderFault::Unsupported.into());
        }
        let info = hkdf_label(out.len(), label, context).ok_or(ProviderFault::Unsupported)?;
        if out.is_empty() {
            return Ok(());
        }
        let read = self.with(|| provider.vault(), |vault, object| vault.expand_data(hash, object.handle(), &info, out));
        provider.told(read)
    }

    fn mac(&self, provider: &mut TokenProvider<S>, hash: HashAlgorithm, data: &[u8]) -> Result<Digest> {
        let mechanism = match hash {
            HashAlgorithm::Sha256 => Mechanism::Sha256Hmac,
            HashAlgorithm::Sha384 => Mechanism::Sha384Hmac,
        };
        let mac = self.with(
            || provider.vault(),
            |vault, object| vault.with(|session| session.sign(&mechanism, object.handle(), data)),
        );
        let mac = mac.and_then(|mac| {
            let is_whole = mac.len() == hash.output_len();
            if is_whole { Ok(mac) } else { Err(TokenError::Failed(format!("an HMAC of {} bytes", mac.len()))) }
        });
        Digest::new(&provider.told(mac)?)
    }
}

fn zeros(hash: HashAlgorithm) -> &'static [u8] {
    const ZEROS: [u8; saitls_core::crypto::MAX_DIGEST_LEN] = [0; saitls_core::crypto::MAX_DIGEST_LEN];
    match hash {
        HashAlgorithm::Sha256 => &ZEROS[..32],
        HashAlgorithm::Sha384 => &ZEROS,
    }
}
