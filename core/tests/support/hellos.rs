//! ClientHellos and ServerHellos in parts, to be changed at will and put together again.

use saitls_core::codes::*;
use saitls_core::wire::extensions::*;
use saitls_core::wire::{ClientHello, HELLO_RETRY_REQUEST_RANDOM, Message, Random, ServerHello, Writer};
use std::cell::RefCell;

/// What `write` writes.
pub fn written(write: impl FnOnce(&mut Writer<'_>)) -> Vec<u8> {
    thread_local! {
        static ROOM: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }
    // Taken out, for `write` may come here too.
    let mut room = ROOM.take();
    room.resize(1 << 18, 0);
    let mut writer = Writer::new(&mut room);
    write(&mut writer);
    let len = writer.finish().unwrap();
    let written = room[..len].to_vec();
    ROOM.set(room);
    written
}

/// What `write` writes, without the type and length of an extension.
pub fn extension_data(write: impl FnOnce(&mut Writer<'_>)) -> Vec<u8> {
    written(write).split_off(4)
}

/// A vector of codes with a length of 16 bits.
pub fn codes16(codes: impl IntoIterator<Item = u16>) -> Vec<u8> {
    written(|writer| writer.vector16(|writer| codes.into_iter().for_each(|code| writer.u16(code))))
}

/// The key_share of a ClientHello.
pub fn key_shares(shares: &[(u16, &[u8])]) -> Vec<u8> {
    written(|writer| {
        writer.vector16(|writer| {
            for (group, share) in shares {
                writer.u16(*group);
                writer.vector16(|writer| writer.bytes(share));
            }
        });
    })
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExtensionsParts(pub Vec<(ExtensionType, Vec<u8>)>);

impl ExtensionsParts {
    pub fn parse(extensions: Extensions<'_>) -> Self {
        Self(extensions.iter().map(|(kind, data)| (kind, data.to_vec())).collect())
    }

    pub fn get(&self, kind: ExtensionType) -> &[u8] {
        &self.0.iter().find(|(found, _)| *found == kind).unwrap_or_else(|| panic!("no {kind}")).1
    }

    pub fn has(&self, kind: ExtensionType) -> bool {
        self.0.iter().any(|(found, _)| *found == kind)
    }

    /// Replaces the extension, or adds it at the end.
    pub fn set(&mut self, kind: ExtensionType, data: impl Into<Vec<u8>>) -> &mut Self {
        match self.0.iter_mut().find(|(found, _)| *found == kind) {
            Some((_, old)) => *old = data.into(),
            None => self.0.push((kind, data.into())),
        }
        self
    }

    /// Adds it at the end, even if it is there already.
    pub fn push(&mut self, kind: ExtensionType, data: impl Into<Vec<u8>>) -> &mut Self {
        self.0.push((kind, data.into()));
        self
    }

    pub fn remove(&mut self, kind: ExtensionType) -> &mut Self {
        self.0.retain(|(found, _)| *found != kind);
        self
    }

    pub fn write(&self, writer: &mut Writer<'_>) {
        writer.vector16(|writer| {
            for (kind, data) in &self.0 {
                writer.extension(*kind, |writer| writer.bytes(data));
            }
        });
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientHelloParts {
    pub version: u16,
    pub random: Random,
    pub session_id: Vec<u8>,
    pub suites: Vec<u16>,
    pub compression: Vec<u8>,
    /// `None` leaves even the length out, as TLS 1.2 allows.
    pub extensions: Option<ExtensionsParts>,
}

impl ClientHelloParts {
    /// A plain offer with these shares.
    pub fn new(shares: &[(u16, &[u8])]) -> Self {
        let mut extensions = ExtensionsParts::default();
        let schemes = [
            SignatureScheme::ECDSA_SECP256R1_SHA256,
            SignatureScheme::ED25519,
            SignatureScheme::ECDSA_SECP384R1_SHA384,
            SignatureScheme::RSA_PSS_RSAE_SHA256,
            SignatureScheme::RSA_PSS_PSS_SHA256,
        ];
        let groups = [NamedGroup::X25519, NamedGroup::SECP256R1, NamedGroup::SECP384R1];
        extensions
            .set(ExtensionType::SERVER_NAME, extension_data(|w| ServerNameList::write(w, b"localhost")))
            .set(ExtensionType::SUPPORTED_VERSIONS, [2, 3, 4])
            .set(ExtensionType::SUPPORTED_GROUPS, codes16(groups.map(|group| group.0)))
            .set(ExtensionType::SIGNATURE_ALGORITHMS, codes16(schemes.map(|scheme| scheme.0)))
            .set(ExtensionType::KEY_SHARE, key_shares(shares));
        Self {
            version: 0x0303,
            random: [0x5a; 32],
            session_id: vec![0xa5; 32],
            suites: vec![0x1301, 0x1302, 0x1303, 0x1304],
            compression: vec![0],
            extensions: Some(extensions),
        }
    }

    pub fn parse(message: &[u8]) -> Self {
        let hello = ClientHello::read(Message::read(message).unwrap().body).unwrap();
        Self {
            version: hello.legacy_version.0,
            random: *hello.random,
            session_id: hello.legacy_session_id.to_vec(),
            suites: hello.cipher_suites.iter().map(|suite| suite.0).collect(),
            compression: hello.legacy_compression_methods.to_vec(),
            extensions: Some(ExtensionsParts::parse(hello.extensions)),
        }
    }

    pub fn extensions(&mut self) -> &mut ExtensionsParts {
        self.extensions.get_or_insert_default()
    }

    /// With one thing changed.
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    pub fn message(&self) -> Vec<u8> {
        written(|writer| {
            writer.message(HandshakeType::CLIENT_HELLO, |writer| {
                writer.u16(self.version);
                writer.bytes(&self.random);
                writer.vector8(|writer| writer.bytes(&self.session_id));
                writer.vector16(|writer| self.suites.iter().for_each(|&suite| writer.u16(suite)));
                writer.vector8(|writer| writer.bytes(&self.compression));
                if let Some(extensions) = &self.extensions {
                    extensions.write(writer);
                }
            });
        })
    }

    /// Group and share of each key share.
    pub fn shares(&self) -> Vec<(NamedGroup, Vec<u8>)> {
        let data = self.extensions.as_ref().unwrap().get(ExtensionType::KEY_SHARE);
        KeyShareClientHello::read(data).unwrap().iter().map(|s| (s.group, s.key_exchange.to_vec())).collect()
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerHelloParts {
    pub version: u16,
    pub random: Random,
    pub session_id: Vec<u8>,
    pub suite: u16,
    pub compression: u8,
    pub extensions: Option<ExtensionsParts>,
}

impl ServerHelloParts {
    pub fn parse(message: &[u8]) -> Self {
        let hello = ServerHello::read(Message::read(message).unwrap().body).unwrap();
        Self {
            version: hello.legacy_version.0,
            random: *hello.random,
            session_id: hello.legacy_session_id_echo.to_vec(),
            suite: hello.cipher_suite.0,
            compression: hello.legacy_compression_method,
            extensions: Some(ExtensionsParts::parse(hello.extensions)),
        }
    }

    pub fn is_hello_retry_request(&self) -> bool {
        self.random == HELLO_RETRY_REQUEST_RANDOM
    }

    pub fn extensions(&mut self) -> &mut ExtensionsParts {
        self.extensions.get_or_insert_default()
    }

    /// With one thing changed.
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    pub fn message(&self) -> Vec<u8> {
        written(|writer| {
            writer.message(HandshakeType::SERVER_HELLO, |writer| {
                writer.u16(self.version);
                writer.bytes(&self.random);
                writer.vector8(|writer| writer.bytes(&self.session_id));
                writer.u16(self.suite);
                writer.u8(self.compression);
                if let Some(extensions) = &self.extensions {
                    extensions.write(writer);
                }
            });
        })
    }
}
