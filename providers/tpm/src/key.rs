//! Private keys of a TPM.

use crate::error::TpmError;
use crate::provider::TpmProvider;
use crate::public::{Way, subject_public_key_info, ways};
use crate::queue::{Pending, lock};
use crate::tpm::{PATIENCE, Tpm};
use crate::worker::KeyName;
use saitls_core::codes::SignatureScheme;
use saitls_core::crypto::{CryptoProvider, SignatureAlgorithm, SignatureVerifier, Signer};
use saitls_core::error::ByteCount;
use saitls_core::{Error, ProviderFault, Result};
use std::collections::VecDeque;
use std::sync::Mutex;
use std::task::{Poll, Waker};
use tss_esapi::structures::{Auth, Public};

/// So many signatures are waited for at once; older ones were given up.
const MAX_SIGNATURES: usize = 256;

/// What is signed to see whether a key does.
const TRIED: &[u8] = b"Is this a signature that TLS takes?";

/// A private key in a TPM, for [`Identity`](saitls_core::config::Identity). It serves every provider; signatures are
/// pending while the TPM works.
pub struct TpmKey {
    tpm: Tpm,
    name: KeyName,
    info: Vec<u8>,
    ways: Vec<Way>,
    schemes: Vec<SignatureScheme>,
    signing: Mutex<VecDeque<Signing>>,
}

/// A signature that is being made: of which message, and by which scheme.
struct Signing {
    message: Vec<u8>,
    scheme: SignatureScheme,
    pending: Pending<Vec<u8>>,
}

impl TpmKey {
    /// The private key at a persistent handle (0x81000000 to 0x81ffffff) whose authorisation value is empty. Each of
    /// its schemes is tried with a signature.
    ///
    /// # Errors
    /// [`TpmError::NoKey`], [`TpmError::UnsupportedKey`], [`TpmError::WrongAuth`]; otherwise what the TPM says.
    pub fn open(tpm: &Tpm, handle: u32) -> std::result::Result<Self, TpmError> {
        Self::open_with_auth(tpm, handle, b"")
    }

    /// The same with an authorisation value, such as a password. It goes over the bus as it is.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    pub fn open_with_auth(tpm: &Tpm, handle: u32, auth: &[u8]) -> std::result::Result<Self, TpmError> {
        let auth = Auth::try_from(auth).map_err(|_| TpmError::WrongAuth)?;
        let name = KeyName { handle, auth };
        let asked = name.clone();
        let public = tpm.ask(move |worker| worker.public(&asked)).wait(PATIENCE)?;
        let info = subject_public_key_info(&public)?;
        let mut key =
            Self { tpm: tpm.clone(), name, info, ways: ways(&public)?, schemes: Vec::new(), signing: Mutex::default() };
        let mut said = None;
        for way in std::mem::take(&mut key.ways) {
            match key.begin(way, TRIED).wait(PATIENCE) {
                Ok(signature) if key.is_good(way.scheme, &signature) => {
                    key.schemes.push(way.scheme);
                    key.ways.push(way);
                }
                Ok(_) => {
                    said.get_or_insert_with(|| not_as_in_tls(&public));
                }
                Err(TpmError::Failed(why)) => {
                    said.get_or_insert(TpmError::UnsupportedKey(why));
                }
                Err(error) => return Err(error),
            }
        }
        match said {
            Some(error) if key.schemes.is_empty() => Err(error),
            _ => Ok(key),
        }
    }

    fn is_good(&self, scheme: SignatureScheme, signature: &[u8]) -> bool {
        let mut provider = TpmProvider::bare(&self.tpm);
        let Ok(info) = spki::SubjectPublicKeyInfoRef::try_from(&self.info[..]) else { return false };
        let Some(public) = info.subject_public_key.as_bytes() else { return false };
        let algorithm = SignatureAlgorithm::from(scheme);
        let verifier: Result<saitls_rustcrypto::SignatureVerifier> = SignatureVerifier::start(&mut provider, algorithm);
        verifier.is_ok_and(|mut verifier| {
            verifier.poll_verify(&mut provider, public, TRIED, signature) == Poll::Ready(Ok(()))
        })
    }

    /// The public half, in DER (RFC 5280 4.1.2.7): for a certificate, to be pinned, or as a raw public key.
    #[must_use]
    pub fn subject_public_key_info(&self) -> &[u8] {
        &self.info
    }

    /// What the TPM said when something last failed, if it did.
    #[must_use]
    pub fn failure(&self) -> Option<TpmError> {
        self.tpm.failure()
    }

    fn begin(&self, way: Way, message: &[u8]) -> Pending<Vec<u8>> {
        let (name, message) = (self.name.clone(), message.to_vec());
        self.tpm.ask(move |worker| way.to_tls(&worker.sign(&name, way.by, way.hash, &message)?))
    }

    fn poll(&self, way: Way, message: &[u8]) -> Poll<Result<Vec<u8>>> {
        let mut signing = lock(&self.signing);
        let at = signing.iter().position(|one| one.message == message && one.scheme == way.scheme);
        let Some(at) = at else {
            if signing.len() == MAX_SIGNATURES {
                signing.pop_front();
            }
            let pending = self.begin(way, message);
            signing.push_back(Signing { message: message.to_vec(), scheme: way.scheme, pending });
            return Poll::Pending;
        };
        let Some(signed) = signing.get(at).and_then(|one| one.pending.fetch()) else { return Poll::Pending };
        signing.remove(at);
        Poll::Ready(signed.map_err(|_| ProviderFault::CryptoFailed.into()))
    }
}

impl<P: CryptoProvider> Signer<P> for TpmKey {
    fn schemes(&self) -> &[SignatureScheme] {
        &self.schemes
    }

    fn poll_sign(&self, _: &mut P, scheme: SignatureScheme, message: &[u8], out: &mut [u8]) -> Poll<Result<usize>> {
        let Some(way) = self.ways.iter().find(|way| way.scheme == scheme) else {
            return Poll::Ready(Err(ProviderFault::Unsupported.into()));
        };
        self.poll(*way, message).map(|signature| {
            let signature = signature?;
            let needed = ByteCount::new(signature.len());
            let place = out.get_mut(..signature.len()).ok_or(Error::TransmitBufferTooSmall(needed))?;
            place.copy_from_slice(&signature);
            Ok(signature.len())
        })
    }

    fn register_waker(&self, _: &mut P, waker: &Waker) -> bool {
        self.tpm.register(waker);
        true
    }
}

fn not_as_in_tls(public: &Public) -> TpmError {
    let what = match public {
        Public::Rsa { .. } => "the salts of its PSS signatures are not as long as the hash, as TLS wants them",
        _ => "its signatures do not verify",
    };
    TpmError::UnsupportedKey(what.to_owned())
}
