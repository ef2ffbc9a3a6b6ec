//! A PKCS#11 module for tests. It does what the file `orders` says in the folder that the environment names by
//! `SAITLS_MOCK_TOKEN`, one word a line, and writes to the file `calls` there which functions were called:
//!
//! * `gone`: the token is not there, and sessions with it end. `after-finalize`: nor is it when it is back, before the
//!   module is started anew. `after-close`: no session is opened while an old one is open.
//! * `hang`: `C_Sign` does not return while this is there; nor does the process end by `exit`.
//! * `fail`: `C_Sign` returns `CKR_DEVICE_ERROR`; `mechanism`: `C_SignInit` says `CKR_MECHANISM_INVALID` to
//!   `CKM_ECDSA`.
//! * `wrong`: the PIN is wrong for a signature; `changed`: it is wrong altogether.
//! * `unwell`: `C_Login` returns `CKR_FUNCTION_FAILED`; `unwell-later`: only that for a signature does.
//! * `no-end`: `C_Finalize` does not return while this is there.
//! * `pad`: the token takes its PIN on a pad of its own. `clock`: it has a clock with a face of its own. `twins`:
//!   there are two tokens of the same name.
//! * `odd`: a signature has 63 bytes. `large`: it is said to need 144.
//!
//! With `SAITLS_SPY_ON` in the environment it is no token but a spy, which stands between a program and another module.
//!
//! The token `mock` with the PIN 1234 has the P-256 key of the examples as `p256`, without a label and with the id 7,
//! as `always` (a login for each signature), and as `nosign`.

#![allow(non_snake_case, unsafe_code, missing_docs, clippy::missing_safety_doc, clippy::unwrap_used)]

mod spy;

use cryptoki_sys::*;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::signature::hazmat::PrehashSigner as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::DecodePrivateKey as _;
use rustls_pki_types::pem::PemObject as _;
use std::collections::BTreeMap;
use std::ffi::{c_int, c_void};
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, Once, PoisonError};
use std::time::Duration;

const PIN: &[u8] = b"1234";
const KEY: &[u8] = include_bytes!("../../../../examples/identities/p256.key");
const P256: &[u8] = &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];

/// Label, id, whether each signature wants a login, and whether it signs.
const OBJECTS: &[(&str, u8, bool, bool)] =
    &[("p256", 1, false, true), ("", 7, false, true), ("always", 2, true, true), ("nosign", 3, false, false)];

#[derive(Default)]
struct Session {
    found: Vec<CK_OBJECT_HANDLE>,
    signing: Option<Signing>,
}

struct Signing {
    mechanism: CK_MECHANISM_TYPE,
    wants_login: bool,
    data: Vec<u8>,
}

#[derive(Default)]
struct State {
    is_started: bool,
    is_logged_in: bool,
    /// It went away while the module ran.
    was_away: bool,
    last: CK_SESSION_HANDLE,
    sessions: BTreeMap<CK_SESSION_HANDLE, Session>,
}

static STATE: Mutex<Option<State>> = Mutex::new(None);
/// Threads in `C_Initialize` and `C_Finalize`, which may be one.
static STARTING: AtomicUsize = AtomicUsize::new(0);
static WARNED: AtomicBool = AtomicBool::new(false);

fn folder() -> PathBuf {
    std::env::var_os("SAITLS_MOCK_TOKEN").expect("tests say where its orders are").into()
}

fn is_ordered(word: &str) -> bool {
    std::fs::read_to_string(folder().join("orders")).is_ok_and(|orders| orders.lines().any(|line| line == word))
}

fn called(name: &str) {
    let file = std::fs::OpenOptions::new().create(true).append(true).open(folder().join("calls"));
    file.unwrap().write_all(format!("{name}\n").as_bytes()).unwrap();
}

