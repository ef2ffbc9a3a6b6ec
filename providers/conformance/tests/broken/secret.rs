//! Secrets.

use super::{Broken, Held, Mutation};
use saitls_core::codes::HashAlgorithm;
use saitls_core::crypto::{self, Digest, Label, LabelPrefix, MAX_STORED_SECRET_LEN, SoftwareSecret};
use saitls_core::{ProviderFault, Result};
use std::cell::Cell;
use std::rc::Rc;

/// As many secrets as a chip may hold.
const SLOTS: u32 = 64;

pub(crate) struct Secret {
    inner: Held<SoftwareSecret>,
    slots: Option<Rc<Cell<u32>>>,
}

impl Secret {
    fn new(provider: &Broken, inner: SoftwareSecret) -> Result<Self> {
        let slots = &provider.secrets;
        if slots.get() == SLOTS {
            return Err(ProviderFault::CryptoFailed.into());
        }
        slots.set(slots.get() + 1);
        let slots = (!provider.is(Mutation::SecretsAreNeverFreed)).then(|| slots.clone());
        Ok(Self { inner: Held::new(inner, provider.is(Mutation::SecretIsNotWiped)), slots })
    }

    pub(super) fn inner(&self) -> &SoftwareSecret {
        &self.inner
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        if let Some(slots) = &self.slots {
            slots.set(slots.get() - 1);
        }
    }
}

impl crypto::Secret<Broken> for Secret {
    fn import(provider: &mut Broken, bytes: &[u8]) -> Result<Self> {
        let secret = SoftwareSecret::import(provider, bytes)?;
        Self::new(provider, secret)
    }

    fn extract(provider: &mut Broken, hash: HashAlgorithm, salt: Option<&Self>, input: Option<&Self>) -> Result<Self> {
        let empty = SoftwareSecret::new(&[])?;
        let input = match input {
            None if provider.is(Mutation::ExtractWithoutInputIsEmpty) => Some(&empty),
            input => input.map(Self::inner),
        };
        let secret = SoftwareSecret::extract(provider, hash, salt.map(Self::inner), input)?;
        Self::new(provider, secret)
    }

    fn handshake_salt(provider: &mut Broken, hash: HashAlgorithm, prefix: LabelPrefix) -> Result<Self> {
        let hash = match hash {
            HashAlgorithm::Sha384 if provider.is(Mutation::HandshakeSaltIsOfOtherHash) => HashAlgorithm::Sha256,
            hash => hash,
        };
        let salt = SoftwareSecret::handshake_salt(provider, hash, prefix)?;
        Self::new(provider, salt)
    }

    fn derive(&self, provider: &mut Broken, hash: HashAlgorithm, label: &Label<'_>, context: &[u8]) -> Result<Self> {
        let context = if provider.is(Mutation::DeriveIgnoresContext) { b"" } else { context };
        let name = match label.name {
            b"traffic upd" if provider.is(Mutation::KeyUpdateIsWrong) => b"traffic up",
            name if provider.is(Mutation::LongLabelIsCut) => &name[..name.len().min(249)],
            name => name,
        };
        let prefix = if provider.is(Mutation::PrefixIsFixed) { LabelPrefix::TLS_1_3 } else { label.prefix };
        let secret = self.inner().derive(provider, hash, &Label { prefix, name }, context)?;
        Self::new(provider, secret)
    }

    fn export(
        &self,
        provider: &mut Broken,
        hash: HashAlgorithm,
        label: &Label<'_>,
        context: &[u8],
        out: &mut [u8],
    ) -> Result<()> {
        self.inner().export(provider, hash, label, context, out)?;
        if label.name == b"iv" && provider.is(Mutation::WrongIv) {
            out.reverse();
        }
        if provider.is(Mutation::ExportRepeatsFirstBlock) && out.len() > hash.output_len() {
            let (first, rest) = out.split_at_mut(hash.output_len());
            rest.iter_mut().zip(first).for_each(|(to, from)| *to = *from);
        }
        Ok(())
    }

    fn mac(&self, provider: &mut Broken, hash: HashAlgorithm, data: &[u8]) -> Result<Digest> {
        let key = self.inner().as_bytes();
        if provider.is(Mutation::MacCutsLongKeys) && key.len() >= 32 {
            return SoftwareSecret::new(&key[..31])?.mac(provider, hash, data);
        }
        self.inner().mac(provider, hash, data)
    }

    fn store(&self, provider: &mut Broken, out: &mut [u8; MAX_STORED_SECRET_LEN]) -> Result<usize> {
        let len = self.inner().store(provider, out)?;
        Ok(if provider.is(Mutation::StoredSecretIsCut) { len - 1 } else { len })
    }

    fn restore(provider: &mut Broken, stored: &[u8]) -> Result<Self> {
        let secret = SoftwareSecret::restore(provider, stored)?;
        Self::new(provider, secret)
    }
}
