//! The thread of a token: one session, which it has again when it was lost, and what is done with it.

use crate::error::{TokenError, may_be_gone};
use crate::mechanism::schemes_of;
use crate::module::Use;
use crate::name::Name;
use crate::refused::Refused;
use crate::retry::{FIRST_RETRY, LAST_RETRY};
use crate::session::{FoundKey, Login, Problem, TokenSession};
use crate::shared::{KnownKey, Listed, Request, Shared};
use crate::uri::{ObjectType, Pin, Uri};
use cryptoki::types::AuthPin;
use saitls_core::codes::SignatureScheme;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// How long the end of a token may take: it is waited for at the end of a process.
pub(crate) const FAREWELL: Duration = Duration::from_secs(2);

/// How long a token may take for one answer, unless it is said otherwise.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// The same where somebody types a PIN meanwhile.
const PATIENCE_WITH_PAD: Duration = Duration::from_secs(120);

/// A key by its name, and where it is in the session that there is.
struct Entry {
    name: Name,
    found: Option<FoundKey>,
}

impl Entry {
    fn find(&mut self, session: &TokenSession) -> Result<FoundKey, Problem> {
        if let Some(found) = &self.found {
            return Ok(found.clone());
        }
        let found = session.find_key(&self.name)?;
        self.found = Some(found.clone());
        Ok(found)
    }
}

/// What outlives sessions.
#[derive(Default)]
struct Keys {
    known: Vec<Entry>,
    refused: Refused,
}

/// What the thread works with.
pub(crate) struct Worker {
    uri: Uri,
    login: Login,
    pin: Option<AuthPin>,
    /// How long one answer may take.
    patience: Duration,
    /// With how the module was started when it was opened.
    session: Option<(u64, TokenSession)>,
    keys: Keys,
    /// Why there is no session, and when to look again, if ever.
    lost: Option<(TokenError, Option<Instant>)>,
    retry: Duration,
    /// When a lost session was last looked for.
    recovered: Option<Instant>,
    shared: Arc<Shared>,
    // After the session.
    module: Use,
}

impl Worker {
    /// Starts the module. There is no session yet.
    pub(crate) fn start(uri: Uri, login: Login, patience: Duration, shared: Arc<Shared>) -> Result<Self, TokenError> {
        let pin = uri.pin.as_ref().map(Pin::read).transpose()?;
        let path = uri.module_file()?;
        let patience = if pin.is_some() { patience } else { patience.max(PATIENCE_WITH_PAD) };
        shared.begin(patience);
        let module = Use::open(&path, uri.module_parameters.as_deref())?;
        let (session, keys, retry) = (None, Keys::default(), FIRST_RETRY);
        Ok(Self { uri, login, pin, patience, session, keys, lost: None, retry, recovered: None, shared, module })
    }

    /// Opens the first session.
    pub(crate) fn open(&mut self) -> Result<(), TokenError> {
        let opened = self.open_session();
        self.shared.end();
        Ok(opened?)
    }

    /// Until the token and all its keys are dropped.
    pub(crate) fn run(mut self, queue: &mpsc::Receiver<Request>) {
        for request in queue {
            // Whoever wanted it may be gone by now.
            if let Request::Sign { signature, .. } = &request
                && Arc::strong_count(signature) == 1
            {
                continue;
            }
            self.shared.begin(self.patience);
            match request {
                Request::FindKey(name, answer) => drop(answer.send(self.find_key(name))),
                Request::FindCertificate(name, answer) => {
                    drop(answer.send(self.with_session(|session, _| session.find_certificate(&name))));
                }
                Request::ListKeys(answer) => drop(answer.send(self.list_keys())),
                Request::Sign { key, scheme, message, signature } => {
                    let signed = self.sign(key, scheme, &message);
                    self.shared.answer(&signature, signed);
                }
            }
            self.shared.end();
        }
        self.leave();
    }

    /// Ends the session, and the module if nobody else uses it.
    pub(crate) fn leave(mut self) {
        self.shared.begin(FAREWELL);
        self.close();
        drop(self);
    }

    fn find_key(&mut self, name: Name) -> Result<KnownKey, TokenError> {
        let found = self.with_session(|session, keys| {
            let found = session.find_key(&name)?;
            session.try_key(&found, &mut keys.refused)?;
            Ok(found)
        })?;
        let schemes = schemes_of(&found.ways);
        let known = &mut self.keys.known;
        let number = known.iter().position(|entry| entry.name == name).unwrap_or_else(|| {
            known.push(Entry { name, found: None });
            known.len() - 1
        });
        known[number].found = Some(found);
        Ok(KnownKey { number, schemes })
    }

    fn list_keys(&mut self) -> Result<Vec<Listed>, TokenError> {
        self.with_session(|session, _| {
            let keys = session.keys()?.into_iter().map(|(name, key)| {
                let object_type = Some(ObjectType::PrivateKey);
                let uri = Uri { object: name.label, id: name.id, object_type, ..session.uri().clone() };
                (uri, key.map(|key| schemes_of(&key.ways)))
            });
            Ok(keys.collect())
        })
    }

