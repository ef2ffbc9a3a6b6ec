//! Runs the P-256 of a provider over vectors that the host gives in the file `vectors`. Prints how many there were of
//! each kind, and which of them came out wrong.
//!
//! A vector is a byte for its kind, a byte that says whether it is to be accepted, and three fields, each behind its
//! length in two bytes, least significant first.
//!
//! | kind | fields |
//! |---|---|
//! | 0, verification | public key, message, signature |
//! | 1, agreement | private key, the peer's share, the shared secret |
//! | 2, generation | private key, our share, nothing |

#![no_std]
#![no_main]

use core::convert::Infallible;
use core::task::Poll;
use rand_core::{TryCryptoRng, TryRng};
use saitls_core::codes::NamedGroup;
use saitls_core::crypto::{CryptoProvider, KeyExchange, SignatureAlgorithm, SignatureVerifier};
use saitls_core::{CertificateFault, Error, PeerFault, ProviderFault, Result};
use saitls_firmware::assembly::Assembly;
use saitls_firmware::host::{self, File};
use saitls_firmware::report;

type Provider = Assembly<Drawn>;
type Exchange = <Provider as CryptoProvider>::KeyExchange;
type Verifier = <Provider as CryptoProvider>::SignatureVerifier;

const KINDS: [&str; 3] = ["verifications", "agreements", "generations"];

saitls_firmware::entry!(main);

fn main() -> ! {
    saitls_firmware::ldm::start();
    let Some(mut file) = File::open(c"vectors") else {
        host::print("no file\n");
        host::exit(false)
    };
    let (mut cases, mut wrong) = ([0; 3], 0);
    let mut vector = Vector::default();
    while let Some(kind) = vector.read(&mut file) {
        if !vector.comes_out_right(kind) {
            report::line(KINDS[kind], cases[kind]);
            host::print("is wrong\n");
            wrong += 1;
        }
        cases[kind] += 1;
    }
    KINDS.iter().zip(cases).for_each(|(kind, cases)| report::line(kind, cases));
    report::line("wrong", wrong);
    host::exit(wrong == 0)
}

/// The random numbers that are drawn: one private key, in the order in which the provider takes its bytes.
struct Drawn([u8; 32]);

impl Drawn {
    fn private_key(big_endian: &[u8]) -> Self {
        let mut bytes = [0; 32];
        bytes.iter_mut().zip(big_endian.iter().rev()).for_each(|(to, from)| *to = *from);
        Self(bytes)
    }
}

impl TryRng for Drawn {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> core::result::Result<u32, Infallible> {
        Ok(0)
    }

    fn try_next_u64(&mut self) -> core::result::Result<u64, Infallible> {
        Ok(0)
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> core::result::Result<(), Infallible> {
        out.copy_from_slice(&self.0[..out.len()]);
        Ok(())
    }
}

impl TryCryptoRng for Drawn {}

/// The longest field: some of what is no signature is long.
const FIELD_LEN: usize = 4_352;

struct Vector {
    is_good: bool,
    fields: [[u8; FIELD_LEN]; 3],
    lens: [usize; 3],
}

impl Default for Vector {
    fn default() -> Self {
        Self { is_good: false, fields: [[0; FIELD_LEN]; 3], lens: [0; 3] }
    }
}

impl Vector {
    /// Reads the next one; `None` at the end of the file.
    fn read(&mut self, file: &mut File) -> Option<usize> {
        let mut head = [0; 2];
        file.read(&mut head).then_some(())?;
        self.is_good = head[1] == 1;
        for (field, len) in self.fields.iter_mut().zip(&mut self.lens) {
            let mut bytes = [0; 2];
            file.read(&mut bytes).then_some(())?;
            *len = u16::from_le_bytes(bytes).into();
            // A read of nothing looks like the end of the file.
            if *len > 0 {
                file.read(&mut field[..*len]).then_some(())?;
            }
        }
        Some(head[0].into())
    }

    fn comes_out_right(&self, kind: usize) -> bool {
        let [first, second, third] = [0, 1, 2].map(|index| &self.fields[index][..self.lens[index]]);
        match kind {
            0 => match verify(first, second, third) {
                Ok(()) => self.is_good,
                Err(error) => {
                    !self.is_good
                        && matches!(
                            error,
                            Error::Peer(PeerFault::BadSignature) | Error::Certificate(CertificateFault::Unsupported)
                        )
                }
            },
            1 => match agree(first, second) {
                Ok(secret) => self.is_good && secret.as_bytes() == third,
                Err(error) => !self.is_good && error == Error::Peer(PeerFault::InvalidKeyShare),
            },
            _ => match generate(first) {
                Ok((_, _, share)) => self.is_good && share == *second,
                Err(error) => !self.is_good && error == Error::Provider(ProviderFault::RandomFailed),
            },
        }
    }
}

fn ready<T>(poll: Poll<Result<T>>) -> Result<T> {
    match poll {
        Poll::Ready(result) => result,
        Poll::Pending => Err(Error::Internal),
    }
}

fn verify(key: &[u8], message: &[u8], signature: &[u8]) -> Result<()> {
    let provider = &mut Assembly(Drawn([0; 32]));
    let mut verifier = <Verifier as SignatureVerifier<Provider>>::start(provider, SignatureAlgorithm::EcdsaP256Sha256)?;
    ready(verifier.poll_verify(provider, key, message, signature))
}

fn generate(private_key: &[u8]) -> Result<(Provider, Exchange, [u8; 65])> {
    let mut provider = Assembly(Drawn::private_key(private_key));
    let mut exchange = <Exchange as KeyExchange<Provider>>::start(&mut provider, NamedGroup::SECP256R1)?;
    let mut share = [0; 65];
    ready(exchange.poll_generate(&mut provider, &mut share))?;
    Ok((provider, exchange, share))
}

fn agree(private_key: &[u8], peer_share: &[u8]) -> Result<<Provider as CryptoProvider>::Secret> {
    let (mut provider, mut exchange, _) = generate(private_key)?;
    ready(exchange.poll_decapsulate(&mut provider, peer_share))
}
