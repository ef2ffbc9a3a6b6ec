//! A session in a file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::task::Poll;

use saitls_core::crypto::CryptoProvider;
use saitls_core::session::{Session, SessionStore};
use saitls_core::{ProviderFault, Result, ServerName};

/// The newest session, in a file that nobody else reads. It is taken out of it when it is used.
pub struct SessionFile {
    path: PathBuf,
}

impl SessionFile {
    /// In this file, which need not be there.
    #[must_use]
    pub const fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Never part of a session, whatever happens meanwhile.
    fn replace(&self, bytes: &[u8]) -> io::Result<()> {
        // Beside it, and of this process alone.
        let mut new = self.path.clone().into_os_string();
        new.push(format!(".{}.new", std::process::id()));
        let mut options = OpenOptions::new();
        let mut file: File = options.write(true).create_new(true).mode(0o600).open(&new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(new, &self.path)
    }
}

impl<P: CryptoProvider> SessionStore<P> for SessionFile {
    fn put(&self, provider: &mut P, session: &Session<'_>) -> Result<()> {
        if let Ok(old) = fs::read(&self.path)
            && let Ok(old) = Session::read(&old)
        {
            old.discard(provider);
        }
        let mut bytes = vec![0; session.len()];
        let written = session.write(&mut bytes).is_some() && self.replace(&bytes).is_ok();
        if written { Ok(()) } else { Err(ProviderFault::Unsupported.into()) }
    }

    fn poll_take(
        &self,
        _: &mut P,
        server_name: Option<&ServerName<'_>>,
        out: &mut [u8],
    ) -> Poll<Result<Option<usize>>> {
        let Ok(bytes) = fs::read(&self.path) else { return Poll::Ready(Ok(None)) };
        let is_ours = Session::read(&bytes).is_ok_and(|session| session.is_with(server_name));
        let Some(room) = out.get_mut(..bytes.len()).filter(|_| is_ours) else { return Poll::Ready(Ok(None)) };
        // A session that cannot be taken out might be used twice.
        if fs::remove_file(&self.path).is_err() {
            return Poll::Ready(Ok(None));
        }
        room.copy_from_slice(&bytes);
        Poll::Ready(Ok(Some(bytes.len())))
    }
}
