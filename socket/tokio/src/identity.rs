//! Who we are, owned.

use rustls_pki_types::CertificateDer;
use saitls::protocol::codes::CertificateType;
use saitls::protocol::config;
use saitls::protocol::crypto::{CryptoProvider, Signer};
use std::sync::Arc;

/// A certificate chain, or a raw public key, and the private key that goes with it: an owned
/// [`Identity`](saitls::protocol::config::Identity). Cheap to copy.
pub struct Identity<P: CryptoProvider>(Arc<Owned<P>>);

impl<P: CryptoProvider> Clone for Identity<P> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

struct Owned<P: CryptoProvider> {
    chain: Vec<CertificateDer<'static>>,
    certificate_type: CertificateType,
    signer: Arc<dyn Signer<P> + Send>,
    names: Vec<String>,
    ocsp_response: Option<Vec<u8>>,
}

impl<P: CryptoProvider> Identity<P> {
    /// An identity with an X.509 certificate: its chain, end entity first, and its private key. The trust anchor may be
    /// left out.
    pub fn new(chain: Vec<CertificateDer<'static>>, signer: impl Signer<P> + Send + 'static) -> Self {
        Self::of(chain, CertificateType::X509, Arc::new(signer))
    }

    /// An identity that is a key and nothing else (RFC 7250): its SubjectPublicKeyInfo in DER.
    pub fn raw_public_key(
        subject_public_key_info: impl Into<Vec<u8>>,
        signer: impl Signer<P> + Send + 'static,
    ) -> Self {
        let key = vec![CertificateDer::from(subject_public_key_info.into())];
        Self::of(key, CertificateType::RAW_PUBLIC_KEY, Arc::new(signer))
    }

    fn of(
        chain: Vec<CertificateDer<'static>>,
        certificate_type: CertificateType,
        signer: Arc<dyn Signer<P> + Send>,
    ) -> Self {
        Self(Arc::new(Owned { chain, certificate_type, signer, names: Vec::new(), ocsp_response: None }))
    }

    fn change(self, change: impl FnOnce(&mut Owned<P>)) -> Self {
        let mut owned = Arc::try_unwrap(self.0).unwrap_or_else(|shared| Owned {
            chain: shared.chain.clone(),
            certificate_type: shared.certificate_type,
            signer: Arc::clone(&shared.signer),
            names: shared.names.clone(),
            ocsp_response: shared.ocsp_response.clone(),
        });
        change(&mut owned);
        Self(Arc::new(owned))
    }

    /// The host names that a server has this identity for; `*.` stands for one label
    /// ([`with_names`](config::Identity::with_names)).
    #[must_use]
    pub fn with_names<N: Into<String>>(self, names: impl IntoIterator<Item = N>) -> Self {
        self.change(|owned| owned.names = names.into_iter().map(Into::into).collect())
    }

    /// The OCSP response (DER) to staple to the end-entity certificate for peers that ask (RFC 9846 4.5.1.1).
    #[must_use]
    pub fn with_ocsp_response(self, response: impl Into<Vec<u8>>) -> Self {
        self.change(|owned| owned.ocsp_response = Some(response.into()))
    }

    pub(crate) fn lists(&self) -> Lists<'_> {
        Lists {
            chain: self.0.chain.iter().map(AsRef::as_ref).collect(),
            names: self.0.names.iter().map(String::as_str).collect(),
        }
    }

    pub(crate) fn lend<'a>(&'a self, lists: &'a Lists<'a>) -> config::Identity<'a, P> {
        let mut identity = config::Identity::new(&lists.chain, &*self.0.signer).with_names(&lists.names);
        identity.certificate_type = self.0.certificate_type;
        match &self.0.ocsp_response {
            Some(response) => identity.with_ocsp_response(response),
            None => identity,
        }
    }
}

/// What an [`Identity`] owns, as the slices of slices that core takes.
pub(crate) struct Lists<'a> {
    chain: Vec<&'a [u8]>,
    names: Vec<&'a str>,
}

#[cfg(feature = "aws-lc")]
mod aws_lc {
    use super::Identity;
    use rustls_pki_types::pem::PemObject as _;
    use rustls_pki_types::{CertificateDer, PrivateKeyDer};
    use saitls::protocol::crypto::CryptoProvider;
    use saitls::protocol::error::{CertificateFault, Error, Misconfiguration, ProviderFault, Result};
    use saitls_aws_lc::SigningKey;

    impl<P: CryptoProvider> Identity<P> {
        /// An identity of two PEM files: the certificate chain, end entity first, and the private key (PKCS#8, SEC1 or
        /// PKCS#1). AWS-LC signs with it, whatever the provider is.
        ///
        /// # Errors
        /// [`CertificateFault::Bad`] if the first is no PEM; [`Error::InvalidConfiguration`] if there is no certificate
        /// in it, or if the key is not that of the certificate; [`ProviderFault::InvalidKey`] if there is no key in the
        /// second, or none that can be used.
        pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self> {
            let chain = CertificateDer::pem_slice_iter(chain).collect::<core::result::Result<Vec<_>, _>>();
            let chain = chain.map_err(|_| CertificateFault::Bad)?;
            let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| ProviderFault::InvalidKey)?;
            Self::from_der(chain, key.secret_der())
        }

        /// The same of DER.
        ///
        /// # Errors
        /// As for [`from_pem`](Self::from_pem).
        pub fn from_der(chain: Vec<CertificateDer<'static>>, key: &[u8]) -> Result<Self> {
            let key = SigningKey::from_der(key)?;
            if chain.is_empty() {
                return Err(Error::InvalidConfiguration(Misconfiguration::NoCertificate));
            }
            let lent: Vec<&[u8]> = chain.iter().map(AsRef::as_ref).collect();
            key.identity::<P>(&lent)?;
            Ok(Self::new(chain, key))
        }
    }
}
