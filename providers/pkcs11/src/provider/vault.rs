//! A session with a token, and the objects in it that secrets are.

use super::native::{Failure, Functions};
use crate::error::TokenError;
use crate::lock::lock;
use crate::module::{Inside, Use};
use crate::session::{Login, Problem, TokenSession};
use crate::uri::Uri;
use cryptoki::error::{Error, Result as Said};
use cryptoki::mechanism::hkdf::{HkdfParams, HkdfSalt};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use cryptoki::types::AuthPin;
use cryptoki_sys::{CK_OBJECT_HANDLE, CK_SESSION_HANDLE};
use saitls_core::codes::HashAlgorithm;
use saitls_core::crypto::MAX_DIGEST_LEN;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use zeroize::Zeroize;

/// As many sessions for records are kept for the next keys.
const IDLE: usize = 16;

/// A session. Objects are of this session, and end with it at the latest.
pub(super) struct Vault {
    /// As long as there is the vault.
    session: Mutex<Option<Session>>,
    /// Sessions for records that nobody uses.
    idle: Mutex<Vec<CK_SESSION_HANDLE>>,
    /// For SHA-256 and SHA-384: a key of zeros, as long as the hash.
    zeros: Mutex<[Option<ObjectHandle>; 2]>,
    slot: u64,
    /// Handles are worth nothing when the module was started anew.
    generation: u64,
    is_lost: AtomicBool,
    /// Which of several ways to X25519 the token knows.
    pub(super) way_of_x25519: AtomicUsize,
    functions: Arc<Functions>,
    // After the session.
    module: Arc<Use>,
}

/// An object, destroyed on drop.
pub(super) struct Object {
    vault: Arc<Vault>,
    handle: ObjectHandle,
}

impl Drop for Object {
    fn drop(&mut self) {
        // One that cannot be destroyed ends with its session.
        let _ = self.vault.with(|session| session.destroy_object(self.handle));
    }
}

impl Object {
    pub(super) const fn vault(&self) -> &Arc<Vault> {
        &self.vault
    }

    /// What there is only in the session that made it.
    pub(super) fn handle_in(&self, vault: &Arc<Vault>) -> Result<ObjectHandle, TokenError> {
        if Arc::ptr_eq(&self.vault, vault) { Ok(self.handle) } else { Err(ended()) }
    }

    pub(super) const fn handle(&self) -> ObjectHandle {
        self.handle
    }

    pub(super) fn number(&self) -> CK_OBJECT_HANDLE {
        self.handle.handle()
    }
}

fn ended() -> TokenError {
    TokenError::Gone("the session in which the secret was has ended".to_owned())
}

/// What no key here may do: show itself.
fn hidden(template: &mut Vec<Attribute>) {
    template.extend([Attribute::Token(false), Attribute::Sensitive(true), Attribute::Extractable(false)]);
}

/// A secret: the base of others, or the key of an HMAC.
///
/// One kind serves for both. Whoever may derive from a secret can have its HMACs as derived data in any case.
pub(super) fn secret() -> Vec<Attribute> {
    let mut template = vec![
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::GENERIC_SECRET),
        Attribute::Derive(true),
        Attribute::Sign(true),
    ];
    hidden(&mut template);
    template
}

/// A private key of one key exchange.
pub(super) fn private_key(use_: Attribute) -> Vec<Attribute> {
    let mut template = vec![use_];
    hidden(&mut template);
    template
}

/// The key of an AEAD. `kind` is a `CK_KEY_TYPE`, of which the crate `cryptoki` does not know all.
pub(super) fn traffic_key(kind: CK_OBJECT_HANDLE, len: usize) -> Vec<Attribute> {
    let mut template = vec![
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::VendorDefined((AttributeType::KeyType, kind.to_ne_bytes().to_vec())),
        value_len(len),
        Attribute::Encrypt(true),
        Attribute::Decrypt(true),
    ];
    hidden(&mut template);
    template
}

pub(super) fn value_len(len: usize) -> Attribute {
    // Lengths here are those of HKDF.
    Attribute::ValueLen((len as core::ffi::c_ulong).into())
}

pub(super) const fn mechanism_of(hash: HashAlgorithm) -> MechanismType {
    match hash {
        HashAlgorithm::Sha256 => MechanismType::SHA256,
        HashAlgorithm::Sha384 => MechanismType::SHA384,
    }
}

