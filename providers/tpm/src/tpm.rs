//! A TPM.

use crate::error::TpmError;
use crate::queue::{Pending, Shared};
use crate::worker::Worker;
use saitls_core::codes::NamedGroup;
use saitls_core::{ProviderFault, Result};
use std::sync::Arc;
use std::sync::mpsc;
use std::task::Waker;
use std::time::Duration;

/// How long those wait who cannot do anything else meanwhile.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A TPM 2.0, and the thread that owns it. Clones are the same TPM; with the last of them, and of the keys and
/// providers made from it, the thread ends.
#[derive(Clone)]
pub struct Tpm(Arc<Handle>);

struct Handle {
    shared: Arc<Shared>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        // The thread ends with what it does; a TPM that does not answer holds nobody.
        self.shared.end();
    }
}

impl Tpm {
    /// Reaches a TPM by the name that the TPM2 software stack has for the way to it: `device:/dev/tpmrm0`,
    /// `tabrmd`, `swtpm:host=127.0.0.1,port=2321`, `mssim:port=2321`.
    ///
    /// # Errors
    /// [`TpmError::Unreachable`] if there is none; otherwise what the TPM says.
    pub fn open(tcti: &str) -> std::result::Result<Self, TpmError> {
        let shared = Arc::new(Shared::default());
        let handle = Handle { shared: shared.clone() };
        let (opened, answer) = mpsc::channel();
        let tcti = tcti.to_owned();
        let run = move || {
            let mut worker = match Worker::open(&tcti) {
                Ok(worker) => worker,
                Err(error) => return drop(opened.send(Err(error))),
            };
            drop(opened.send(Ok(())));
            while let Some(job) = shared.next() {
                job(&mut worker);
            }
        };
        std::thread::Builder::new().name("tpm".to_owned()).spawn(run).map_err(|_| TpmError::Stopped)?;
        answer.recv_timeout(PATIENCE).map_err(|_| TpmError::Stopped)??;
        Ok(Self(Arc::new(handle)))
    }

    /// What the TPM said when something last failed, if it did.
    #[must_use]
    pub fn failure(&self) -> Option<TpmError> {
        self.0.shared.failure()
    }

    /// Those of the groups that the TPM agrees in.
    pub(crate) fn groups(&self, groups: &'static [NamedGroup]) -> std::result::Result<Vec<NamedGroup>, TpmError> {
        self.ask(move |worker| worker.groups(groups)).wait(PATIENCE)
    }

    pub(crate) fn ask<T: Send + 'static>(
        &self,
        f: impl FnOnce(&mut Worker) -> std::result::Result<T, TpmError> + Send + 'static,
    ) -> Pending<T> {
        self.0.shared.ask(false, f)
    }

    pub(crate) fn register(&self, waker: &Waker) {
        self.0.shared.register(waker);
    }

    /// Fills `out` from the random number generator of the TPM: from what was fetched of it before, as far as that
    /// goes.
    ///
    /// # Errors
    /// [`ProviderFault::RandomFailed`]; [`failure`](Self::failure) tells why.
    pub fn fill_random(&self, out: &mut [u8]) -> Result<()> {
        let drawn = self.0.shared.draw(out);
        let Some(rest) = out.get_mut(drawn..).filter(|rest| !rest.is_empty()) else { return Ok(()) };
        let len = rest.len();
        // Before what waits: it is at most behind one operation.
        let bytes = self.0.shared.ask(true, move |worker| worker.random(len)).wait(PATIENCE);
        let bytes = bytes.map_err(|_| ProviderFault::RandomFailed)?;
        if bytes.len() != len {
            return Err(ProviderFault::RandomFailed.into());
        }
        rest.copy_from_slice(&bytes);
        Ok(())
    }
}
