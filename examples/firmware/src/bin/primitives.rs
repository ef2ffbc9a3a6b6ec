//! What the primitives take by themselves: the part of every figure that no protocol code can change.

#![no_std]
#![no_main]

use core::hint::black_box;
use core::task::Poll;
use saitls_core::codes::{CipherSuite, HashAlgorithm, NamedGroup};
use saitls_core::crypto::{Aead, CryptoProvider, Hash, KeyExchange, SignatureAlgorithm, SignatureVerifier};
use saitls_firmware::{host, report, stack, timer, trng::Trng};
use saitls_rustcrypto::RustCrypto;

type Provider = RustCrypto<Trng>;
type Exchange = <Provider as CryptoProvider>::KeyExchange;
type Verifier = <Provider as CryptoProvider>::SignatureVerifier;
type Protection = <Provider as CryptoProvider>::Aead;

saitls_firmware::entry!(main);

fn main() -> ! {
    timer::start();
    let mut provider = RustCrypto(Trng::new().unwrap());
    key_exchange(&mut provider, NamedGroup::SECP256R1, ["P-256, generate", "P-256, decapsulate"]);
    #[cfg(feature = "x25519")]
    key_exchange(&mut provider, NamedGroup::X25519, ["X25519, generate", "X25519, decapsulate"]);
    verification(&mut provider);
    let names = ["AES-128-GCM, key", "AES-128-GCM, seal 4096 bytes", "AES-128-GCM, open 4096 bytes"];
    protection(&mut provider, CipherSuite::AES_128_GCM_SHA256, names);
    #[cfg(feature = "chacha20poly1305")]
    {
        let names =
            ["ChaCha20-Poly1305, key", "ChaCha20-Poly1305, seal 4096 bytes", "ChaCha20-Poly1305, open 4096 bytes"];
        protection(&mut provider, CipherSuite::CHACHA20_POLY1305_SHA256, names);
    }
    let data = [0x5a; 4_096];
    measure("SHA-256, 4096 bytes", &mut || {
        let mut hash = <Provider as CryptoProvider>::Hash::start(&mut provider, HashAlgorithm::Sha256).unwrap();
        hash.update(&mut provider, &data).unwrap();
        black_box(hash.finish(&mut provider).is_ok());
    });
    host::exit(true)
}

/// Prints the ticks and the stack that `work` takes.
#[inline(never)]
fn measure(name: &str, work: &mut dyn FnMut()) {
    let below = stack::paint();
    let before = timer::ticks();
    work();
    let ticks = timer::ticks().wrapping_sub(before);
    let stack = stack::peak().saturating_sub(below);
    host::print(name);
    report::line(" ticks", ticks);
    host::print(name);
    report::line(" stack", stack);
}

fn ready<T>(poll: Poll<T>) -> T {
    match poll {
        Poll::Ready(value) => value,
        Poll::Pending => panic!(),
    }
}

fn key_exchange(provider: &mut Provider, group: NamedGroup, [generate, decapsulate]: [&str; 2]) {
    let mut share = [0; 65];
    let mut exchange = Exchange::start(provider, group).unwrap();
    let mut len = 0;
    measure(generate, &mut || len = ready(exchange.poll_generate(provider, &mut share)).unwrap());
    let mut other = Exchange::start(provider, group).unwrap();
    let mut peer = [0; 65];
    let len = ready(other.poll_generate(provider, &mut peer)).unwrap();
    measure(decapsulate, &mut || {
        black_box(ready(exchange.poll_decapsulate(provider, &peer[..len])).is_ok());
    });
}

fn verification(provider: &mut Provider) {
    let algorithm = SignatureAlgorithm::EcdsaP256Sha256;
    let certificate = include_bytes!("../../pki/leaf.der");
    let issuer = include_bytes!("../../pki/intermediate.der");
    let key = saitls_core::crypto::x509::subject_public_key_info(issuer).unwrap();
    let key = &key[key.len() - 65..];
    // Certificate: a header of 4 bytes, TBSCertificate, the algorithm in 12 bytes, the signature in a BIT STRING.
    let message_len = 4 + usize::from(u16::from_be_bytes([certificate[6], certificate[7]]));
    let message = &certificate[4..4 + message_len];
    let signature = &certificate[4 + message_len + 12 + 3..];
    let mut verifier = Verifier::start(provider, algorithm).unwrap();
    measure("ECDSA P-256, verify", &mut || ready(verifier.poll_verify(provider, key, message, signature)).unwrap());
}

fn protection(provider: &mut Provider, suite: CipherSuite, [key, seal, open]: [&str; 3]) {
    let mut aead = None;
    measure(key, &mut || {
        aead = Protection::from_key(provider, suite, &[7; 32][..suite.key_len()]).ok();
    });
    let mut aead = aead.unwrap();
    let mut record = [0x5a; 4_096 + 16];
    measure(seal, &mut || aead.seal(provider, &[1; 12], &[2; 5], &mut record).unwrap());
    measure(open, &mut || aead.open(provider, &[1; 12], &[2; 5], &mut record).unwrap());
}