impl Vault {
    /// Opens a session with the token that `uri` means, and says what the token lists.
    pub(super) fn open(
        module: &Arc<Use>,
        functions: &Arc<Functions>,
        uri: &Uri,
        pin: Option<&AuthPin>,
    ) -> Result<(Arc<Self>, Vec<MechanismType>), Problem> {
        let opening = module.opening();
        let inside = module.enter();
        let session = TokenSession::open(module.context(), uri, pin, Login::AsNeeded)?;
        let generation = inside.generation;
        drop((inside, opening));
        let (slot, session, mechanisms) = session.into_parts();
        let vault = Self {
            session: Mutex::new(Some(session)),
            idle: Mutex::default(),
            zeros: Mutex::default(),
            slot: slot.id(),
            generation,
            is_lost: AtomicBool::new(false),
            way_of_x25519: AtomicUsize::new(0),
            functions: functions.clone(),
            module: module.clone(),
        };
        Ok((Arc::new(vault), mechanisms))
    }

    /// Whether nothing in it is of use any more.
    pub(super) fn is_lost(&self) -> bool {
        self.is_lost.load(Ordering::Relaxed) || self.module.enter().generation != self.generation
    }

    fn enter(&self) -> Result<Inside<'_>, TokenError> {
        let inside = self.module.enter();
        if inside.generation != self.generation || self.is_lost.load(Ordering::Relaxed) {
            return Err(ended());
        }
        Ok(inside)
    }

    fn told<T>(&self, result: Said<T>) -> Result<T, TokenError> {
        result.map_err(|error| {
            let error = TokenError::of(&error);
            if matches!(error, TokenError::Gone(_)) {
                self.is_lost.store(true, Ordering::Relaxed);
            }
            error
        })
    }

    /// Works with the session.
    pub(super) fn with<T>(&self, f: impl FnOnce(&Session) -> Said<T>) -> Result<T, TokenError> {
        let _inside = self.enter()?;
        let session = lock(&self.session);
        let session = session.as_ref().ok_or_else(ended)?;
        self.told(f(session))
    }

    /// The same, for what makes an object.
    pub(super) fn make(self: &Arc<Self>, f: impl FnOnce(&Session) -> Said<ObjectHandle>) -> Result<Object, TokenError> {
        let handle = self.with(f)?;
        Ok(Object { vault: self.clone(), handle })
    }

    /// The same, for a pair of a public and a private key.
    pub(super) fn make_pair(
        self: &Arc<Self>,
        f: impl FnOnce(&Session) -> Said<(ObjectHandle, ObjectHandle)>,
    ) -> Result<(Object, Object), TokenError> {
        let (public, private) = self.with(f)?;
        Ok((Object { vault: self.clone(), handle: public }, Object { vault: self.clone(), handle: private }))
    }

    /// The key of `Hash.length` zeros, which is no secret.
    fn zeros(&self, hash: HashAlgorithm) -> Result<ObjectHandle, TokenError> {
        let mut zeros = lock(&self.zeros);
        let place = match hash {
            HashAlgorithm::Sha256 => &mut zeros[0],
            HashAlgorithm::Sha384 => &mut zeros[1],
        };
        if let Some(handle) = *place {
            return Ok(handle);
        }
        let handle = self.with(|session| create(session, &[0; MAX_DIGEST_LEN][..hash.output_len()]))?;
        *place = Some(handle);
        Ok(handle)
    }

    /// A secret of these bytes, which come from outside.
    pub(super) fn import(self: &Arc<Self>, bytes: &[u8]) -> Result<Object, TokenError> {
        self.make(|session| create(session, bytes))
    }

    /// HKDF-Extract, from an input that is in here, or from zeros.
    pub(super) fn extract(
        self: &Arc<Self>,
        hash: HashAlgorithm,
        salt: HkdfSalt<'_>,
        input: Option<ObjectHandle>,
    ) -> Result<Object, TokenError> {
        let input = input.map_or_else(|| self.zeros(hash), Ok)?;
        let mechanism = Mechanism::HkdfDerive(HkdfParams::new(mechanism_of(hash), Some(salt), None));
        self.make(|session| session.derive_key(&mechanism, input, &secret()))
    }

    /// HKDF-Expand to a key.
    pub(super) fn expand(
        self: &Arc<Self>,
        hash: HashAlgorithm,
        base: ObjectHandle,
        info: &[u8],
        template: &[Attribute],
    ) -> Result<Object, TokenError> {
        let mechanism = Mechanism::HkdfDerive(HkdfParams::new(mechanism_of(hash), None, Some(info)));
        self.make(|session| session.derive_key(&mechanism, base, template))
    }

    /// HKDF-Expand to data, which is read.
    pub(super) fn expand_data(
        self: &Arc<Self>,
        hash: HashAlgorithm,
        base: ObjectHandle,
        info: &[u8],
        out: &mut [u8],
    ) -> Result<(), TokenError> {
        let mechanism = Mechanism::HkdfData(HkdfParams::new(mechanism_of(hash), None, Some(info)));
        let template = [Attribute::Class(ObjectClass::DATA), Attribute::Token(false), value_len(out.len())];
        let data = self.make(|session| session.derive_key(&mechanism, base, &template))?;
        // To where it is wanted and nowhere else: exported keying material may be a key.
        let session = self.open_records()?;
        let _inside = self.enter()?;
        let len = self.told(self.functions.value(session.number, data.number(), out))?;
        if len != out.len() {
            return Err(TokenError::Failed(format!("derived data of {len} bytes, not of {}", out.len())));
        }
        Ok(())
    }

    /// Calls a function of records with a session of the caller's.
    pub(super) fn with_functions<T>(
        &self,
        f: impl FnOnce(&Functions) -> Result<T, Failure>,
    ) -> Result<T, RecordFailure> {
        let _inside = self.enter().map_err(RecordFailure::Token)?;
        f(&self.functions).map_err(|failure| match failure {
            Failure::Forged => RecordFailure::Forged,
            Failure::Token(error) => match self.told::<()>(Err(error)) {
                Err(error) => RecordFailure::Token(error),
                Ok(()) => RecordFailure::Forged,
            },
        })
    }

    /// A session for records.
    pub(super) fn open_records(self: &Arc<Self>) -> Result<RecordSession, TokenError> {
        let inside = self.enter()?;
        let kept = lock(&self.idle).pop();
        let number = match kept {
            Some(number) => number,
            None => self.told(self.functions.open_session(self.slot))?,
        };
        drop(inside);
        Ok(RecordSession { number, vault: self.clone(), is_clean: true })
    }
}

