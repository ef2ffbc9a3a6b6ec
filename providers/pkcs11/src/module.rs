//! PKCS#11 modules: each is loaded once, started with its first token, and stopped with its last.

use crate::error::{TokenError, in_words};
use crate::lock::lock;
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::ffi::CString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// All that were ever loaded. None is unloaded: some have threads, or work to do when the process ends.
///
/// The lock is held while a module is loaded, started or stopped: modules do not expect to be so by two threads, and
/// one may load another.
static MODULES: Mutex<Vec<Arc<Module>>> = Mutex::new(Vec::new());

/// How long a module may take to be left by all threads before it is started again.
const LEAVING: Duration = Duration::from_secs(2);

/// Where modules are installed.
const FOLDERS: &[&str] = &[
    "/usr/lib/pkcs11",
    "/usr/lib64/pkcs11",
    "/usr/lib/x86_64-linux-gnu/pkcs11",
    "/usr/lib/aarch64-linux-gnu/pkcs11",
    "/usr/local/lib/pkcs11",
    "/usr/lib",
    "/usr/lib64",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/local/lib",
    "/usr/lib/softhsm",
    "/usr/lib64/softhsm",
    "/usr/local/lib/softhsm",
    "/opt/homebrew/lib",
    "/opt/homebrew/lib/pkcs11",
];

/// What stands for all modules that p11-kit is configured with.
const ALL_OF_P11_KIT: &str = "p11-kit-proxy";

/// The file of a module by its name (RFC 7512 2.3, `module-name`): without `lib` before and `.so` behind it.
pub(crate) fn find(name: &str) -> Result<PathBuf, TokenError> {
    if name.contains(['/', '\\']) {
        return Err(TokenError::Module(format!("{name:?} is a path, not a name")));
    }
    let files = [format!("{DLL_PREFIX}{name}{DLL_SUFFIX}"), format!("{name}{DLL_SUFFIX}"), format!("{name}.so")];
    let paths = FOLDERS.iter().flat_map(|folder| files.iter().map(move |file| Path::new(folder).join(file)));
    let found = paths.into_iter().find(|path| path.is_file());
    found.ok_or_else(|| TokenError::Module(format!("no file {} where modules are installed", files[0])))
}

/// All modules of p11-kit: what a URI means that names no module.
pub(crate) fn of_p11_kit() -> Result<PathBuf, TokenError> {
    find(ALL_OF_P11_KIT).map_err(|_| {
        TokenError::Module("the URI says no module-path or module-name, and p11-kit is not installed".to_owned())
    })
}

pub(crate) struct Module {
    path: PathBuf,
    context: Pkcs11,
    state: Mutex<State>,
    changed: Condvar,
    /// Held while a session is opened and logged in: not every module expects two logins at once.
    opening: Mutex<()>,
}

#[derive(Default)]
struct State {
    users: usize,
    start: Start,
    /// What it was started with.
    parameters: Option<CString>,
    /// How often it was started: sessions do not outlive a start.
    generation: u64,
    /// Threads that are in it.
    inside: usize,
    /// Nobody may go in.
    is_closed: bool,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Start {
    #[default]
    Not,
    Ours,
    /// Somebody else in the process started it, and will stop it.
    Others,
}

/// A token's share in a module. With the last one the module is stopped.
pub(crate) struct Use(Arc<Module>);

/// A thread may be in the module as long as it has this.
pub(crate) struct Inside<'a> {
    module: &'a Module,
    pub(crate) generation: u64,
}

impl Use {
    /// Loads and starts the module, if nobody did.
    pub(crate) fn open(path: &Path, parameters: Option<&str>) -> Result<Self, TokenError> {
        // A bare name is looked for by the loader.
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let parameters = parameters.map(CString::new).transpose();
        let parameters = parameters.map_err(|_| TokenError::Module("a zero in its parameters".to_owned()))?;
        let mut modules = lock(&MODULES);
        let module = match modules.iter().find(|module| module.path == path) {
            Some(module) => module.clone(),
            None => {
                let context = Pkcs11::new(&path).map_err(|error| TokenError::Module(in_words(&error)))?;
                let (state, changed, opening) = (Mutex::default(), Condvar::new(), Mutex::default());
                let module = Module { path, context, state, changed, opening };
                modules.push(Arc::new(module));
                modules[modules.len() - 1].clone()
            }
        };
        let mut state = lock(&module.state);
        if state.users == 0 {
            state.parameters = parameters;
        } else if state.parameters != parameters {
            return Err(TokenError::Module("it runs already, with other parameters".to_owned()));
        }
        module.start(&mut state)?;
        state.users += 1;
        drop(state);
        Ok(Self(module))
    }
}

