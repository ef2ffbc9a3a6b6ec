//! The receiving half of the record protocol: which records are allowed, opening them, counting the idle ones.

use super::ReceiveBuffer;
use super::header::RecordHeader;
use crate::codes::{AlertDescription, CipherSuite, ContentType};
use crate::crypto::CryptoProvider;
use crate::error::{Error, PeerFault, Result};
use crate::limits::{MAX_CIPHERTEXT_LEN, MAX_IDLE_RECORDS, MAX_PLAINTEXT_LEN, MAX_SKIPPED_EARLY_DATA};
use crate::record::protection::{KeyAtRest, NextSecret, Protection};
use crate::record::{Next, RecordAligned};

/// What the next record held.
pub(crate) enum Content {
    /// Handshake bytes, joined to those before.
    Handshake,
    /// Application data, lent out by the buffer.
    ApplicationData,
    /// An alert.
    Alert(AlertDescription),
    /// Nothing of interest.
    Nothing,
}

/// The place of the key; until it comes, a guest has the room. They are not needed at the same time, and a connection
/// is smaller.
enum Place<P: CryptoProvider, G> {
    Lent(G),
    Key(Option<Protection<P>>),
}

impl<P: CryptoProvider, G> Place<P, G> {
    /// The place for a key; the guest has gone.
    fn vacate(&mut self) -> Result<&mut Option<Protection<P>>> {
        if let Self::Lent(_) = self {
            *self = Self::Key(None);
        }
        match self {
            Self::Key(key) => Ok(key),
            Self::Lent(_) => Err(Error::Internal),
        }
    }
}

/// Under which key records come, and what is allowed of them.
pub(crate) struct Incoming<P: CryptoProvider, G> {
    place: Place<P, G>,
    /// The longest inner plaintext we accept: what we advertised, once the peer has agreed.
    max_inner_len: usize,
    /// What the peer may say, once we have said something.
    next: Option<Next>,
    /// Whether the peer may still speak in the clear: a client, until its first protected record.
    allows_plaintext_alert: bool,
    /// Bytes of early data that may still come: of records, if we do not accept it and skip them; else of data.
    early_data_left: u32,
    idle_records: u8,
}

impl<P: CryptoProvider, G> Incoming<P, G> {
    /// Until there is a key, `guest` has its room.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "so that it is made where it will stay")]
    pub(crate) const fn new(guest: G) -> Self {
        Self {
            place: Place::Lent(guest),
            max_inner_len: MAX_PLAINTEXT_LEN + 1,
            next: None,
            allows_plaintext_alert: false,
            early_data_left: 0,
            idle_records: 0,
        }
    }

    /// Opens from here on with the key of `secret`. The evidence says that nothing is left over.
    pub(super) fn install(
        &mut self,
        provider: &mut P,
        suite: CipherSuite,
        secret: P::Secret,
        _: RecordAligned,
    ) -> Result<()> {
        Protection::install(self.place.vacate()?, provider, suite, secret)
    }

    /// Opens from here on with the next key.
    pub(crate) fn renew(&mut self, provider: &mut P, next: NextSecret<P>, _: RecordAligned) -> Result<()> {
        Protection::renew(self.place.vacate()?, provider, next)
    }

    /// The key, once it is installed.
    const fn key(&self) -> Option<&Protection<P>> {
        match &self.place {
            Place::Key(key) => key.as_ref(),
            Place::Lent(_) => None,
        }
    }

    /// Takes the key out, if it is there; it will be made again.
    pub(crate) fn take_key(&mut self) -> Option<KeyAtRest<P>> {
        match &mut self.place {
            Place::Key(Some(key)) => key.take(),
            Place::Key(None) | Place::Lent(_) => None,
        }
    }

    /// Puts the key back, if it is the one that was taken.
    pub(crate) fn put_key(&mut self, taken: KeyAtRest<P>) {
        if let Place::Key(Some(key)) = &mut self.place {
            key.put(taken);
        }
    }

    /// The current traffic secret.
    pub(super) fn secret(&self) -> Option<&P::Secret> {
        self.key().map(Protection::secret)
    }

    /// Who has the room of the key, as long as none is installed.
    pub(super) const fn guest(&mut self) -> Result<&mut G> {
        match &mut self.place {
            Place::Lent(guest) => Ok(guest),
            Place::Key(_) => Err(Error::Internal),
        }
    }