/// Why a record was not sealed or opened.
pub(super) enum RecordFailure {
    Forged,
    Token(TokenError),
}

/// A session for the records of one key and direction. Given back on drop, if nothing goes on in it.
pub(super) struct RecordSession {
    pub(super) number: CK_SESSION_HANDLE,
    vault: Arc<Vault>,
    /// No operation goes on in it.
    pub(super) is_clean: bool,
}

impl Drop for RecordSession {
    fn drop(&mut self) {
        let Ok(_inside) = self.vault.enter() else { return };
        let mut idle = lock(&self.vault.idle);
        if self.is_clean && idle.len() < IDLE {
            idle.push(self.number);
        } else {
            self.vault.functions.close(self.number);
        }
    }
}

impl Drop for Vault {
    fn drop(&mut self) {
        let inside = self.module.enter();
        let session = lock(&self.session).take();
        if inside.generation == self.generation && !self.is_lost.load(Ordering::Relaxed) {
            lock(&self.idle).drain(..).for_each(|session| self.functions.close(session));
            drop(session);
        } else {
            // The numbers may be others' by now.
            std::mem::forget(session);
        }
    }
}

fn create(session: &Session, bytes: &[u8]) -> Said<ObjectHandle> {
    let mut template = secret();
    template.push(Attribute::Value(bytes.to_vec()));
    let created = session.create_object(&template);
    // It may be the secret of others, too: what is left of it here is wiped.
    for attribute in &mut template {
        if let Attribute::Value(value) = attribute {
            value.zeroize();
        }
    }
    created
}

/// The value of an object that is no secret.
pub(super) fn value(session: &Session, object: ObjectHandle) -> Said<Vec<u8>> {
    let found = session.get_attributes(object, &[AttributeType::Value])?;
    let value = found.into_iter().find_map(|attribute| match attribute {
        Attribute::Value(value) => Some(value),
        _ => None,
    });
    value.ok_or(Error::NotSupported)
}