fn with<T>(f: impl FnOnce(&mut State) -> Result<T, CK_RV>) -> Result<T, CK_RV> {
    let mut state = STATE.lock().unwrap_or_else(PoisonError::into_inner);
    let state = state.get_or_insert_default();
    if !state.is_started {
        return Err(CKR_CRYPTOKI_NOT_INITIALIZED);
    }
    if is_ordered("gone") {
        state.was_away = true;
        state.is_logged_in = false;
        if !is_ordered("after-close") {
            state.sessions.clear();
        }
    }
    f(state)
}

fn with_session<T>(handle: CK_SESSION_HANDLE, f: impl FnOnce(&mut Session) -> Result<T, CK_RV>) -> Result<T, CK_RV> {
    with(|state| {
        if is_ordered("gone") || (state.was_away && !state.sessions.contains_key(&handle)) {
            return Err(CKR_DEVICE_REMOVED);
        }
        if state.was_away && is_ordered("after-close") {
            return Err(CKR_DEVICE_ERROR);
        }
        f(state.sessions.get_mut(&handle).ok_or(CKR_SESSION_HANDLE_INVALID)?)
    })
}

fn slots(state: &State) -> Vec<CK_SLOT_ID> {
    match () {
        () if is_ordered("gone") || (state.was_away && is_ordered("after-finalize")) => Vec::new(),
        () if is_ordered("twins") => vec![10, 11],
        () => vec![10],
    }
}

fn answer(result: Result<(), CK_RV>) -> CK_RV {
    result.err().unwrap_or(CKR_OK)
}

fn fill<const N: usize>(text: &str) -> [u8; N] {
    let mut field = [b' '; N];
    field[..text.len()].copy_from_slice(text.as_bytes());
    field
}

/// Nothing but one thread may be here.
fn alone(f: impl FnOnce() -> CK_RV) -> CK_RV {
    if STARTING.fetch_add(1, Ordering::SeqCst) > 0 {
        called("RACE");
    }
    std::thread::sleep(Duration::from_micros(200));
    let value = f();
    STARTING.fetch_sub(1, Ordering::SeqCst);
    value
}

unsafe extern "C" {
    fn atexit(f: extern "C" fn()) -> c_int;
}

extern "C" fn at_exit() {
    while is_ordered("hang") {
        std::thread::sleep(Duration::from_millis(5));
    }
}

unsafe extern "C" fn C_Initialize(arguments: *mut c_void) -> CK_RV {
    static ONCE: Once = Once::new();
    // SAFETY: it may be called at any time.
    ONCE.call_once(|| unsafe { assert_eq!(atexit(at_exit), 0) });
    alone(|| {
        called("C_Initialize");
        // SAFETY: PKCS#11 says what it points to.
        let parameters = unsafe { arguments.cast::<CK_C_INITIALIZE_ARGS>().as_ref() }.map(|given| given.pReserved);
        if let Some(text) = parameters.filter(|text| !text.is_null()) {
            // SAFETY: this module takes a string there.
            let text = unsafe { std::ffi::CStr::from_ptr(text.cast()) };
            called(&format!("parameters {}", text.to_str().unwrap()));
        }
        let mut state = STATE.lock().unwrap_or_else(PoisonError::into_inner);
        let state = state.get_or_insert_default();
        if state.is_started {
            return CKR_CRYPTOKI_ALREADY_INITIALIZED;
        }
        *state = State { is_started: true, last: state.last, ..State::default() };
        CKR_OK
    })
}

unsafe extern "C" fn C_Finalize(_: *mut c_void) -> CK_RV {
    alone(|| {
        called("C_Finalize");
        while is_ordered("no-end") {
            std::thread::sleep(Duration::from_millis(5));
        }
        let mut state = STATE.lock().unwrap_or_else(PoisonError::into_inner);
        let state = state.get_or_insert_default();
        if !std::mem::replace(&mut state.is_started, false) {
            return CKR_CRYPTOKI_NOT_INITIALIZED;
        }
        state.sessions.clear();
        CKR_OK
    })
}

