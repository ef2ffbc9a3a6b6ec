//! Whom to trust, from the command line.

use std::path::Path;
use std::time::Duration;

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use saitls::webpki::{ChainVerifier, Clock, SystemClock, TrustAnchor, UnixTime, anchor_from_der, system_anchors};
use saitls_core::Error;
use saitls_core::crypto::{CryptoProvider, PeerVerifier, PinnedKey, PinnedKeyOr, x509};

use crate::args::Common;
use crate::failure::Failure;
use crate::identity::in_words;

/// What a [`Verifier`] refers to.
pub struct Trust {
    anchors: Vec<TrustAnchor<'static>>,
    /// The names of the certification authorities that were named, in DER.
    authorities: Vec<Vec<u8>>,
    clock: Box<dyn Clock>,
}

impl Trust {
    /// Reads the trust anchors that the command line names.
    ///
    /// # Errors
    /// [`Status::Usage`](crate::failure::Status::Usage), with the name of the file and what is wrong with it.
    pub fn load(common: &Common) -> Result<Self, Failure> {
        let mut trust = Self { anchors: Vec::new(), authorities: Vec::new(), clock: Box::new(SystemClock) };
        for file in &common.authorities {
            trust.add(file)?;
        }
        if let Some(seconds) = common.time {
            trust.clock = Box::new(UnixTime::since_unix_epoch(Duration::from_secs(seconds)));
        }
        Ok(trust)
    }

    fn add(&mut self, file: &Path) -> Result<(), Failure> {
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_file_iter(file).and_then(Iterator::collect);
        let certificates = certificates.map_err(|error| Failure::file(file, in_words(&error)))?;
        if certificates.is_empty() {
            return Err(Failure::file(file, "no certificate in it"));
        }
        for certificate in &certificates {
            let read = || Ok((anchor_from_der(certificate)?.to_owned(), x509::subject(certificate)?.to_vec()));
            let (anchor, name) =
                read().map_err(|_: Error| Failure::file(file, "a certificate in it is no trust anchor"))?;
            self.anchors.push(anchor);
            self.authorities.push(name);
        }
        Ok(())
    }

    /// Adds the trust anchors of the operating system.
    ///
    /// # Errors
    /// [`Status::Usage`](crate::failure::Status::Usage) if it has none.
    pub fn add_system(&mut self) -> Result<(), Failure> {
        let none = |_| Failure::usage("the operating system has no trust anchors: give --ca, --pin or --insecure");
        self.anchors.extend(system_anchors().map_err(none)?);
        Ok(())
    }

    /// The names of the certification authorities, to tell the peer about. Too many would fill its buffers: then none.
    #[must_use]
    pub fn authorities(&self) -> Vec<&[u8]> {
        const MOST_BYTES: usize = 4_096;
        let names: Vec<&[u8]> = self.authorities.iter().map(Vec::as_slice).collect();
        if names.iter().map(|name| name.len() + 2).sum::<usize>() > MOST_BYTES { Vec::new() } else { names }
    }

    /// The verifier for these anchors and keys; `None` if there are neither.
    ///
    /// # Errors
    /// [`Status::Usage`](crate::failure::Status::Usage) if they cannot work.
    pub fn verifier<'a>(&'a self, pins: &'a [[u8; 32]]) -> Result<Option<Verifier<'a>>, Failure> {
        let pinned = PinnedKey::sha256(pins);
        let chains = match self.anchors.as_slice() {
            [] => None,
            anchors => Some(ChainVerifier::new(anchors, &*self.clock).map_err(Failure::configuration)?),
        };
        Ok(match (chains, pins) {
            (None, []) => None,
            (None, _) => Some(Verifier::Pinned(pinned)),
            (Some(chains), []) => Some(Verifier::Chains(chains)),
            (Some(chains), _) => Some(Verifier::Either(pinned.or(chains))),
        })
    }
}

/// Who decides whether a peer is the right one.
pub enum Verifier<'a> {
    /// By its key alone.
    Pinned(PinnedKey<'a>),
    /// By its chain.
    Chains(ChainVerifier<'a>),
    /// By either.
    Either(PinnedKeyOr<'a, ChainVerifier<'a>>),
}

impl<'a> Verifier<'a> {
    /// As the library takes it.
    #[must_use]
    pub fn as_peer_verifier<P: CryptoProvider>(&self) -> &(dyn PeerVerifier<P> + 'a) {
        match self {
            Self::Pinned(verifier) => verifier,
            Self::Chains(verifier) => verifier,
            Self::Either(verifier) => verifier,
        }
    }
}
