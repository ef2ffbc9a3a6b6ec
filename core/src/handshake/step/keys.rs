//! Turns and keys: the right-hand column of RFC 9846, Appendix A.

use super::Step;
use super::memory::{Complete, Schedule};
use crate::config::Common;
use crate::crypto::{CryptoProvider, Digest, Secret};
use crate::error::{Error, Result, by_ref};
use crate::handshake::Facts;
#[cfg(feature = "tickets")]
use crate::key_schedule::Resumption;
use crate::key_schedule::{Arrow, Exporter, FromMain, Handshake, verify_data};
use crate::record::{Next, RecordAligned, Whose};
use crate::secret::MAX_SECRET_LEN;
use zeroize::Zeroizing;

/// A key to send or to receive with.
pub(in crate::handshake) enum Key<'h, P: CryptoProvider> {
    /// Of the Handshake Secret, and the transcript through the ServerHello; or of the Early Secret, and that through
    /// the ClientHello.
    Handshake(Arrow<'h, P>, &'h Digest),
    /// Of the Main Secret, and the transcript through the server's Finished.
    Main(FromMain),
}

impl<P: CryptoProvider> Key<'_, P> {
    /// The server's first for application data.
    pub(in crate::handshake) const SERVER_APPLICATION: Self = Self::Main(FromMain::SERVER_TRAFFIC);
    /// The client's first for application data.
    pub(in crate::handshake) const CLIENT_APPLICATION: Self = Self::Main(FromMain::CLIENT_TRAFFIC);
}

impl<P: CryptoProvider> Step<'_, '_, P> {
    /// We said our part; what the peer may say now.
    pub(in crate::handshake) fn expect(&mut self, next: Next) -> Result<()> {
        self.carrier.expect(self.provider, next)
    }

    /// All that was said is the last under this key.
    pub(in crate::handshake) fn end_key(&mut self) -> Result<()> {
        self.carrier.end_key(self.provider)
    }

    /// K_send of Appendix A: what we send from here on is protected with this key.
    pub(in crate::handshake) fn k_send(&mut self, key: &Key<'_, P>) -> Result<()> {
        self.change_key(key, None)
    }

    /// K_recv of Appendix A: what we receive from here on is protected with this key.
    pub(in crate::handshake) fn k_recv(&mut self, key: &Key<'_, P>, aligned: RecordAligned) -> Result<()> {
        self.change_key(key, Some(aligned))
    }

    /// Changes the key of what is received, or else of what is sent.
    #[inline(never)]
    fn change_key(&mut self, key: &Key<'_, P>, aligned: Option<RecordAligned>) -> Result<()> {
        let secret = self.secret(key)?;
        let suite = self.memory.facts.cipher_suite;
        match aligned {
            None => self.carrier.k_send(self.provider, suite, secret),
            Some(aligned) => self.carrier.k_recv(self.provider, suite, secret, aligned),
        }
    }

    #[inline(never)]
    pub(super) fn secret(&mut self, key: &Key<'_, P>) -> Result<P::Secret> {
        let (arrow, transcript) = match key {
            Key::Handshake(arrow, transcript) => (*arrow, *transcript),
            Key::Main(name) => match (&self.memory.schedule, &self.memory.server_finished) {
                (Schedule::Main(main), Some(transcript)) => (main.arrow(*name), transcript),
                _ => return Err(Error::Internal),
            },
        };
        derive(self.provider, self.common, &self.memory.facts, &arrow, transcript)
    }

    /// The `verify_data` of a Finished over the transcript so far.
    #[inline(never)]
    pub(in crate::handshake) fn verify_data(&mut self, whose: Whose) -> Result<Digest> {
        let transcript = self.transcript_hash();
        let transcript = by_ref(&transcript)?;
        let base_key = self.carrier.base_key(whose).ok_or(Error::Internal)?;
        verify_data(self.provider, self.memory.facts.cipher_suite.hash(), base_key, transcript)
    }

    /// Keeps the Main Secret, to which this one leads.
    pub(in crate::handshake) fn proceed_to_main(&mut self, handshake: Handshake<P>) -> Result<()> {
        self.memory.schedule = Schedule::Main(handshake.into_main(self.provider)?);
        Ok(())
    }

    /// The transcript goes through the server's Finished: the keys for application data are of it.
    pub(in crate::handshake) fn note_server_finished(&mut self) -> Result<()> {
        self.memory.server_finished = Some(self.transcript_hash()?);
        Ok(())
    }

    /// Both have finished. Of the key schedule, only what exporters need stays; and if there can be tickets, what those
    /// are for, which is of the transcript so far.
    #[cfg_attr(not(feature = "tickets"), expect(unused_variables, reason = "there can be none"))]
    pub(in crate::handshake) fn complete(&mut self, has_tickets: bool) -> Result<()> {
        let exporter = Exporter::new(self.secret(&Key::Main(FromMain::EXPORTER))?, self.hash());
        #[cfg(feature = "tickets")]
        let resumption = if has_tickets { Some(self.resumption()?) } else { None };
        self.memory.schedule = Schedule::Complete(Complete {
            exporter,
            #[cfg(feature = "tickets")]
            resumption,
        });
        Ok(())
    }

    #[cfg(feature = "tickets")]
    fn resumption(&mut self) -> Result<Resumption<P>> {
        let transcript = self.transcript_hash()?;
        let Schedule::Main(main) = &self.memory.schedule else { return Err(Error::Internal) };
        main.resumption(self.provider, &transcript)
    }
}

/// Follows an arrow of the key schedule, and tells the secret to the key log, if one is configured.
#[inline(never)]
pub(super) fn derive<P: CryptoProvider>(
    provider: &mut P,
    common: &Common<'_>,
    facts: &Facts,
    arrow: &Arrow<'_, P>,
    transcript: &Digest,
) -> Result<P::Secret> {
    let secret = arrow.follow(provider, transcript)?;
    if let Some(key_log) = common.key_log {
        let mut revealed = Zeroizing::new([0; MAX_SECRET_LEN]);
        let len = secret.reveal(provider, &mut *revealed)?;
        let revealed = revealed.get(..len).ok_or(Error::Internal)?;
        key_log.log(arrow.log_name(), &facts.client_random, revealed);
    }
    Ok(secret)
}
