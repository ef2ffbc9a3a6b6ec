//! Where sessions are kept.

use super::Session;
use crate::crypto::CryptoProvider;
use crate::error::Result;
use core::task::{Poll, Waker};
use rustls_pki_types::ServerName;

/// Where a client keeps sessions. There are ready ones; an application writes its own for flash, a file or a server of
/// its own.
///
/// What it fails to keep or to find costs a full handshake, and no more: an error here never ends a connection.
///
/// ```
/// use saitls_core::{ServerName, Result, crypto::CryptoProvider, session::{Session, SessionStore}};
/// use std::{sync::Mutex, task::Poll};
///
/// /// The newest session, with whomever it is.
/// struct Newest(Mutex<Vec<u8>>);
///
/// impl<P: CryptoProvider> SessionStore<P> for Newest {
///     fn put(&self, provider: &mut P, session: &Session<'_>) -> Result<()> {
///         let mut bytes = self.0.lock().unwrap();
///         if let Ok(old) = Session::read(&bytes) {
///             old.discard(provider);
///         }
///         *bytes = vec![0; session.len()];
///         session.write(&mut bytes);
///         Ok(())
///     }
///
///     fn poll_take(&self, _: &mut P, name: Option<&ServerName<'_>>, out: &mut [u8]) -> Poll<Result<Option<usize>>> {
///         let mut bytes = self.0.lock().unwrap();
///         let is_it = Session::read(&bytes).is_ok_and(|session| session.is_with(name));
///         if !is_it || bytes.len() > out.len() {
///             return Poll::Ready(Ok(None));
///         }
///         let bytes = std::mem::take(&mut *bytes); // Used once.
///         out[..bytes.len()].copy_from_slice(&bytes);
///         Poll::Ready(Ok(Some(bytes.len())))
///     }
/// }
/// ```
pub trait SessionStore<P: CryptoProvider>: Sync {
    /// Keeps a session that a server gave, in place of an older one with it, if that is as many as fit. A session that
    /// is thrown away for it is to be [discarded](Session::discard).
    ///
    /// # Errors
    /// That it was not kept: then it is discarded, and the connection goes on.
    fn put(&self, provider: &mut P, session: &Session<'_>) -> Result<()>;

    /// Writes the newest session with this peer to the front of `out`, keeps it no longer, and returns its length;
    /// `None` if there is none, or if it does not fit. Pending as long as that is not known; it is asked again.
    ///
    /// # Errors
    /// As if there were none.
    fn poll_take(
        &self,
        provider: &mut P,
        server_name: Option<&ServerName<'_>>,
        out: &mut [u8],
    ) -> Poll<Result<Option<usize>>>;

    /// As [`CryptoProvider::register_waker`], for what is looked for.
    fn register_waker(&self, provider: &mut P, waker: &Waker) -> bool {
        provider.register_waker(waker)
    }
}