    /// What the peer may say from here on.
    pub(crate) const fn expect(&mut self, next: Next) {
        // Behind early data there was a protected record: its end.
        self.allows_plaintext_alert =
            !self.takes_early_data() && !matches!(next, Next::Hello { .. } | Next::ApplicationData);
        self.next = Some(next);
        self.early_data_left = match next {
            Next::Hello { early_data: true } | Next::ClientFlight { early_data: true } => MAX_SKIPPED_EARLY_DATA,
            #[cfg(feature = "early-data")]
            Next::EarlyData { most } => most,
            Next::Hello { .. } | Next::ClientFlight { .. } | Next::ApplicationData => 0,
        };
    }

    /// Whether change_cipher_spec may come: after the first ClientHello, before the peer's Finished.
    const fn allows_change_cipher_spec(&self) -> bool {
        !matches!(self.next, None | Some(Next::ApplicationData))
    }

    /// Whether early data may come that we do not accept.
    const fn skips_early_data(&self) -> bool {
        self.early_data_left > 0 && matches!(self.next, Some(Next::Hello { .. } | Next::ClientFlight { .. }))
    }

    /// Whether early data may come that we accept. Its client did not know of our limit.
    const fn takes_early_data(&self) -> bool {
        #[cfg(feature = "early-data")]
        return matches!(self.next, Some(Next::EarlyData { .. }));
        #[cfg(not(feature = "early-data"))]
        false
    }