unsafe extern "C" fn C_GetInfo(info: *mut CK_INFO) -> CK_RV {
    let version = CK_VERSION { major: 2, minor: 40 };
    // SAFETY: the caller lends it.
    unsafe {
        *info = CK_INFO {
            cryptokiVersion: version,
            manufacturerID: fill("SaiTLS"),
            flags: 0,
            libraryDescription: fill("mock"),
            libraryVersion: CK_VERSION { major: 1, minor: 2 },
        };
    }
    CKR_OK
}

/// Gives a list as PKCS#11 does: its length, or all of it.
unsafe fn list<T: Copy>(items: &[T], out: *mut T, len: *mut CK_ULONG) -> CK_RV {
    // SAFETY: the caller lends as much as it says.
    unsafe {
        let room = std::mem::replace(&mut *len, items.len() as CK_ULONG);
        if out.is_null() {
            return CKR_OK;
        }
        if (room as usize) < items.len() {
            return CKR_BUFFER_TOO_SMALL;
        }
        std::ptr::copy_nonoverlapping(items.as_ptr(), out, items.len());
    }
    CKR_OK
}

unsafe extern "C" fn C_GetSlotList(_: CK_BBOOL, out: *mut CK_SLOT_ID, len: *mut CK_ULONG) -> CK_RV {
    match with(|state| Ok(slots(state))) {
        // SAFETY: as for `list`.
        Ok(slots) => unsafe { list(&slots, out, len) },
        Err(value) => value,
    }
}

unsafe extern "C" fn C_GetSlotInfo(_: CK_SLOT_ID, info: *mut CK_SLOT_INFO) -> CK_RV {
    let mut filled = CK_SLOT_INFO { flags: CKF_TOKEN_PRESENT, ..CK_SLOT_INFO::default() };
    filled.slotDescription = fill("a slot");
    filled.manufacturerID = fill("a maker of slots");
    // SAFETY: the caller lends it.
    unsafe { *info = filled };
    CKR_OK
}

unsafe extern "C" fn C_GetTokenInfo(slot: CK_SLOT_ID, info: *mut CK_TOKEN_INFO) -> CK_RV {
    let pad = if is_ordered("pad") { CKF_PROTECTED_AUTHENTICATION_PATH } else { 0 };
    let mut filled = CK_TOKEN_INFO {
        flags: CKF_LOGIN_REQUIRED | CKF_TOKEN_INITIALIZED | CKF_USER_PIN_INITIALIZED | pad,
        ..CK_TOKEN_INFO::default()
    };
    filled.label = fill("mock");
    filled.manufacturerID = fill("SaiTLS");
    filled.model = fill("model 1");
    filled.serialNumber = fill(&format!("00{slot}"));
    if is_ordered("clock") {
        (filled.flags, filled.utcTime) = (filled.flags | CKF_CLOCK_ON_TOKEN, fill("01:41:00"));
    }
    answer(with(|state| {
        if !slots(state).contains(&slot) {
            return Err(CKR_TOKEN_NOT_PRESENT);
        }
        // SAFETY: the caller lends it.
        unsafe { *info = filled };
        Ok(())
    }))
}

unsafe extern "C" fn C_GetMechanismList(_: CK_SLOT_ID, out: *mut CK_MECHANISM_TYPE, len: *mut CK_ULONG) -> CK_RV {
    // SAFETY: as for `list`.
    unsafe { list(&[CKM_ECDSA, CKM_ECDSA_SHA256], out, len) }
}

unsafe extern "C" fn C_OpenSession(
    slot: CK_SLOT_ID,
    _: CK_FLAGS,
    _: *mut c_void,
    _: CK_NOTIFY,
    out: *mut CK_SESSION_HANDLE,
) -> CK_RV {
    called("C_OpenSession");
    answer(with(|state| {
        if !slots(state).contains(&slot) {
            return Err(CKR_TOKEN_NOT_PRESENT);
        }
        if state.was_away && is_ordered("after-close") {
            if !state.sessions.is_empty() {
                return Err(CKR_SESSION_COUNT);
            }
            state.was_away = false;
        }
        state.last += 1;
        state.sessions.insert(state.last, Session::default());
        // SAFETY: the caller lends it.
        unsafe { *out = state.last };
        Ok(())
    }))
}