    fn sign(&mut self, key: usize, scheme: SignatureScheme, message: &[u8]) -> Result<Vec<u8>, TokenError> {
        self.with_session(|session, keys| {
            let entry = keys.known.get_mut(key).ok_or(TokenError::Stopped)?;
            let key = match entry.find(session) {
                // It was there.
                Err(Problem::Ours(TokenError::NoKey(name))) => {
                    return Err(Problem::Vanished(TokenError::NoKey(name)));
                }
                found => found?,
            };
            session.sign(&key, scheme, message, &mut keys.refused)
        })
    }

    /// Asks the session for something. Where it may have been away, again with a new session; and where that is not
    /// enough, with the module started anew.
    fn with_session<T>(
        &mut self,
        mut ask: impl FnMut(&TokenSession, &mut Keys) -> Result<T, Problem>,
    ) -> Result<T, TokenError> {
        let mut recovery = Recovery::None;
        loop {
            self.open_again()?;
            let inside = self.module.enter();
            let generation = inside.generation;
            let Some((opened, session)) = &self.session else { return Err(TokenError::Stopped) };
            if *opened != generation {
                continue;
            }
            let outcome = ask(session, &mut self.keys);
            drop(inside);
            let problem = match outcome {
                Ok(value) => return Ok(value),
                Err(problem) => problem,
            };
            let may_help = match &problem {
                Problem::Token(error) => may_be_gone(error),
                Problem::Vanished(_) => true,
                Problem::Ours(_) | Problem::Broken(_) => false,
            };
            recovery = match recovery {
                Recovery::None if may_help && self.may_recover() => Recovery::Session,
                Recovery::Session if may_help => Recovery::Module,
                _ => {
                    if matches!(problem, Problem::Broken(_)) {
                        self.close();
                    }
                    return Err(problem.into());
                }
            };
            self.close();
            if recovery == Recovery::Module {
                // If it cannot be, the old one has to do.
                let _ = self.module.restart(generation);
            }
        }
    }

    /// What fails each time is not recovered from each time.
    fn may_recover(&mut self) -> bool {
        let now = Instant::now();
        let is_time = self.recovered.is_none_or(|at| now >= at + self.retry);
        if is_time {
            self.recovered = Some(now);
        }
        is_time
    }

    /// Sees to it that there is a session: the same token is looked for again, first as it is, then with the module
    /// started anew, which some need to see what has changed.
    fn open_again(&mut self) -> Result<(), TokenError> {
        let generation = self.module.enter().generation;
        if self.session.as_ref().is_some_and(|(opened, _)| *opened == generation) {
            return Ok(());
        }
        if let Some((error, again)) = &self.lost
            && again.is_none_or(|again| Instant::now() < again)
        {
            return Err(error.clone());
        }
        self.close();
        let mut opened = self.open_session();
        // Where the login was what failed, the PIN may be wrong whatever the module says: once is enough for now.
        let mut is_login = opened.as_ref().is_err_and(Problem::is_of_login);
        let is_of_pin = opened.as_ref().is_err_and(Problem::is_of_pin);
        if opened.is_err() && !is_of_pin && self.module.restart(generation).is_ok() && !is_login {
            opened = self.open_session();
            is_login = opened.as_ref().is_err_and(Problem::is_of_login);
        }
        let Err(problem) = opened else {
            (self.lost, self.retry) = (None, FIRST_RETRY);
            return Ok(());
        };
        let error = TokenError::from(problem);
        // What was there and is not is gone.
        let error = match error {
            TokenError::NoToken(_) | TokenError::Module(_) => TokenError::Gone(error.to_string()),
            error => error,
        };
        let again = if error.is_of_pin() { None } else { Some(Instant::now() + self.retry) };
        self.lost = Some((error.clone(), again));
        self.retry = if is_login || self.module.is_shared() { LAST_RETRY.min(self.retry * 2) } else { FIRST_RETRY };
        Err(error)
    }

    fn open_session(&mut self) -> Result<(), Problem> {
        // Before it is entered: who waits is not inside.
        let _opening = self.module.opening();
        let inside = self.module.enter();
        let session = TokenSession::open(self.module.context(), &self.uri, self.pin.as_ref(), self.login)?;
        self.session = Some((inside.generation, session));
        Ok(())
    }

    /// Ends the session, and with it what it knows of keys.
    fn close(&mut self) {
        self.keys.known.iter_mut().for_each(|entry| entry.found = None);
        let Some((opened, session)) = self.session.take() else { return };
        let inside = self.module.enter();
        if opened == inside.generation { drop(session) } else { session.forget() }
    }
}

/// How much was done to have a token back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Recovery {
    None,
    /// A new session.
    Session,
    /// The module was started anew.
    Module,
}
