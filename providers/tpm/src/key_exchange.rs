//! Key agreement in a TPM.

use crate::queue::Pending;
use crate::tpm::Tpm;
use crate::worker::{Generated, Refusal, Secret as Shared, curve, share_len};
use saitls_core::codes::NamedGroup;
use saitls_core::crypto::{CryptoProvider, KeyExchange, Secret};
use saitls_core::error::ByteCount;
use saitls_core::{Error, PeerFault, ProviderFault, Result};
use std::task::Poll;

/// A share that is refused is an answer, and no failure of the TPM.
type Agreed<T> = std::result::Result<T, ()>;

/// One key agreement: its private key is the TPM's, and nowhere else in the clear. Between two steps it is kept outside
/// of the TPM, encrypted by it, so that there may be as many agreements as one likes; and a reset of the TPM ends them.
pub struct TpmKeyExchange {
    group: NamedGroup,
    state: State,
}

enum State {
    New,
    Generating(Pending<Generated>),
    Generated(Box<Generated>),
    Decapsulating(Pending<Agreed<Shared>>),
    Encapsulating(Pending<Agreed<(Vec<u8>, Shared)>>),
}

fn told<T>(agreed: std::result::Result<T, Refusal>) -> std::result::Result<Agreed<T>, crate::TpmError> {
    match agreed {
        Ok(value) => Ok(Ok(value)),
        Err(Refusal::Share) => Ok(Err(())),
        Err(Refusal::Tpm(error)) => Err(error),
    }
}

/// What a connection is told of an answer.
fn outcome<T>(answer: std::result::Result<Agreed<T>, crate::TpmError>) -> Result<T> {
    match answer {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(())) => Err(PeerFault::InvalidKeyShare.into()),
        Err(_) => Err(ProviderFault::CryptoFailed.into()),
    }
}

impl TpmKeyExchange {
    fn check_room(&self, share: &[u8]) -> Result<()> {
        let needed = share_len(self.group).ok_or(Error::Internal)?;
        if share.len() < needed { Err(Error::TransmitBufferTooSmall(ByteCount::new(needed))) } else { Ok(()) }
    }
}

fn write(share: &[u8], out: &mut [u8]) -> Result<usize> {
    out.get_mut(..share.len()).ok_or(Error::Internal)?.copy_from_slice(share);
    Ok(share.len())
}

impl<P: CryptoProvider + AsMut<Tpm>> KeyExchange<P> for TpmKeyExchange {
    /// What a TPM may have. One that does not fails when it is asked for it.
    fn supports(group: NamedGroup) -> bool {
        curve(group).is_some()
    }

    fn start(_: &mut P, group: NamedGroup) -> Result<Self> {
        if curve(group).is_none() {
            return Err(ProviderFault::Unsupported.into());
        }
        Ok(Self { group, state: State::New })
    }

    fn poll_generate(&mut self, provider: &mut P, share: &mut [u8]) -> Poll<Result<usize>> {
        self.check_room(share)?;
        let group = self.group;
        loop {
            match &self.state {
                State::New => {
                    let generating = provider.as_mut().ask(move |worker| worker.generate(group));
                    self.state = State::Generating(generating);
                    return Poll::Pending;
                }
                State::Generating(pending) => {
                    let Some(answer) = pending.fetch() else { return Poll::Pending };
                    let generated = answer.map_err(|_| ProviderFault::CryptoFailed)?;
                    self.state = State::Generated(Box::new(generated));
                }
                State::Generated(generated) => return Poll::Ready(write(&generated.share, share)),
                State::Decapsulating(_) | State::Encapsulating(_) => return Poll::Ready(Err(Error::Internal)),
            }
        }
    }

    fn poll_decapsulate(&mut self, provider: &mut P, peer_share: &[u8]) -> Poll<Result<P::Secret>> {
        match &self.state {
            State::Generated(generated) => {
                let (group, generated, peer) = (self.group, generated.clone(), peer_share.to_vec());
                let agreeing = provider.as_mut().ask(move |worker| told(worker.decapsulate(group, &generated, &peer)));
                self.state = State::Decapsulating(agreeing);
                Poll::Pending
            }
            State::Decapsulating(pending) => {
                let Some(answer) = pending.fetch() else { return Poll::Pending };
                Poll::Ready(outcome(answer).and_then(|secret| Secret::import(provider, &secret)))
            }
            _ => Poll::Ready(Err(Error::Internal)),
        }
    }

    fn poll_encapsulate(
        &mut self,
        provider: &mut P,
        peer_share: &[u8],
        share: &mut [u8],
    ) -> Poll<Result<(usize, P::Secret)>> {
        self.check_room(share)?;
        match &self.state {
            State::New => {
                let (group, peer) = (self.group, peer_share.to_vec());
                let agreeing = provider.as_mut().ask(move |worker| told(worker.encapsulate(group, &peer)));
                self.state = State::Encapsulating(agreeing);
                Poll::Pending
            }
            State::Encapsulating(pending) => {
                let Some(answer) = pending.fetch() else { return Poll::Pending };
                Poll::Ready(outcome(answer).and_then(|(ours, secret)| {
                    let len = write(&ours, share)?;
                    Ok((len, Secret::import(provider, &secret)?))
                }))
            }
            _ => Poll::Ready(Err(Error::Internal)),
        }
    }
}