unsafe extern "C" fn C_CloseSession(session: CK_SESSION_HANDLE) -> CK_RV {
    called("C_CloseSession");
    answer(with(|state| state.sessions.remove(&session).map(|_| ()).ok_or(CKR_SESSION_HANDLE_INVALID)))
}

unsafe extern "C" fn C_Login(
    session: CK_SESSION_HANDLE,
    user: CK_USER_TYPE,
    pin: *mut CK_UTF8CHAR,
    len: CK_ULONG,
) -> CK_RV {
    called(if user == CKU_CONTEXT_SPECIFIC { "C_Login for a signature" } else { "C_Login" });
    let is_right = match (pin.is_null(), is_ordered("pad")) {
        (true, is_pad) => is_pad,
        // SAFETY: the caller lends as much as it says.
        (false, _) => unsafe { std::slice::from_raw_parts(pin, len as usize) == PIN },
    };
    if !is_right || is_ordered("changed") || (user == CKU_CONTEXT_SPECIFIC && is_ordered("wrong")) {
        return CKR_PIN_INCORRECT;
    }
    if is_ordered("unwell") || (user == CKU_CONTEXT_SPECIFIC && is_ordered("unwell-later")) {
        return CKR_FUNCTION_FAILED;
    }
    if user == CKU_CONTEXT_SPECIFIC {
        return answer(with_session(session, |session| {
            let signing = session.signing.as_mut().ok_or(CKR_OPERATION_NOT_INITIALIZED)?;
            signing.wants_login = false;
            Ok(())
        }));
    }
    answer(with(|state| {
        if !state.sessions.contains_key(&session) {
            return Err(CKR_SESSION_HANDLE_INVALID);
        }
        if std::mem::replace(&mut state.is_logged_in, true) { Err(CKR_USER_ALREADY_LOGGED_IN) } else { Ok(()) }
    }))
}

/// The value of an attribute.
fn attribute(object: CK_OBJECT_HANDLE, wanted: CK_ATTRIBUTE_TYPE) -> Option<Vec<u8>> {
    let (label, id, always, signs) = *OBJECTS.get(object as usize - 1)?;
    Some(match wanted {
        CKA_CLASS => CKO_PRIVATE_KEY.to_ne_bytes().to_vec(),
        CKA_KEY_TYPE => CKK_EC.to_ne_bytes().to_vec(),
        CKA_LABEL => label.as_bytes().to_vec(),
        CKA_ID => vec![id],
        CKA_EC_PARAMS => P256.to_vec(),
        CKA_SIGN => vec![u8::from(signs)],
        CKA_ALWAYS_AUTHENTICATE => vec![u8::from(always)],
        _ => return None,
    })
}

unsafe extern "C" fn C_FindObjectsInit(
    session: CK_SESSION_HANDLE,
    template: *mut CK_ATTRIBUTE,
    len: CK_ULONG,
) -> CK_RV {
    // SAFETY: the caller lends as much as it says, and in it.
    let wanted: Vec<_> = unsafe { std::slice::from_raw_parts(template, len as usize) }
        .iter()
        .map(|wanted| unsafe {
            (wanted.type_, std::slice::from_raw_parts(wanted.pValue.cast::<u8>(), wanted.ulValueLen as usize).to_vec())
        })
        .collect();
    let is_logged_in = with(|state| Ok(state.is_logged_in)).unwrap_or(false);
    answer(with_session(session, |session| {
        session.found = (1..=OBJECTS.len() as CK_OBJECT_HANDLE)
            .filter(|object| {
                is_logged_in && wanted.iter().all(|(of, value)| attribute(*object, *of).as_ref() == Some(value))
            })
            .collect();
        Ok(())
    }))
}

