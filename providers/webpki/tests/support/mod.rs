//! What the tests share.
#![allow(dead_code, unreachable_pub)]

pub mod limbo;
pub mod mutation;
pub mod pki;
pub mod provider;
pub mod wire;

use pki::Pki;
use provider::Counting;
use saitls_core::Error;
use saitls_core::ServerName;
use saitls_core::codes::{CertificateType, SignatureScheme};
use saitls_core::crypto::{CryptoProvider, PeerCertificates, PeerRole, PeerVerifier, VerificationProgress, x509};
use saitls_core::wire::CertificateEntries;
use saitls_webpki::{ChainVerifier, TrustAnchor, anchor_from_der};
use std::task::Poll;

pub fn anchor(der: &[u8]) -> [TrustAnchor<'_>; 1] {
    [anchor_from_der(der).unwrap()]
}

/// The `certificate_list` of a Certificate message.
pub fn certificate_list(chain: &[&[u8]]) -> Vec<u8> {
    let mut list = Vec::new();
    for certificate in chain {
        list.extend_from_slice(&u32::try_from(certificate.len()).unwrap().to_be_bytes()[1..]);
        list.extend_from_slice(certificate);
        list.extend_from_slice(&[0, 0]);
    }
    list
}

/// Asks another verifier if the first one refuses, both with the same progress.
pub struct Or<'a>(pub &'a dyn PeerVerifier<Counting>, pub &'a dyn PeerVerifier<Counting>);

impl PeerVerifier<Counting> for Or<'_> {
    fn poll_verify(
        &self,
        provider: &mut Counting,
        progress: &mut VerificationProgress<Counting>,
        peer: &PeerCertificates<'_>,
    ) -> Poll<Result<(), Error>> {
        match self.0.poll_verify(provider, progress, peer) {
            Poll::Ready(Err(_)) => self.1.poll_verify(provider, progress, peer),
            other => other,
        }
    }
}

/// A verification, as the handshake has it done.
pub struct Verification<'a> {
    pub role: PeerRole,
    pub chain: &'a [&'a [u8]],
    pub name: Option<&'a str>,
    pub schemes: Option<&'a [SignatureScheme]>,
}

impl<'a> Verification<'a> {
    pub fn server(chain: &'a [&'a [u8]], name: &'a str) -> Self {
        Self { role: PeerRole::Server, chain, name: Some(name), schemes: None }
    }

    pub fn client(chain: &'a [&'a [u8]]) -> Self {
        Self { role: PeerRole::Client, chain, name: None, schemes: None }
    }

    /// One poll, with the chain in a new place of memory, as it may be in a receive buffer.
    pub fn poll(
        &self,
        verifier: &dyn PeerVerifier<Counting>,
        provider: &mut Counting,
        progress: &mut VerificationProgress<Counting>,
    ) -> Poll<Result<(), Error>> {
        let list = certificate_list(self.chain);
        let name = self.name.map(|name| ServerName::try_from(name).unwrap());
        let schemes = self.schemes.map_or(provider.signature_schemes().to_vec(), <[_]>::to_vec);
        let peer = PeerCertificates {
            role: self.role,
            certificate_type: CertificateType::X509,
            chain: CertificateEntries::new(&list)?,
            ocsp_response: None,
            signed_certificate_timestamps: None,
            subject_public_key_info: x509::subject_public_key_info(self.chain[0])?,
            server_name: name.as_ref(),
            signature_schemes: &schemes,
        };
        verifier.poll_verify(provider, progress, &peer)
    }

    /// Runs it to its end, and says how many signatures it took.
    pub fn run(&self, verifier: &dyn PeerVerifier<Counting>, provider: &mut Counting) -> Result<u32, Error> {
        provider.verified = 0;
        let mut progress = VerificationProgress::default();
        loop {
            if let Poll::Ready(result) = self.poll(verifier, provider, &mut progress) {
                return result.map(|()| provider.verified);
            }
        }
    }
}

/// Verifies the chain of a server called `server.test` now.
pub fn verify(pki: &Pki) -> Result<u32, Error> {
    verify_chain(&pki.root.der, &pki.chain())
}

/// Verifies a chain of a server called `server.test` now, below this root.
pub fn verify_chain(root: &[u8], chain: &[&[u8]]) -> Result<u32, Error> {
    let anchors = anchor(root);
    let verifier = ChainVerifier::new(&anchors, &pki::NOW).unwrap();
    Verification::server(chain, "server.test").run(&verifier, &mut Counting::default())
}