impl std::ops::Deref for Use {
    type Target = Module;

    fn deref(&self) -> &Module {
        &self.0
    }
}

impl Drop for Use {
    fn drop(&mut self) {
        let _modules = lock(&MODULES);
        let mut state = lock(&self.0.state);
        state.users -= 1;
        if state.users == 0 {
            self.0.stop(&mut state);
        }
    }
}

impl Module {
    pub(crate) const fn context(&self) -> &Pkcs11 {
        &self.context
    }

    /// Its file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Held by the one who opens a session.
    pub(crate) fn opening(&self) -> MutexGuard<'_, ()> {
        lock(&self.opening)
    }

    /// Whether several tokens use it.
    pub(crate) fn is_shared(&self) -> bool {
        lock(&self.state).users > 1
    }

    /// Waits while it is started again.
    pub(crate) fn enter(&self) -> Inside<'_> {
        let mut state = lock(&self.state);
        while state.is_closed {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.inside += 1;
        Inside { module: self, generation: state.generation }
    }

    /// Stops and starts it, unless it was started anew after `generation`. Ends all sessions with it.
    pub(crate) fn restart(&self, generation: u64) -> Result<(), TokenError> {
        let _modules = lock(&MODULES);
        let mut state = lock(&self.state);
        if state.generation != generation {
            return Ok(());
        }
        if state.start == Start::Others {
            return Err(TokenError::Module("it was started by others, and so it is not started again".to_owned()));
        }
        state.is_closed = true;
        let (mut state, is_left) = self.wait_until_left(state);
        let started = if is_left {
            self.stop(&mut state);
            self.start(&mut state)
        } else {
            Err(TokenError::Hangs)
        };
        state.is_closed = false;
        self.changed.notify_all();
        started
    }

    fn wait_until_left<'a>(&self, mut state: MutexGuard<'a, State>) -> (MutexGuard<'a, State>, bool) {
        let deadline = Instant::now() + LEAVING;
        while state.inside > 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return (state, false);
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        (state, true)
    }

    /// `C_Initialize`, if it has not been called.
    fn start(&self, state: &mut State) -> Result<(), TokenError> {
        if state.start != Start::Not {
            return Ok(());
        }
        let flags = CInitializeFlags::OS_LOCKING_OK;
        let arguments = |parameters: Option<&CString>| match parameters {
            None => CInitializeArgs::new(flags),
            Some(parameters) => with_parameters(flags, parameters),
        };
        state.generation += 1;
        let mut started = self.context.initialize(arguments(state.parameters.as_ref()));
        if let Err(Error::Pkcs11(RvError::ArgumentsBad, _)) = started
            && state.parameters.is_none()
            && let Some(of_nss) = parameters_of_nss()
        {
            started = self.context.initialize(arguments(Some(of_nss)));
        }
        state.start = match started {
            Ok(()) => Start::Ours,
            Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Start::Others,
            Err(error) => return Err(TokenError::Module(in_words(&error))),
        };
        Ok(())
    }

    /// `C_Finalize`, if it is for us to call it.
    fn stop(&self, state: &mut State) {
        if state.start == Start::Ours {
            // One that does not stop has nobody who waits for it.
            let _ = self.context.clone().finalize();
        }
        state.start = Start::Not;
    }
}

/// The parameters of NSS's module, which does not start without, where NSS's programs look for them.
fn parameters_of_nss() -> Option<&'static CString> {
    static PARAMETERS: OnceLock<Option<CString>> = OnceLock::new();
    let read = || CString::new(std::env::var_os("NSS_LIB_PARAMS")?.into_encoded_bytes()).ok();
    PARAMETERS.get_or_init(read).as_ref()
}

/// The arguments of `C_Initialize` with a string in `pReserved`, where modules take parameters that PKCS#11 does not
/// know.
#[allow(unsafe_code)]
fn with_parameters(flags: CInitializeFlags, parameters: &CString) -> CInitializeArgs {
    let string = std::ptr::NonNull::from(parameters.as_c_str()).cast();
    // SAFETY: it points to a string that ends with a zero, and is kept as long as the module runs: by its state, or
    // for good. A module that wants something else there cannot be given parameters; who gives them knows the module.
    unsafe { CInitializeArgs::new_with_reserved(flags, string) }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        let mut state = lock(&self.module.state);
        state.inside -= 1;
        if state.inside == 0 {
            self.module.changed.notify_all();
        }
    }
}
