//! A token with its session, on a thread of its own.

use crate::error::TokenError;
use crate::key::{Kind, TokenKey, mechanism};
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::MechanismType;
use cryptoki::object::{Attribute, AttributeType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use saitls_core::codes::SignatureScheme;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What becomes of a signature.
pub(crate) enum Signature {
    Pending,
    Signed(Vec<u8>),
    Failed,
}

/// What the thread is asked for.
pub(crate) enum Request {
    FindKey(String, mpsc::Sender<Result<(ObjectHandle, Kind), TokenError>>),
    FindCertificate(String, mpsc::Sender<Result<Vec<u8>, TokenError>>),
    Sign { key: ObjectHandle, scheme: SignatureScheme, message: Vec<u8>, signature: Arc<Mutex<Signature>> },
}

/// The way to the thread. With the last of those who hold it the session ends, and the thread: it is waited for, so that it
/// is not in the module when the process ends and takes the module down.
pub(crate) struct Requests {
    sender: Option<mpsc::Sender<Request>>,
    thread: Option<JoinHandle<()>>,
}

impl Requests {
    /// Says whether the thread is there to take it.
    pub(crate) fn send(&self, request: Request) -> Result<(), TokenError> {
        let sender = self.sender.as_ref().ok_or(TokenError::Stopped)?;
        sender.send(request).map_err(|_| TokenError::Stopped)
    }
}

impl Drop for Requests {
    fn drop(&mut self) {
        self.sender = None;
        // A waker that the thread itself calls may drop the last key.
        if let Some(thread) = self.thread.take().filter(|thread| thread.thread().id() != std::thread::current().id()) {
            drop(thread.join());
        }
    }
}

/// What keys and the thread share.
#[derive(Default)]
pub(crate) struct Shared {
    /// Who is woken at the next signature; and how many signatures are there that nobody has fetched.
    pub(crate) waiting: Mutex<Waiting>,
    failure: Mutex<Option<Arc<TokenError>>>,
}

#[derive(Default)]
pub(crate) struct Waiting {
    pub(crate) wakers: Vec<Waker>,
    pub(crate) unfetched: usize,
    /// When the last one came.
    answered: Option<Instant>,
}

/// A signature that was not fetched after so long never will be: its handshake was given up.
const ABANDONED: Duration = Duration::from_secs(1);

impl Waiting {
    /// Whether a signature may have come between the question for it and the wish to be woken.
    pub(crate) fn may_have_answer(&self) -> bool {
        self.unfetched > 0 && self.answered.is_some_and(|at| at.elapsed() < ABANDONED)
    }
}

/// A PKCS#11 token that is logged in. Keys outlive it: its session ends with the last of them.
pub struct Token {
    requests: Arc<Requests>,
    shared: Arc<Shared>,
}

impl Token {
    /// Loads the PKCS#11 module at this path and logs in, as its user, to the token with this label. Blocks until that
    /// is done.
    ///
    /// A module is told that the process uses threads, if nobody has started it before. It is never stopped: others may
    /// use it too. In a process that is logged in to the token already, PKCS#11 does not check the PIN again.
    ///
    /// # Errors
    /// [`TokenError::Module`], [`TokenError::NoToken`], [`TokenError::WrongPin`], [`TokenError::PinLocked`],
    /// [`TokenError::Failed`].
    pub fn open(module: impl AsRef<Path>, label: &str, pin: &str) -> Result<Self, TokenError> {
        let (module, label, pin) = (module.as_ref().to_owned(), label.to_owned(), AuthPin::from(pin.to_owned()));
        let (requests, queue) = mpsc::channel();
        let (opened, answer) = mpsc::channel();
        let shared = Arc::<Shared>::default();
        let notes = shared.clone();
        // Modules may be slow from the beginning, and a session is best used by one thread.
        let run = move || match open(&module, label, &pin) {
            Ok((session, mechanisms)) => {
                drop(opened.send(Ok(())));
                Worker { session, mechanisms, shared: notes }.run(&queue);
            }
            Err(error) => drop(opened.send(Err(error))),
        };
        let thread = std::thread::Builder::new().name("pkcs11".to_owned()).spawn(run);
        let thread = thread.map_err(|_| TokenError::Stopped)?;
        let requests = Arc::new(Requests { sender: Some(requests), thread: Some(thread) });
        answer.recv().map_err(|_| TokenError::Stopped)??;
        Ok(Self { requests, shared })
    }

    /// The private key with this label, ready to sign.
    ///
    /// # Errors
    /// [`TokenError::NoKey`], [`TokenError::AmbiguousKey`], [`TokenError::UnsupportedKey`], [`TokenError::Gone`],
    /// [`TokenError::Failed`].
    pub fn key(&self, label: &str) -> Result<TokenKey, TokenError> {
        let (handle, kind) = self.ask(|answer| Request::FindKey(label.to_owned(), answer))?;
        Ok(TokenKey::new(handle, kind, self.requests.clone(), self.shared.clone()))
    }

    /// The certificate with this label, in DER.
    ///
    /// # Errors
    /// [`TokenError::NoCertificate`], [`TokenError::Gone`], [`TokenError::Failed`].
    pub fn certificate(&self, label: &str) -> Result<Vec<u8>, TokenError> {
        self.ask(|answer| Request::FindCertificate(label.to_owned(), answer))
    }

    /// Why the last signature failed, if one did.
    #[must_use]
    pub fn failure(&self) -> Option<Arc<TokenError>> {
        lock(&self.shared.failure).clone()
    }

    fn ask<T>(&self, request: impl FnOnce(mpsc::Sender<Result<T, TokenError>>) -> Request) -> Result<T, TokenError> {
        let (sender, answer) = mpsc::channel();
        self.requests.send(request(sender))?;
        answer.recv().map_err(|_| TokenError::Stopped)?
    }
}

fn open(module: &PathBuf, label: String, pin: &AuthPin) -> Result<(Session, Vec<MechanismType>), TokenError> {
    let context = Pkcs11::new(module).map_err(TokenError::Module)?;
    match context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
        Err(error) => return Err(TokenError::Module(error)),
    }
    let slot = find_token(&context, label)?;
    let session = context.open_ro_session(slot).map_err(TokenError::of)?;
    match session.login(UserType::User, Some(pin)) {
        Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => {}
        Err(error) => return Err(TokenError::of_login(error)),
    }
    let mechanisms = context.get_mechanism_list(slot).map_err(TokenError::of)?;
    Ok((session, mechanisms))
}

