//! A client on embedded-tls, for the tests of interoperability.
//!
//!     peer-embedded-tls client PORT CA [CERT KEY]     standard input -> TLS -> standard output
//!
//! The peer must echo: 8,192 bytes go out in one record, and come back before the next ones go. At the end of its input
//! it sends close_notify and ends: `close` takes the connection, so there is nothing to read from afterwards. Exit
//! status: 0 the echo was whole, 2 usage, 3 the handshake failed or the connection broke.

use std::error::Error;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::process::ExitCode;
use std::time::SystemTime;

use embedded_io_adapters::std::FromStd;
use embedded_tls::blocking::{TlsConfig, TlsConnection, TlsContext};
use embedded_tls::pki::CertVerifier;
use embedded_tls::{Aes128GcmSha256, Certificate, CryptoProvider, SignatureScheme, TlsError, TlsVerifier};
use p256::ecdsa::{DerSignature, SigningKey};
use p256::pkcs8::DecodePrivateKey as _;
use rand_core::OsRng;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use signature::SignerMut;

const RECORD: usize = 8_192;

struct Provider<'a> {
    verifier: CertVerifier<'a, Aes128GcmSha256, SystemTime, 4096>,
    identity: Option<(Vec<u8>, SigningKey)>,
}

impl CryptoProvider for Provider<'_> {
    type CipherSuite = Aes128GcmSha256;
    type Signature = DerSignature;

    fn rng(&mut self) -> impl embedded_tls::CryptoRngCore {
        OsRng
    }

    fn verifier(&mut self) -> Result<&mut impl TlsVerifier<Aes128GcmSha256>, TlsError> {
        Ok(&mut self.verifier)
    }

    fn signer(&mut self) -> Result<(impl SignerMut<Self::Signature>, SignatureScheme), TlsError> {
        let (_, key) = self.identity.as_ref().ok_or(TlsError::InvalidPrivateKey)?;
        Ok((key.clone(), SignatureScheme::EcdsaSecp256r1Sha256))
    }

    fn client_cert(&mut self) -> Option<Certificate<impl AsRef<[u8]>>> {
        self.identity.as_ref().map(|(certificate, _)| Certificate::X509(certificate.as_slice()))
    }
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["client", port, ca] => run(port, ca, None),
        ["client", port, ca, cert, key] => run(port, ca, Some((cert, key))),
        _ => return ExitCode::from(2),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:?}");
            ExitCode::from(3)
        }
    }
}

fn run(port: &str, ca: &str, identity: Option<(&str, &str)>) -> Result<(), Box<dyn Error>> {
    let ca = CertificateDer::from_pem_file(ca)?;
    let identity = match identity {
        Some((cert, key)) => {
            let key = SigningKey::from_pkcs8_pem(&std::fs::read_to_string(key)?)?;
            Some((CertificateDer::from_pem_file(cert)?.to_vec(), key))
        }
        None => None,
    };
    let provider = Provider { verifier: CertVerifier::new(Certificate::X509(&ca)), identity };
    let stream = FromStd::new(TcpStream::connect((Ipv4Addr::LOCALHOST, port.parse()?))?);
    let (mut received, mut sent) = (vec![0; 16_640], vec![0; RECORD + 256]);
    let mut tls = TlsConnection::new(stream, &mut received, &mut sent);
    let config = TlsConfig::new().with_server_name("localhost");
    tls.open(TlsContext::new(&config, provider))?;
    let mut input = Vec::new();
    std::io::stdin().read_to_end(&mut input)?;
    let mut echo = [0; RECORD];
    for record in input.chunks(RECORD) {
        let mut at = 0;
        while at < record.len() {
            at += tls.write(&record[at..])?;
        }
        tls.flush()?;
        let mut left = record.len();
        while left > 0 {
            let len = tls.read(&mut echo)?;
            std::io::stdout().write_all(&echo[..len])?;
            left = left.checked_sub(len).ok_or("more than was sent")?;
        }
    }
    std::io::stdout().flush()?;
    tls.close().map_err(|(_, error)| error)?;
    Ok(())
}
