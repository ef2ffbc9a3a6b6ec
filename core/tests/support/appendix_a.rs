//! The states of RFC 9846 Appendix A as a peer sees them: how to bring a connection there, and what it takes.

use super::forger::*;
use super::hellos::*;
use super::*;
use saitls_core::codes::*;

/// A message that a peer may send at any time, right or wrong. All are well-formed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    ClientHello,
    ServerHello,
    HelloRetryRequest,
    NewSessionTicket,
    EncryptedExtensions,
    CertificateRequest,
    Certificate,
    EmptyCertificate,
    CertificateVerify,
    Finished,
    KeyUpdate,
    KeyUpdateRequest,
    /// A type with an empty body.
    Other(u8),
}

use Sent::*;

pub const ALL: [Sent; 30] = [
    ClientHello,
    ServerHello,
    HelloRetryRequest,
    NewSessionTicket,
    EncryptedExtensions,
    CertificateRequest,
    Certificate,
    EmptyCertificate,
    CertificateVerify,
    Finished,
    KeyUpdate,
    KeyUpdateRequest,
    Other(0), // hello_request
    Other(3), // hello_verify_request
    Other(5), // end_of_early_data
    Other(6), // hello_retry_request
    Other(7),
    Other(9),  // request_connection_id
    Other(10), // new_connection_id
    Other(12), // server_key_exchange
    Other(14), // server_hello_done
    Other(16), // client_key_exchange
    Other(17), // client_certificate_request
    Other(21), // certificate_url
    Other(22), // certificate_status
    Other(23), // supplemental_data
    Other(25), // compressed_certificate
    Other(67),
    Other(254), // message_hash
    Other(255),
];

impl Sent {
    pub fn message(self, forger: &mut Forger) -> Vec<u8> {
        match self {
            ClientHello => {
                let hello = match &forger.client_hello {
                    // What a second ClientHello must be: the same, with one share.
                    Some(hello) if forger.role == Role::Client => hello.clone(),
                    _ => return forger.make_client_hello().message(),
                };
                let share = forger.share(forger.group);
                let shares = key_shares(&[(forger.group.0, &share)]);
                hello.with(|hello| _ = hello.extensions().set(ExtensionType::KEY_SHARE, shares)).message()
            }
            ServerHello | HelloRetryRequest if forger.client_hello.is_none() => {
                // A client in the place of a server has none to answer to.
                let client_hello = forger.make_client_hello();
                forger.client_hello = Some(client_hello);
                let hello = forger.make_hello_retry_request(Some(NamedGroup::SECP256R1), None);
                forger.client_hello = None;
                if self == ServerHello { hello.with(|hello| hello.random = [7; 32]).message() } else { hello.message() }
            }
            ServerHello if forger.role == Role::Server && forger.seal.is_none() => forger.make_server_hello().message(),
            ServerHello => {
                let hello = forger.make_hello_retry_request(Some(NamedGroup::SECP256R1), None);
                hello.with(|hello| hello.random = [7; 32]).message()
            }
            HelloRetryRequest => forger.make_hello_retry_request(Some(NamedGroup::SECP384R1), None).message(),
            NewSessionTicket => new_session_ticket(),
            EncryptedExtensions => forger.message(Step::EncryptedExtensions),
            CertificateRequest => forger.message(Step::CertificateRequest),
            Certificate => forger.message(Step::Certificate),
            EmptyCertificate => forger.message(Step::EmptyCertificate),
            CertificateVerify => forger.message(Step::CertificateVerify),
            Finished if forger.seal.is_some() => forger.message(Step::Finished),
            Finished => message(20, &[0; 32]),
            KeyUpdate => key_update(0),
            KeyUpdateRequest => key_update(1),
            Other(kind) => message(kind, &[]),
        }
    }
}

pub const FLIGHT: [Step; 4] = [Step::EncryptedExtensions, Step::Certificate, Step::CertificateVerify, Step::Finished];

