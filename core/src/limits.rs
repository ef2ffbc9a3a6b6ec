//! Every limit of the protocol code, with its origin.
//!
//! No list of the peer's is too long for its length alone: each is walked a fixed number of times, or a fixed number of
//! times for each identity, scheme and so on of ours, and the receive buffer bounds what there is to walk. Limits are
//! for what costs more than that.

/// The longest plaintext of a record, in bytes (RFC 9846 5.1).
pub const MAX_PLAINTEXT_LEN: usize = 1 << 14;

/// The longest protected record, header not counted, in bytes (RFC 9846 5.2).
pub const MAX_CIPHERTEXT_LEN: usize = MAX_PLAINTEXT_LEN + 256;

/// The header of a record, in bytes (RFC 9846 5.1).
pub const RECORD_HEADER_LEN: usize = 5;

/// The smallest record_size_limit (RFC 8449 4).
pub const MIN_RECORD_SIZE_LIMIT: usize = 64;

/// The receive buffer that takes every record a peer may send without record_size_limit.
pub const FULL_RECEIVE_BUFFER_LEN: usize = RECORD_HEADER_LEN + MAX_CIPHERTEXT_LEN;

/// The smallest receive buffer: a record of the smallest record_size_limit with its tag, and a Finished of
/// SHA-384 joined from two records. What a peer's certificate needs comes on top.
pub const MIN_RECEIVE_BUFFER_LEN: usize = 256;

/// The smallest transmit buffer: a ClientHello with one elliptic-curve share and all our lists, without names.
pub const MIN_TRANSMIT_BUFFER_LEN: usize = 512;

/// The shortest buffers, receiving and transmitting, with which the groups that have ML-KEM in them are negotiated; our
/// choice. Their shares have up to 1249 bytes (draft-ietf-tls-ecdhe-mlkem), and a hello has more to say than that.
pub const MIN_HYBRID_BUFFER_LEN: usize = 2048;

/// Records without effect that may come in a row: without content, compatibility change_cipher_spec, user_canceled;
/// our choice. Real peers send one or two.
pub const MAX_IDLE_RECORDS: u8 = 32;

/// KeyUpdates that may come in a row without application data between them; our choice, as BoringSSL's.
pub const MAX_KEY_UPDATES: u8 = 32;

/// NewSessionTickets that may come in a row without application data between them; our choice.
pub const MAX_TICKETS: u8 = 32;

/// The longest that a ticket may be used, in seconds: seven days (RFC 9846 4.7.1).
pub const MAX_TICKET_LIFETIME: u32 = 604_800;

/// How often a client without a clock resumes at most what came from one full handshake; our choice. With a clock it
/// does so for [`MAX_TICKET_LIFETIME`] seconds.
pub const MAX_RESUMPTIONS_WITHOUT_CLOCK: u8 = 100;

/// How old the cookie of a HelloRetryRequest may be, in seconds; our choice.
pub const MAX_COOKIE_AGE: u64 = 300;

/// How much earlier or later than it says a ClientHello may come whose early data is taken, in seconds; our choice, as
/// RFC 9846 8.3 has it. The clocks of clients, and networks, are not exact.
pub const EARLY_DATA_WINDOW: u64 = 10;

/// The longest NewSessionTicket, with its header, in bytes: all its fields as long as they can be (RFC 9846 4.7.1).
pub const MAX_TICKET_MESSAGE_LEN: usize = 4 + 4 + 4 + (1 + 255) + (2 + 0xffff) + (2 + 0xfffe);

/// How often a sender may renew its keys (RFC 9846 4.7.3).
pub const MAX_KEY_EPOCH: u64 = (1 << 48) - 1;

/// Key shares a client of ours sends at most: each costs a `P::KeyExchange` of memory.
pub const MAX_KEY_SHARES: usize = 3;

/// The shortest pre-shared key, in bytes: 128 bits (RFC 9257 6).
pub const MIN_PSK_LEN: usize = 16;

/// Identities of one ClientHello that a server looks up at most; our choice. Those behind them are as if unknown.
pub const MAX_PSK_LOOKUPS: usize = 16;

/// The content of one element of DER, in bytes: rustls-webpki's limit, and more than any certificate has.
pub const MAX_DER_ELEMENT_LEN: usize = 0xfffe;

/// Signatures that are verified at most for the certificates of one peer; our choice. The longest chain that a verifier
/// allows by default takes 4, as many more with revocation lists, and each ambiguity of who issued a certificate one.
pub const MAX_SIGNATURE_CHECKS: u8 = 16;

/// Names of application protocols and of authorities, in bytes and two more for each, that a client may have; our
/// choice. They share a block of extensions of 2^16 - 1 bytes with all else that a hello says: key shares take up to 4
/// kB.
pub const MAX_NAMES_LEN: usize = 0xe000;

/// Names of authorities, in bytes and two more for each, that a server may have; our choice. They share a block of
/// extensions of 2^16 - 1 bytes with all else that a CertificateRequest says, which takes half of what is left.
pub const MAX_AUTHORITIES_LEN: usize = 0xff00;

/// The longest signature in bytes, for the room a CertificateVerify needs: RSA-4096.
pub const MAX_SIGNATURE_LEN: usize = 512;

/// Bytes of early data that a client sends at most, whatever a ticket allows; our choice: byte by byte, they are as
/// many records as a key may protect (RFC 9846 5.5).
pub const MAX_EARLY_DATA: u32 = 1 << 24;

/// Bytes of early data that a server skips when it does not accept them (RFC 9846 4.3.10); our choice, a
/// little over what servers commonly allow in a ticket.
pub const MAX_SKIPPED_EARLY_DATA: u32 = 1 << 16;