unsafe extern "C" fn C_FindObjects(
    session: CK_SESSION_HANDLE,
    out: *mut CK_OBJECT_HANDLE,
    room: CK_ULONG,
    len: *mut CK_ULONG,
) -> CK_RV {
    answer(with_session(session, |session| {
        let some: Vec<_> = session.found.drain(..session.found.len().min(room as usize)).collect();
        // SAFETY: the caller lends as much as it says.
        unsafe {
            std::ptr::copy_nonoverlapping(some.as_ptr(), out, some.len());
            *len = some.len() as CK_ULONG;
        }
        Ok(())
    }))
}

unsafe extern "C" fn C_FindObjectsFinal(_: CK_SESSION_HANDLE) -> CK_RV {
    CKR_OK
}

unsafe extern "C" fn C_GetAttributeValue(
    session: CK_SESSION_HANDLE,
    object: CK_OBJECT_HANDLE,
    template: *mut CK_ATTRIBUTE,
    len: CK_ULONG,
) -> CK_RV {
    answer(with_session(session, |_| {
        let mut outcome = Ok(());
        // SAFETY: the caller lends as much as it says, and in it.
        for wanted in unsafe { std::slice::from_raw_parts_mut(template, len as usize) } {
            let Some(value) = attribute(object, wanted.type_) else {
                wanted.ulValueLen = CK_UNAVAILABLE_INFORMATION;
                outcome = Err(CKR_ATTRIBUTE_TYPE_INVALID);
                continue;
            };
            // SAFETY: as above.
            let value = unsafe { list(&value, wanted.pValue.cast::<u8>(), &mut wanted.ulValueLen) };
            if value != CKR_OK {
                outcome = Err(value);
            }
        }
        outcome
    }))
}

unsafe extern "C" fn C_SignInit(
    session: CK_SESSION_HANDLE,
    mechanism: *mut CK_MECHANISM,
    key: CK_OBJECT_HANDLE,
) -> CK_RV {
    called("C_SignInit");
    // SAFETY: the caller lends it.
    let mechanism = unsafe { (*mechanism).mechanism };
    answer(with_session(session, |session| {
        let (_, _, wants_login, signs) = *OBJECTS.get(key as usize - 1).ok_or(CKR_KEY_HANDLE_INVALID)?;
        match () {
            () if session.signing.is_some() => Err(CKR_OPERATION_ACTIVE),
            () if !signs => Err(CKR_KEY_FUNCTION_NOT_PERMITTED),
            () if is_ordered("mechanism") && mechanism == CKM_ECDSA => Err(CKR_MECHANISM_INVALID),
            () => {
                session.signing = Some(Signing { mechanism, wants_login, data: Vec::new() });
                Ok(())
            }
        }
    }))
}

