//! A server whose key is in a chip on an I2C bus: several clients at a time, and one that gives up.

use crate::peers;
use ecdsa_key::ecdsa::signature::hazmat::PrehashSigner;
use ecdsa_key::ecdsa::{Signature, SigningKey};
use ecdsa_key::pkcs8::DecodePrivateKey;
use embedded_hal_async::i2c::{ErrorKind, ErrorType, I2c, NoAcknowledgeSource, Operation};
use embedded_io_adapters::tokio_1::FromTokio;
use saitls::asynch::TlsStream;
use saitls::protocol::config::{Identity, ServerConfig};
use saitls::rustcrypto::RustCrypto;
use saitls::{Buffers, ServerName};
use saitls_ecosystem::element::{Chip, Element, run};
use std::cell::Cell;
use std::time::Duration;

const ADDRESS: u8 = 0x30;

/// The bus, and the chip at its other end: it works for a while.
struct Bus<'c> {
    key: SigningKey,
    busy: u32,
    answer: Option<Signature>,
    signed: &'c Cell<u32>,
}

impl ErrorType for Bus<'_> {
    type Error = ErrorKind;
}

impl I2c for Bus<'_> {
    async fn transaction(&mut self, address: u8, operations: &mut [Operation<'_>]) -> Result<(), ErrorKind> {
        tokio::time::sleep(Duration::from_micros(200)).await;
        if address != ADDRESS {
            return Err(ErrorKind::NoAcknowledge(NoAcknowledgeSource::Address));
        }
        match operations {
            [Operation::Write([command, digest @ ..])] if *command == Chip::<Self>::SIGN => {
                self.answer = Some(self.key.sign_prehash(digest).map_err(|_| ErrorKind::Other)?);
                self.busy = 5;
                self.signed.set(self.signed.get() + 1);
                Ok(())
            }
            [Operation::Read(_)] if self.busy > 0 => {
                self.busy -= 1;
                Err(ErrorKind::NoAcknowledge(NoAcknowledgeSource::Address))
            }
            [Operation::Read(room)] => {
                room.copy_from_slice(&self.answer.take().ok_or(ErrorKind::Other)?.to_bytes());
                Ok(())
            }
            _ => Err(ErrorKind::Other),
        }
    }
}

static ELEMENT: Element = Element::new();

#[test]
fn a_key_in_a_chip_serves_several_connections() {
    let key = SigningKey::from_pkcs8_der(peers::der("p256.key")).unwrap();
    let signed = Cell::new(0);
    let chip = Chip::new(Bus { key, busy: 0, answer: None, signed: &signed }, ADDRESS);
    let chain = [peers::der("p256.pem")];
    let identities = [Identity::new(&chain, &ELEMENT)];
    let config = ServerConfig::new(&identities);
    let buffers = || Buffers::new(vec![0; 4_096], vec![0; 4_096]);
    let connect = async |gives_up: bool| {
        let (here, there) = tokio::io::duplex(4_096);
        let name = ServerName::try_from("localhost").ok();
        let client = TlsStream::client(peers::client_config(), name, buffers(), RustCrypto::os(), FromTokio::new(here));
        let server = TlsStream::server(&config, buffers(), RustCrypto::os(), FromTokio::new(there));
        let (mut client, mut server) = (client.unwrap(), server.unwrap());
        let both = async { tokio::join!(client.handshake(), server.handshake()) };
        let limit = Duration::from_millis(if gives_up { 1 } else { 20_000 });
        match tokio::time::timeout(limit, both).await {
            Ok((client, server)) => {
                client.unwrap();
                server.unwrap();
            }
            Err(_) => assert!(gives_up),
        }
    };
    peers::run(async {
        tokio::select! {
            never = run(chip, &ELEMENT) => never,
            () = async {
                for _ in 0..2 {
                    tokio::join!(connect(false), connect(true), connect(false), connect(true), connect(false));
                    tokio::join!(connect(false), connect(false), connect(true), connect(false), connect(false));
                }
            } => {}
        }
    });
    assert!(signed.get() >= 14, "{}", signed.get());
}
