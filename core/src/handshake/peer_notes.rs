//! What the application gets to know of the peer.

use crate::storage::Storage;

/// What is kept about the peer for the application, as far as it lent room: the name that a client asked for,
/// then the end-entity certificate or, in its place, the identity of an external PSK.
pub(crate) struct PeerNotes<'a> {
    bytes: Storage<'a, u8>,
    name_len: u16,
    certificate_len: u32,
}

impl<'a> PeerNotes<'a> {
    pub(crate) const fn new(bytes: Storage<'a, u8>) -> Self {
        Self { bytes, name_len: 0, certificate_len: 0 }
    }

    pub(crate) fn name(&self) -> Option<&str> {
        core::str::from_utf8(self.bytes.get(..self.name_len.into())?).ok().filter(|name| !name.is_empty())
    }

    pub(crate) fn certificate(&self) -> Option<&[u8]> {
        let certificate_len = usize::try_from(self.certificate_len).ok()?;
        let certificate = self.bytes.get(self.name_len.into()..)?.get(..certificate_len)?;
        Some(certificate).filter(|certificate| !certificate.is_empty())
    }

    /// The storage, wiped.
    pub(crate) fn into_storage(mut self) -> Storage<'a, u8> {
        self.bytes.fill(0);
        self.bytes
    }

    pub(super) fn note_name(&mut self, name: &str) {
        if let (Some(room), Ok(len)) = (self.bytes.get_mut(..name.len()), name.len().try_into()) {
            room.copy_from_slice(name.as_bytes());
            self.name_len = len;
        }
    }

    /// Nobody came after all.
    #[cfg(feature = "tickets")]
    pub(super) const fn forget(&mut self) {
        self.name_len = 0;
        self.certificate_len = 0;
    }

    /// Who the client is, is not known after all.
    pub(super) const fn forget_certificate(&mut self) {
        self.certificate_len = 0;
    }

    /// Nothing is noted if it does not fit: not the one before it either.
    pub(super) fn note_certificate(&mut self, certificate: &[u8]) {
        self.certificate_len = 0;
        let room = self.bytes.get_mut(self.name_len.into()..).and_then(|room| room.get_mut(..certificate.len()));
        if let (Some(room), Ok(len)) = (room, certificate.len().try_into()) {
            room.copy_from_slice(certificate);
            self.certificate_len = len;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_that_does_not_fit_leaves_none() {
        let mut bytes = [0; 8];
        let mut notes = PeerNotes::new(Storage::from(&mut bytes[..]));
        notes.note_name("host");
        notes.note_certificate(b"ours");
        assert_eq!(notes.certificate(), Some(&b"ours"[..]));
        notes.note_certificate(b"longer");
        assert_eq!((notes.name(), notes.certificate()), (Some("host"), None));
    }
}