// ---- the client

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientState {
    WaitServerHello,
    /// After a HelloRetryRequest.
    WaitServerHelloAgain,
    WaitEncryptedExtensions,
    WaitCertificateOrRequest,
    WaitCertificate,
    WaitCertificateVerify,
    WaitFinished,
    /// The same with a CertificateRequest before.
    WaitFinishedRequested,
    Connected,
    /// We said close_notify, the peer did not.
    ConnectedClosing,
}

pub use ClientState as C;

pub const CLIENT_STATES: [ClientState; 10] = [
    C::WaitServerHello,
    C::WaitServerHelloAgain,
    C::WaitEncryptedExtensions,
    C::WaitCertificateOrRequest,
    C::WaitCertificate,
    C::WaitCertificateVerify,
    C::WaitFinished,
    C::WaitFinishedRequested,
    C::Connected,
    C::ConnectedClosing,
];

impl ClientState {
    /// Brings a client there.
    pub fn reach<'a>(self, config: &'a ClientConfig<'a, Provider>) -> (Tested<'a>, Forger) {
        let (mut client, mut forger) = (small_client(config), Forger::server());
        client.process().unwrap();
        forger.receive(&mut client);
        if self == C::WaitServerHelloAgain {
            let request = forger.make_hello_retry_request(Some(NamedGroup::SECP256R1), None);
            forger.send_messages(&mut client, &request.message()).unwrap();
            forger.receive(&mut client);
        }
        if matches!(self, C::WaitServerHello | C::WaitServerHelloAgain) {
            return (client, forger);
        }
        let hello = forger.make_server_hello();
        forger.send_messages(&mut client, &hello.message()).unwrap();
        let steps: &[Step] = match self {
            C::WaitEncryptedExtensions => &[],
            C::WaitCertificateOrRequest => &[Step::EncryptedExtensions],
            C::WaitCertificate => &[Step::EncryptedExtensions, Step::CertificateRequest],
            C::WaitCertificateVerify => &FLIGHT[..2],
            C::WaitFinished => &FLIGHT[..3],
            C::WaitFinishedRequested => {
                &[Step::EncryptedExtensions, Step::CertificateRequest, Step::Certificate, Step::CertificateVerify]
            }
            _ => &FLIGHT,
        };
        forger.steps(&mut client, steps).unwrap();
        forger.receive(&mut client);
        if self == C::ConnectedClosing {
            client.connection.close();
            client.process().unwrap();
            forger.receive(&mut client);
        }
        (client, forger)
    }

    /// The messages of A.1, and the way on to a connection behind each.
    pub fn accepts(self, sent: Sent) -> Option<&'static [Step]> {
        match (self, sent) {
            (C::WaitServerHello | C::WaitServerHelloAgain, ServerHello) => Some(&FLIGHT),
            (C::WaitServerHello, HelloRetryRequest) => Some(&FLIGHT),
            (C::WaitEncryptedExtensions, EncryptedExtensions) => Some(&FLIGHT[1..]),
            (C::WaitCertificateOrRequest, CertificateRequest) => Some(&FLIGHT[1..]),
            (C::WaitCertificateOrRequest | C::WaitCertificate, Certificate) => Some(&FLIGHT[2..]),
            (C::WaitCertificateVerify, CertificateVerify) => Some(&FLIGHT[3..]),
            (C::WaitFinished | C::WaitFinishedRequested, Finished) => Some(&[]),
            (C::Connected | C::ConnectedClosing, NewSessionTicket | KeyUpdate | KeyUpdateRequest) => Some(&[]),
            _ => None,
        }
    }

    pub fn is_protected(self) -> bool {
        !matches!(self, C::WaitServerHello | C::WaitServerHelloAgain)
    }
}