fn find_token(context: &Pkcs11, label: String) -> Result<Slot, TokenError> {
    for slot in context.get_slots_with_token().map_err(TokenError::Module)? {
        // A token that cannot be read is none of ours.
        if context.get_token_info(slot).is_ok_and(|info| info.label().trim_end() == label) {
            return Ok(slot);
        }
    }
    Err(TokenError::NoToken(label))
}

/// What the thread works with.
struct Worker {
    session: Session,
    mechanisms: Vec<MechanismType>,
    shared: Arc<Shared>,
}

impl Worker {
    /// Until the token and all its keys are dropped.
    fn run(&self, queue: &mpsc::Receiver<Request>) {
        for request in queue {
            match request {
                Request::FindKey(label, answer) => drop(answer.send(self.find_key(label))),
                Request::FindCertificate(label, answer) => drop(answer.send(self.find_certificate(label))),
                // Whoever wanted it may be gone by now.
                Request::Sign { signature, .. } if Arc::strong_count(&signature) == 1 => {}
                Request::Sign { key, scheme, message, signature } => {
                    let signed = match mechanism(scheme, &message) {
                        Some((mechanism, data)) => self.session.sign(&mechanism, key, &data),
                        None => Err(Error::NotSupported),
                    };
                    self.answer(&signature, signed);
                }
            }
        }
    }

    fn answer(&self, signature: &Mutex<Signature>, signed: Result<Vec<u8>, Error>) {
        let mut waiting = lock(&self.shared.waiting);
        *lock(signature) = match signed {
            Ok(signed) => Signature::Signed(signed),
            Err(error) => {
                *lock(&self.shared.failure) = Some(Arc::new(TokenError::of(error)));
                Signature::Failed
            }
        };
        waiting.unfetched += 1;
        waiting.answered = Some(Instant::now());
        waiting.wakers.drain(..).for_each(Waker::wake);
    }

    fn find(&self, class: ObjectClass, label: &str) -> Result<Vec<ObjectHandle>, TokenError> {
        let template = [Attribute::Class(class), Attribute::Label(label.as_bytes().to_vec())];
        self.session.find_objects(&template).map_err(TokenError::of)
    }