unsafe fn sign(session: CK_SESSION_HANDLE, data: Option<&[u8]>, out: *mut u8, len: *mut CK_ULONG) -> CK_RV {
    while is_ordered("hang") {
        if !WARNED.swap(true, Ordering::SeqCst) {
            called("hangs");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let signature = with_session(session, |session| {
        let signing = session.signing.as_mut().ok_or(CKR_OPERATION_NOT_INITIALIZED)?;
        if signing.wants_login {
            return Err(CKR_USER_NOT_LOGGED_IN);
        }
        if out.is_null() {
            return Ok(vec![0; if is_ordered("large") { 144 } else { 64 }]);
        }
        let signing = session.signing.take().ok_or(CKR_OPERATION_NOT_INITIALIZED)?;
        if is_ordered("fail") {
            return Err(CKR_DEVICE_ERROR);
        }
        let data = data.unwrap_or(&signing.data);
        let der = rustls_pki_types::PrivatePkcs8KeyDer::from_pem_slice(KEY).unwrap();
        let key = SigningKey::from_pkcs8_der(der.secret_pkcs8_der()).unwrap();
        let signature: Signature = match signing.mechanism {
            CKM_ECDSA => key.sign_prehash(data).map_err(|_| CKR_DATA_LEN_RANGE)?,
            _ => key.sign(data),
        };
        let mut signature = signature.to_bytes().to_vec();
        if is_ordered("odd") {
            signature.pop();
        }
        Ok(signature)
    });
    match signature {
        // SAFETY: the caller lends as much as it says.
        Ok(signature) => unsafe { list(&signature, out, len) },
        Err(value) => {
            let _ = with_session(session, |session| Ok(session.signing.take()));
            value
        }
    }
}

unsafe extern "C" fn C_Sign(
    session: CK_SESSION_HANDLE,
    data: *mut u8,
    data_len: CK_ULONG,
    out: *mut u8,
    len: *mut CK_ULONG,
) -> CK_RV {
    called("C_Sign");
    // SAFETY: the caller lends as much as it says.
    unsafe { sign(session, Some(std::slice::from_raw_parts(data, data_len as usize)), out, len) }
}

unsafe extern "C" fn C_SignUpdate(session: CK_SESSION_HANDLE, data: *mut u8, len: CK_ULONG) -> CK_RV {
    called("C_SignUpdate");
    answer(with_session(session, |session| {
        let signing = session.signing.as_mut().ok_or(CKR_OPERATION_NOT_INITIALIZED)?;
        if signing.wants_login {
            return Err(CKR_USER_NOT_LOGGED_IN);
        }
        // SAFETY: the caller lends as much as it says.
        signing.data.extend(unsafe { std::slice::from_raw_parts(data, len as usize) });
        Ok(())
    }))
}

unsafe extern "C" fn C_SignFinal(session: CK_SESSION_HANDLE, out: *mut u8, len: *mut CK_ULONG) -> CK_RV {
    called("C_SignFinal");
    // SAFETY: as it was lent.
    unsafe { sign(session, None, out, len) }
}

/// What every module has.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_GetFunctionList(out: *mut *mut CK_FUNCTION_LIST) -> CK_RV {
    if let Some((list, _)) = spy::lists() {
        // SAFETY: the caller lends it.
        unsafe { *out = list };
        return CKR_OK;
    }
    let list = CK_FUNCTION_LIST {
        version: CK_VERSION { major: 2, minor: 40 },
        C_Initialize: Some(C_Initialize),
        C_Finalize: Some(C_Finalize),
        C_GetInfo: Some(C_GetInfo),
        C_GetSlotList: Some(C_GetSlotList),
        C_GetSlotInfo: Some(C_GetSlotInfo),
        C_GetTokenInfo: Some(C_GetTokenInfo),
        C_GetMechanismList: Some(C_GetMechanismList),
        C_OpenSession: Some(C_OpenSession),
        C_CloseSession: Some(C_CloseSession),
        C_Login: Some(C_Login),
        C_FindObjectsInit: Some(C_FindObjectsInit),
        C_FindObjects: Some(C_FindObjects),
        C_FindObjectsFinal: Some(C_FindObjectsFinal),
        C_GetAttributeValue: Some(C_GetAttributeValue),
        C_SignInit: Some(C_SignInit),
        C_Sign: Some(C_Sign),
        C_SignUpdate: Some(C_SignUpdate),
        C_SignFinal: Some(C_SignFinal),
        // SAFETY: a list of functions that are not there is all zeros.
        ..unsafe { std::mem::zeroed() }
    };
    // SAFETY: the caller lends it; a list is never given back.
    unsafe { *out = Box::leak(Box::new(list)) };
    CKR_OK
}

/// None, unless it is the spy: the mock is of PKCS#11 2.40.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_GetInterface(
    _: *mut CK_UTF8CHAR,
    _: *mut CK_VERSION,
    out: *mut *mut CK_INTERFACE,
    _: CK_FLAGS,
) -> CK_RV {
    // SAFETY: the caller lends it.
    unsafe { *out = spy::lists().map_or(std::ptr::null_mut(), |(_, interface)| interface) };
    CKR_OK
}