// ---- the server

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerState {
    Start,
    /// After a HelloRetryRequest.
    StartAgain,
    WaitCertificate,
    WaitCertificateVerify,
    /// The server does not ask.
    WaitFinished,
    /// The client declined.
    WaitFinishedDeclined,
    /// The client proved who it is.
    WaitFinishedAuthenticated,
    Connected,
    ConnectedClosing,
}

pub use ServerState as S;

pub const SERVER_STATES: [ServerState; 9] = [
    S::Start,
    S::StartAgain,
    S::WaitCertificate,
    S::WaitCertificateVerify,
    S::WaitFinished,
    S::WaitFinishedDeclined,
    S::WaitFinishedAuthenticated,
    S::Connected,
    S::ConnectedClosing,
];

pub const CLIENT_FLIGHT: [Step; 3] = [Step::Certificate, Step::CertificateVerify, Step::Finished];

impl ServerState {
    pub fn authentication(self) -> ClientAuthentication<'static, Provider> {
        match self {
            S::WaitCertificate | S::WaitCertificateVerify | S::WaitFinishedDeclined | S::WaitFinishedAuthenticated => {
                ClientAuthentication::Optional(&ANY)
            }
            _ => ClientAuthentication::None,
        }
    }

    /// Brings a server there.
    pub fn reach<'a>(self, config: &'a ServerConfig<'a, Provider>) -> (Tested<'a>, Forger) {
        let (mut server, mut forger) = (small_server(config), Forger::client());
        server.process().unwrap();
        if self == S::Start {
            return (server, forger);
        }
        if self == S::StartAgain {
            let mut hello = forger.make_client_hello();
            hello.extensions().set(ExtensionType::KEY_SHARE, [0, 0]);
            forger.hello(&mut server, &hello).unwrap();
            assert!(forger.server_hello.as_ref().unwrap().is_hello_retry_request());
            return (server, forger);
        }
        forger.greet(&mut server).unwrap();
        let steps: &[Step] = match self {
            S::WaitCertificateVerify => &CLIENT_FLIGHT[..1],
            S::WaitFinishedDeclined => &[Step::EmptyCertificate],
            S::WaitFinishedAuthenticated => &CLIENT_FLIGHT[..2],
            S::Connected | S::ConnectedClosing => &CLIENT_FLIGHT[2..],
            _ => &[],
        };
        forger.steps(&mut server, steps).unwrap();
        if self == S::ConnectedClosing {
            server.connection.close();
            server.process().unwrap();
        }
        forger.receive(&mut server);
        (server, forger)
    }

    /// The messages of A.2, and the way on to a connection behind each.
    pub fn accepts(self, sent: Sent) -> Option<&'static [Step]> {
        match (self, sent) {
            (S::Start | S::StartAgain, ClientHello) => Some(&CLIENT_FLIGHT[2..]),
            (S::WaitCertificate, Certificate) => Some(&CLIENT_FLIGHT[1..]),
            (S::WaitCertificate, EmptyCertificate) => Some(&CLIENT_FLIGHT[2..]),
            (S::WaitCertificateVerify, CertificateVerify) => Some(&CLIENT_FLIGHT[2..]),
            (S::WaitFinished | S::WaitFinishedDeclined | S::WaitFinishedAuthenticated, Finished) => Some(&[]),
            (S::Connected | S::ConnectedClosing, KeyUpdate | KeyUpdateRequest) => Some(&[]),
            _ => None,
        }
    }

    pub fn is_protected(self) -> bool {
        !matches!(self, S::Start | S::StartAgain)
    }
}

// With buffers that are quickly made: many connections are.

fn small_client<'a>(config: &'a ClientConfig<'a, Provider>) -> Tested<'a> {
    Tested::new(Connection::client(config, name("localhost"), buffers(2048, 2048)).unwrap())
}

fn small_server<'a>(config: &'a ServerConfig<'a, Provider>) -> Tested<'a> {
    Tested::new(Connection::server(config, buffers(2048, 2048)).unwrap())
}
