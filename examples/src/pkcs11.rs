//! Private keys that stay in PKCS#11 tokens, named by URIs (RFC 7512).

use std::fmt;
use std::path::{Path, PathBuf};
use std::task::Poll;
use std::time::Duration;

use saitls_core::crypto::{SignatureVerifier as _, Signer as _};
use saitls_pkcs11::{Token, TokenKey};
use x509_cert::der::Decode as _;
use x509_cert::spki::SubjectPublicKeyInfoRef;

use crate::backend::Backend;
use crate::failure::Failure;
use crate::http::files::decode;

/// How long to wait before the token is asked again whether it has signed.
const SOON: Duration = Duration::from_millis(1);

/// What a URI says: `pkcs11:token=LABEL;object=LABEL?module-path=FILE&pin-source=FILE`.
pub struct KeyUri {
    token: String,
    object: String,
    module: PathBuf,
    pin: Pin,
}

enum Pin {
    Value(String),
    Source(PathBuf),
}

/// Without the PIN.
impl fmt::Display for KeyUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key {:?} in the token {:?}", self.object, self.token)
    }
}

impl KeyUri {
    /// Reads one, if `key` is one and not the name of a file.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(key: &Path) -> Result<Option<Self>, Failure> {
        let Some(text) = key.to_str().and_then(|text| text.strip_prefix("pkcs11:")) else { return Ok(None) };
        let wrong = |what: &str| Failure::usage(format_args!("--key pkcs11:...: {what}"));
        let (path, query) = text.split_once('?').unwrap_or((text, ""));
        let (mut token, mut object, mut module, mut pin) = (None, None, None, None);
        for attribute in path.split(';').chain(query.split('&')).filter(|attribute| !attribute.is_empty()) {
            let parts = attribute.split_once('=').and_then(|(name, value)| Some((name, decode(value)?)));
            match parts.ok_or_else(|| wrong("attributes have the form name=value"))? {
                ("token", label) => token = Some(label),
                ("object", label) => object = Some(label),
                ("type", kind) if kind == "private" => {}
                ("module-path", file) => module = Some(file.into()),
                ("pin-value", value) => pin = Some(Pin::Value(value)),
                ("pin-source", file) => pin = Some(Pin::Source(file.trim_start_matches("file:").into())),
                (name, _) => {
                    return Err(wrong(&format!(
                        "{name} is not understood (token, object, type=private, module-path, pin-value, pin-source)"
                    )));
                }
            }
        }
        Ok(Some(Self {
            token: token.ok_or_else(|| wrong("token is missing"))?,
            object: object.ok_or_else(|| wrong("object is missing"))?,
            module: module.ok_or_else(|| wrong("module-path is missing"))?,
            pin: pin.ok_or_else(|| wrong("pin-source or pin-value is missing"))?,
        }))
    }

    /// Logs in to the token and finds the key, which keeps the session.
    ///
    /// # Errors
    /// What the token says.
    pub fn open(&self) -> Result<TokenKey, Failure> {
        let pin = match &self.pin {
            Pin::Value(pin) => pin.clone(),
            Pin::Source(file) => {
                let text = std::fs::read_to_string(file).map_err(|error| Failure::file(file, error))?;
                text.trim_end_matches(['\n', '\r']).to_owned()
            }
        };
        let token = Token::open(&self.module, &self.token, &pin);
        token.and_then(|token| token.key(&self.object)).map_err(|error| Failure::usage(format_args!("{self}: {error}")))
    }
}

/// Whether a key is the private half of a SubjectPublicKeyInfo: it signs something that is then verified.
pub fn matches<B: Backend>(key: &TokenKey, subject_public_key_info: &[u8]) -> bool {
    let (mut provider, message, mut signature) = (B::start(), [0x20; 130], [0; 512]);
    let Some(&scheme) = key.schemes().first() else { return false };
    let Ok(info) = SubjectPublicKeyInfoRef::from_der(subject_public_key_info) else { return false };
    let signed = finish(|| key.poll_sign(&mut provider, scheme, &message, &mut signature));
    let verifier = B::SignatureVerifier::start(&mut provider, scheme.into());
    let (Ok(len), Ok(mut verifier)) = (signed, verifier) else { return false };
    let public_key = info.subject_public_key.raw_bytes();
    let signature = signature.get(..len).unwrap_or_default();
    finish(|| verifier.poll_verify(&mut provider, public_key, &message, signature)).is_ok()
}

fn finish<T>(mut poll: impl FnMut() -> Poll<T>) -> T {
    loop {
        match poll() {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::sleep(SOON),
        }
    }
}