    fn find_key(&self, label: String) -> Result<(ObjectHandle, Kind), TokenError> {
        let handle = match self.find(ObjectClass::PRIVATE_KEY, &label)?[..] {
            [] => return Err(TokenError::NoKey(label)),
            [handle] => handle,
            _ => return Err(TokenError::AmbiguousKey(label)),
        };
        let kind = kind_of(|attribute| self.session.get_attributes(handle, &[attribute]))?;
        match kind.mechanisms().iter().find(|mechanism| !self.mechanisms.contains(mechanism)) {
            Some(mechanism) => Err(TokenError::UnsupportedKey(format!("the token does not have {mechanism}"))),
            None => Ok((handle, kind)),
        }
    }

    fn find_certificate(&self, label: String) -> Result<Vec<u8>, TokenError> {
        let handles = self.find(ObjectClass::CERTIFICATE, &label)?;
        let Some(handle) = handles.first() else { return Err(TokenError::NoCertificate(label)) };
        let found = self.session.get_attributes(*handle, &[AttributeType::Value]).map_err(TokenError::of)?;
        let value = found.into_iter().find_map(|attribute| match attribute {
            Attribute::Value(value) => Some(value),
            _ => None,
        });
        value.ok_or(TokenError::NoCertificate(label))
    }
}

/// What a key signs with, by what the token says of it.
fn kind_of(mut ask: impl FnMut(AttributeType) -> Result<Vec<Attribute>, Error>) -> Result<Kind, TokenError> {
    let (mut key_type, mut parameters, mut modulus, mut failure) = (None, None, None, None);
    // One by one: a token may refuse the question for an attribute that a key does not have.
    for wanted in [AttributeType::KeyType, AttributeType::EcParams, AttributeType::Modulus] {
        let found = match ask(wanted).map_err(TokenError::of) {
            Err(gone @ TokenError::Gone(_)) => return Err(gone),
            Err(other) => {
                failure.get_or_insert(other);
                continue;
            }
            Ok(found) => found,
        };
        for attribute in found {
            match attribute {
                Attribute::KeyType(found) => key_type = Some(found),
                Attribute::EcParams(found) => parameters = Some(found),
                Attribute::Modulus(found) => modulus = Some(found),
                _ => {}
            }
        }
    }
    let kind = match key_type {
        Some(key_type) => Kind::of(key_type, parameters.as_deref(), modulus.as_deref()),
        None => Err(TokenError::UnsupportedKey("its type is unknown".to_owned())),
    };
    // What could not be asked may be what is missing.
    kind.map_err(|unsupported| failure.unwrap_or(unsupported))
}

#[cfg(test)]
mod tests {
    use super::*;
    use cryptoki::context::Function;
    use cryptoki::object::KeyType;

    fn refused<T>(why: RvError) -> Result<T, Error> {
        Err(Error::Pkcs11(why, Function::GetAttributeValue))
    }

    #[test]
    fn an_attribute_that_the_key_does_not_have_may_be_refused() {
        let kind = kind_of(|wanted| match wanted {
            AttributeType::KeyType => Ok(vec![Attribute::KeyType(KeyType::RSA)]),
            AttributeType::Modulus => Ok(vec![Attribute::Modulus(vec![1; 256])]),
            _ => refused(RvError::FunctionFailed),
        });
        assert_eq!(kind.ok(), Some(Kind::Rsa));
    }

    #[test]
    fn a_token_that_vanishes_between_two_questions_is_gone() {
        for why in [RvError::ObjectHandleInvalid, RvError::DeviceRemoved] {
            for answers in 0..3 {
                let mut asked = 0;
                let kind = kind_of(|wanted| {
                    asked += 1;
                    match wanted {
                        _ if asked > answers => refused(why),
                        AttributeType::KeyType => Ok(vec![Attribute::KeyType(KeyType::EC)]),
                        _ => Ok(Vec::new()),
                    }
                });
                assert!(matches!(kind, Err(TokenError::Gone(_))), "{why}, after {answers} answers");
            }
        }
    }

    #[test]
    fn a_token_that_fails_is_not_taken_for_a_key_of_another_kind() {
        let kind = kind_of(|_| refused(RvError::DeviceError));
        assert!(matches!(kind, Err(TokenError::Failed(_))));
        let kind = kind_of(|_| Ok(Vec::new()));
        assert!(matches!(kind, Err(TokenError::UnsupportedKey(_))));
    }
}