    /// Whether application data may come: when the peer has finished, or as early data. Counts that.
    #[cfg_attr(
        not(feature = "early-data"),
        expect(clippy::unnecessary_wraps, unused_variables, reason = "there is none")
    )]
    fn admit_application_data(&mut self, len: usize) -> Result<bool> {
        match self.next {
            Some(Next::ApplicationData) => Ok(true),
            #[cfg(feature = "early-data")]
            Some(Next::EarlyData { .. }) => {
                let left = u32::try_from(len).ok().and_then(|len| self.early_data_left.checked_sub(len));
                self.early_data_left = left.ok_or(PeerFault::TooMuchEarlyData)?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// Something came that has an effect: records without one are counted anew.
    pub(crate) const fn made_progress(&mut self) {
        self.idle_records = 0;
    }

    /// Forgets the keys: nothing can be opened any more.
    pub(crate) fn forget_keys(&mut self) {
        self.place = Place::Key(None);
    }

    /// The peer agreed to send no more than `limit` bytes of inner plaintext.
    pub(crate) fn limit_inner(&mut self, limit: usize) {
        self.max_inner_len = self.max_inner_len.min(limit);
    }

    /// Opens the next record, or returns `None` if it is not there yet.
    pub(crate) fn next(&mut self, provider: &mut P, buffer: &mut ReceiveBuffer<'_>) -> Result<Option<Content>> {
        let Some(header) = buffer.peek_header() else { return Ok(None) };
        self.check_header(header)?;
        // What is this long is none of ours to open: without an agreement on less room, it would be the end in any
        // case.
        let is_early = header.kind == ContentType::APPLICATION_DATA && self.skips_early_data();
        if is_early && !buffer.has_handshake() && buffer.skip_oversized_record() {
            return self.count_skipped(header);
        }
        let Some(record) = buffer.record()? else { return Ok(None) };
        if header.kind == ContentType::CHANGE_CIPHER_SPEC {
            return self.change_cipher_spec(buffer);
        }
        let skips = self.skips_early_data();
        let keys = match &mut self.place {
            Place::Key(key) => key.as_mut(),
            Place::Lent(_) => None,
        };
        let (kind, len) = match keys {
            Some(keys) if header.kind == ContentType::APPLICATION_DATA => {
                if skips && header.len <= keys.tag_len() {
                    return self.skip(buffer, header);
                }
                let opened = keys.open(provider, record);
                match opened {
                    Err(Error::Peer(PeerFault::BadRecordMac)) if skips => {
                        // The sequence number counts records of the handshake key only.
                        keys.rewind();
                        return self.skip(buffer, header);
                    }
                    opened => {
                        let (kind, len, inner_len) = opened?;
                        if skips {
                            self.early_data_left = 0;
                        }
                        self.allows_plaintext_alert = false;
                        let is_too_long = inner_len > self.max_inner_len && !self.takes_early_data();
                        if is_too_long || len > MAX_PLAINTEXT_LEN {
                            return Err(self.overflow());
                        }
                        (kind, len)
                    }
                }
            }
            None if header.kind == ContentType::APPLICATION_DATA => return self.skip(buffer, header),
            _ => (header.kind, header.len),
        };
        self.content(buffer, kind, len)
    }

    /// Refuses a record by its header, without waiting for the rest.
    fn check_header(&self, RecordHeader { kind, len }: RecordHeader) -> Result<()> {
        let most = match kind {
            ContentType::CHANGE_CIPHER_SPEC if self.allows_change_cipher_spec() && len == 1 => 1,
            ContentType::CHANGE_CIPHER_SPEC => return Err(PeerFault::UnexpectedChangeCipherSpec.into()),
            ContentType::APPLICATION_DATA if self.skips_early_data() || self.takes_early_data() => MAX_CIPHERTEXT_LEN,
            ContentType::APPLICATION_DATA if self.key().is_some() => self.max_protected_len(),
            ContentType::HANDSHAKE if self.key().is_none() => MAX_PLAINTEXT_LEN,
            ContentType::ALERT if self.key().is_none() || self.allows_plaintext_alert => match len {
                0 => return Err(PeerFault::EmptyRecord.into()),
                2 => 2,
                _ => return Err(PeerFault::FragmentedAlert.into()),
            },
            _ => return Err(PeerFault::UnexpectedRecord.into()),
        };
        if len <= most {
            return Ok(());
        }
        Err(if kind == ContentType::APPLICATION_DATA { self.overflow() } else { PeerFault::RecordOverflow.into() })
    }

    /// Whether the peer agreed to shorter records than the protocol has.
    const fn is_limited(&self) -> bool {
        self.max_inner_len <= MAX_PLAINTEXT_LEN
    }

    /// A protected record is too long: whose rule that breaks.
    fn overflow(&self) -> Error {
        if self.is_limited() { PeerFault::RecordLimitIgnored.into() } else { PeerFault::RecordOverflow.into() }
    }

    /// The longest protected record: with a limit that the peer agreed to, it shows before the record is there.
    fn max_protected_len(&self) -> usize {
        match self.key() {
            Some(keys) if self.is_limited() => self.max_inner_len.saturating_add(keys.tag_len()),
            _ => MAX_CIPHERTEXT_LEN,
        }
    }

    fn change_cipher_spec(&mut self, buffer: &mut ReceiveBuffer<'_>) -> Result<Option<Content>> {
        let len = buffer.peek_header().map_or(0, |header| header.len);
        if buffer.content(len) != [1] || buffer.has_handshake() {
            return Err(PeerFault::UnexpectedChangeCipherSpec.into());
        }
        buffer.skip_record();
        self.idle()
    }

    /// Drops a record of early data. Its header counts too: empty ones cost work as well.
    fn skip(&mut self, buffer: &mut ReceiveBuffer<'_>, header: RecordHeader) -> Result<Option<Content>> {
        if buffer.has_handshake() {
            return Err(PeerFault::UnexpectedRecord.into());
        }
        buffer.skip_record();
        self.count_skipped(header)
    }

    fn count_skipped(&mut self, header: RecordHeader) -> Result<Option<Content>> {
        let len = u32::try_from(header.record_len()).map_err(|_| Error::Internal)?;
        self.early_data_left = self.early_data_left.checked_sub(len).ok_or(PeerFault::BadRecordMac)?;
        Ok(Some(Content::Nothing))
    }

    fn content(&mut self, buffer: &mut ReceiveBuffer<'_>, kind: ContentType, len: usize) -> Result<Option<Content>> {
        match kind {
            ContentType::HANDSHAKE => {
                if len == 0 {
                    return Err(PeerFault::EmptyRecord.into());
                }
                buffer.join(len);
                Ok(Some(Content::Handshake))
            }
            ContentType::ALERT => {
                let alert = match *buffer.content(len) {
                    [] => return Err(PeerFault::EmptyRecord.into()),
                    [_, description] => AlertDescription(description),
                    _ => return Err(PeerFault::FragmentedAlert.into()),
                };
                buffer.skip_record();
                if alert == AlertDescription::USER_CANCELED {
                    // It is ignored (RFC 9846 6.1), but not for ever.
                    return self.idle();
                }
                Ok(Some(Content::Alert(alert)))
            }
            ContentType::APPLICATION_DATA => {
                if buffer.has_handshake() || !self.admit_application_data(len)? {
                    return Err(PeerFault::UnexpectedRecord.into());
                }
                if len == 0 {
                    buffer.skip_record();
                    return self.idle();
                }
                self.made_progress();
                buffer.lend(len);
                Ok(Some(Content::ApplicationData))
            }
            ContentType::CHANGE_CIPHER_SPEC => Err(PeerFault::UnexpectedChangeCipherSpec.into()),
            _ => Err(PeerFault::UnexpectedRecord.into()),
        }
    }

    /// Counts a record without effect.
    #[inline(never)]
    fn idle(&mut self) -> Result<Option<Content>> {
        self.idle_records = self.idle_records.saturating_add(1);
        if self.idle_records > MAX_IDLE_RECORDS {
            return Err(PeerFault::TooManyIdleRecords.into());
        }
        Ok(Some(Content::Nothing))
    }
}
