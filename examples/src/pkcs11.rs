//! Private keys that stay in PKCS#11 tokens, named by URIs (RFC 7512).

use std::path::Path;
use std::task::{Poll, Waker};
use std::time::Duration;

use saitls_core::Error;
use saitls_core::codes::SignatureScheme;
use saitls_core::crypto::{SignatureVerifier as _, Signer};
use saitls_pkcs11::{Pin, Token, TokenError, TokenKey, Uri, list_keys, list_tokens};
use x509_cert::der::Decode as _;
use x509_cert::spki::SubjectPublicKeyInfoRef;

use crate::backend::Backend;
use crate::facts::write_whole;
use crate::failure::Failure;

/// How long to wait before the token is asked again whether it has signed.
const SOON: Duration = Duration::from_millis(1);

/// Reads the URI of a key, if `key` is one and not the name of a file.
///
/// # Errors
/// What is wrong with it. Not what it says: there may be a PIN in it.
pub fn parse(key: &Path) -> Result<Option<Uri>, Failure> {
    let Some(text) = key.to_str().filter(|text| text.starts_with("pkcs11:")) else { return Ok(None) };
    text.parse().map(Some).map_err(|error: TokenError| Failure::usage(format_args!("--key pkcs11:...: {error}")))
}

/// A private key in a token, which tells on standard error why it does not sign.
pub struct Key {
    key: TokenKey,
    /// The URI, without a PIN.
    name: String,
}

impl Key {
    /// Logs in to the token and finds the key, which keeps the session.
    ///
    /// # Errors
    /// What the token says.
    pub fn open(uri: &Uri) -> Result<Self, Failure> {
        let token = Token::from_uri(uri);
        let key = token.and_then(|token| token.key_of_uri(uri));
        let key = key.map_err(|error| Failure::usage(format_args!("--key {uri}: {error}")))?;
        Ok(Self { key, name: uri.to_string() })
    }

    /// Whether it is the private half of a SubjectPublicKeyInfo: it signs something that is then verified.
    ///
    /// # Errors
    /// Why it does not sign.
    pub fn matches<B: Backend>(&self, subject_public_key_info: &[u8]) -> Result<bool, Failure> {
        let (mut provider, message, mut signature) = (B::start(), [0x20; 130], [0; 512]);
        let Some(&scheme) = self.key.schemes().first() else { return Ok(false) };
        let Ok(info) = SubjectPublicKeyInfoRef::from_der(subject_public_key_info) else { return Ok(false) };
        let signed = finish(|| self.key.poll_sign(&mut provider, scheme, &message, &mut signature));
        let len = signed.map_err(|error| Failure::usage(format_args!("--key {}: {}", self.name, self.why(error))))?;
        let Ok(mut verifier) = B::SignatureVerifier::start(&mut provider, scheme.into()) else { return Ok(false) };
        let public_key = info.subject_public_key.raw_bytes();
        let signature = signature.get(..len).unwrap_or_default();
        Ok(finish(|| verifier.poll_verify(&mut provider, public_key, &message, signature)).is_ok())
    }

    fn why(&self, error: Error) -> String {
        self.key.failure().map_or_else(|| error.to_string(), |failure| failure.to_string())
    }
}

impl<B: Backend> Signer<B> for Key {
    fn schemes(&self) -> &[SignatureScheme] {
        self.key.schemes()
    }

    fn poll_sign(
        &self,
        provider: &mut B,
        scheme: SignatureScheme,
        message: &[u8],
        signature: &mut [u8],
    ) -> Poll<saitls_core::Result<usize>> {
        let signed = self.key.poll_sign(provider, scheme, message, signature);
        if let Poll::Ready(Err(error)) = signed {
            write_whole(&format!("warning: key {}: {}\n", self.name, self.why(error)));
        }
        signed
    }

    fn register_waker(&self, provider: &mut B, waker: &Waker) -> bool {
        self.key.register_waker(provider, waker)
    }
}

fn finish<T>(mut poll: impl FnMut() -> Poll<T>) -> T {
    loop {
        match poll() {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::sleep(SOON),
        }
    }
}

/// Prints the URIs of the private keys in a module, which is a file or a URI, as `--key` takes them; what they are for
/// goes to standard error.
///
/// # Errors
/// What the module or a token says.
pub fn list(module: &str) -> Result<(), Failure> {
    let failed = |error: TokenError| Failure::usage(format_args!("--list-keys: {error}"));
    let asked = if module.starts_with("pkcs11:") {
        module.parse().map_err(failed)?
    } else {
        let mut uri = Uri::default();
        uri.module_path = Some(module.into());
        uri
    };
    let tokens = list_tokens(&asked).map_err(failed)?;
    if tokens.is_empty() {
        return Err(Failure::usage(format_args!("--list-keys: no token fits {asked}")));
    }
    let is_one = tokens.len() == 1;
    if !is_one && asked.pin.is_some() {
        write_whole("warning: a PIN is for one token, and here are several: it is not tried\n");
    }
    for mut token in tokens {
        token.slot_id = token.slot_id.or(asked.slot_id);
        token.pin = asked.pin.clone().filter(|_| is_one);
        list_token(&asked, &token).map_err(failed)?;
    }
    Ok(())
}

fn list_token(asked: &Uri, token: &Uri) -> Result<(), TokenError> {
    let with_module = |mut uri: Uri| {
        uri.module_path.clone_from(&asked.module_path);
        uri.module_name.clone_from(&asked.module_name);
        uri.module_parameters.clone_from(&asked.module_parameters);
        uri.slot_id = token.slot_id;
        uri.pin.clone_from(&token.pin);
        uri
    };
    let token = with_module(token.clone());
    write_whole(&format!("token: {token}\n"));
    let keys = list_keys(&token)?;
    if token.pin.is_none() {
        let separator = if token.to_string().contains('?') { '&' } else { '?' };
        write_whole(&format!(
            "  without a PIN it shows {} keys; add {separator}pin-source=FILE to the URI\n",
            keys.len()
        ));
    } else if keys.is_empty() {
        write_whole("  no keys\n");
    }
    for (key, schemes) in keys {
        let key = with_module(key);
        match schemes {
            Ok(schemes) => {
                let names: Vec<_> = schemes.iter().map(ToString::to_string).collect();
                write_whole(&format!("  signs with {}:\n", names.join(", ")));
            }
            Err(TokenError::NoPin) => write_whole("  its public half is there:\n"),
            Err(error) => {
                write_whole(&format!("  {error}: {key}\n"));
                continue;
            }
        }
        let hint = if matches!(key.pin, Some(Pin::Value(_))) { "&pin-value=..." } else { "" };
        println!("{key}{hint}");
    }
    Ok(())
}
