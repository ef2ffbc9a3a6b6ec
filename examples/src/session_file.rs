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
        let file = options.write(true).create_new(true).mode(0o600).open(&new)?;
        let replaced = write(file, bytes).and_then(|()| fs::rename(&new, &self.path));
        if replaced.is_err() {
            // It would be in the way of the next one, and has a secret.
            let _ = fs::remove_file(&new);
        }
        replaced
    }
}

fn write(mut file: File, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    file.sync_all()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_replacement_leaves_nothing_and_can_be_repeated() {
        let folder = std::env::temp_dir().join(format!("saitls-session-file-{}", std::process::id()));
        let path = folder.join("session");
        let store = SessionFile::new(path.clone());
        let names = || fs::read_dir(&folder).expect("a folder").count();
        // Where the file is to be stands a folder that is not empty.
        fs::create_dir_all(path.join("x")).expect("a folder");
        for _ in 0..2 {
            let error = store.replace(b"secret").expect_err("a folder is in the way");
            assert_ne!(error.kind(), io::ErrorKind::AlreadyExists);
            assert_eq!(names(), 1);
        }
        fs::remove_dir_all(&path).expect("it was there");
        for text in [&b"one"[..], b"two"] {
            store.replace(text).expect("nothing is in the way");
            assert_eq!((fs::read(&path).expect("a file"), names()), (text.to_vec(), 1));
        }
        fs::remove_dir_all(&folder).expect("it was there");
    }
}
