//! The module between us and another one, whose file the environment names by `SAITLS_SPY_ON`. It passes all calls on,
//! and writes those that make, read or move keys to the file that the environment names by `SAITLS_SPY_LOG`: one a
//! line, with values in hexadecimal digits.
//!
//! It does what the file says that the environment names by `SAITLS_SPY_ORDERS`, if it is there, one word a line:
//!
//! * `old`, from the start: there is no interface for messages.
//! * `locked`: the token wants a login, which the spy itself answers; `changed`: the PIN is wrong.
//! * `gone`: there are no sessions and none are opened.
//! * `stuck`: `C_Encrypt` fails, and leaves the operation open.

use cryptoki_sys::*;
use std::ffi::c_void;
use std::fmt::Write as _;
use std::io::Write as _;
use std::ptr::null_mut;
use std::sync::OnceLock;

/// The functions of the other module.
struct Other {
    list: CK_FUNCTION_LIST_3_0,
    _library: Pkcs11,
}

static OTHER: OnceLock<Option<Other>> = OnceLock::new();

fn other() -> Option<&'static Other> {
    let load = || {
        let path = std::env::var_os("SAITLS_SPY_ON")?;
        // SAFETY: tests name a module, and it is never unloaded.
        unsafe {
            let library = Pkcs11::new(path).expect("the module that is spied on loads");
            let mut interface: *mut CK_INTERFACE = null_mut();
            let get = library.C_GetInterface.as_ref().expect("it is of PKCS#11 3.0");
            assert_eq!(get(null_mut(), null_mut(), &mut interface, 0), CKR_OK);
            let list = *(*interface).pFunctionList.cast::<CK_FUNCTION_LIST_3_0>();
            assert!(list.version.major >= 3);
            Some(Other { list, _library: library })
        }
    };
    OTHER.get_or_init(load).as_ref()
}

fn there() -> &'static CK_FUNCTION_LIST_3_0 {
    &other().unwrap().list
}

/// The lists of functions, if there is another module.
pub(crate) fn lists() -> Option<(*mut CK_FUNCTION_LIST, *mut CK_INTERFACE)> {
    static LISTS: OnceLock<Option<(usize, usize)>> = OnceLock::new();
    let make = || {
        let mut newer = other()?.list;
        newer.version = CK_VERSION { major: 3, minor: 0 };
        newer.C_CreateObject = Some(create_object);
        newer.C_GetAttributeValue = Some(get_attribute_value);
        newer.C_DeriveKey = Some(derive_key);
        newer.C_GenerateKeyPair = Some(generate_key_pair);
        newer.C_DestroyObject = Some(destroy_object);
        newer.C_GetTokenInfo = Some(get_token_info);
        newer.C_OpenSession = Some(open_session);
        newer.C_CloseSession = Some(close_session);
        newer.C_Login = Some(login);
        newer.C_Encrypt = Some(encrypt);
        newer.C_Finalize = Some(finalize);
        if is_ordered("old") {
            newer.C_MessageEncryptInit = None;
            newer.C_MessageDecryptInit = None;
        }
        // What moves or shows keys, and is not used here: it is not there.
        newer.C_WrapKey = None;
        newer.C_UnwrapKey = None;
        newer.C_CopyObject = None;
        newer.C_SetAttributeValue = None;
        newer.C_DigestKey = None;
        newer.C_GetOperationState = None;
        let newer = Box::leak(Box::new(newer));
        // SAFETY: the longer list begins as the shorter one.
        let mut older = unsafe { *(&raw const *newer).cast::<CK_FUNCTION_LIST>() };
        older.version = CK_VERSION { major: 2, minor: 40 };
        let older: *mut CK_FUNCTION_LIST = Box::leak(Box::new(older));
        let list: *mut c_void = (&raw mut *newer).cast();
        let interface = CK_INTERFACE { pInterfaceName: c"PKCS 11".as_ptr() as *mut _, pFunctionList: list, flags: 0 };
        let interface: *mut CK_INTERFACE = Box::leak(Box::new(interface));
        Some((older as usize, interface as usize))
    };
    LISTS.get_or_init(make).map(|(older, interface)| (older as *mut _, interface as *mut _))
}

fn note(line: &str) {
    let file = std::env::var_os("SAITLS_SPY_LOG").expect("tests say where the log is");
    let file = std::fs::OpenOptions::new().create(true).append(true).open(file);
    file.unwrap().write_all(format!("{line}\n").as_bytes()).unwrap();
}

fn is_ordered(word: &str) -> bool {
    let Some(file) = std::env::var_os("SAITLS_SPY_ORDERS") else { return false };
    std::fs::read_to_string(file).is_ok_and(|orders| orders.lines().any(|line| line == word))
}

/// The attributes of a template, by number, with their values.
unsafe fn shown(template: *const CK_ATTRIBUTE, len: CK_ULONG) -> String {
    let mut text = String::new();
    if template.is_null() {
        return text;
    }
    // SAFETY: the caller lends as much as it says, and in it.
    for attribute in unsafe { std::slice::from_raw_parts(template, len as usize) } {
        write!(text, " {:x}=", attribute.type_).unwrap();
        if !attribute.pValue.is_null() && attribute.ulValueLen != CK_UNAVAILABLE_INFORMATION {
            // SAFETY: as above.
            let value =
                unsafe { std::slice::from_raw_parts(attribute.pValue.cast::<u8>(), attribute.ulValueLen as usize) };
            value.iter().for_each(|byte| write!(text, "{byte:02x}").unwrap());
        }
    }
    text
}

/// What an object is: its class, and whether it is sensitive and extractable, as far as it has that.
fn kind(session: CK_SESSION_HANDLE, object: CK_OBJECT_HANDLE) -> String {
    let ask = |of, value: &mut [u8]| {
        let mut template =
            CK_ATTRIBUTE { type_: of, pValue: value.as_mut_ptr().cast(), ulValueLen: value.len() as CK_ULONG };
        // SAFETY: the value is lent with its length.
        unsafe { there().C_GetAttributeValue.unwrap()(session, object, &mut template, 1) == CKR_OK }
    };
    let (mut class, mut flag) = ([0; size_of::<CK_ULONG>()], [0; 1]);
    let class = if ask(CKA_CLASS, &mut class) { CK_ULONG::from_ne_bytes(class) as i64 } else { -1 };
    let sensitive = if ask(CKA_SENSITIVE, &mut flag) { flag[0].to_string() } else { "-".to_owned() };
    let extractable = if ask(CKA_EXTRACTABLE, &mut flag) { flag[0].to_string() } else { "-".to_owned() };
    format!("class {class} sensitive {sensitive} extractable {extractable}")
}

unsafe extern "C" fn create_object(
    session: CK_SESSION_HANDLE,
    template: *mut CK_ATTRIBUTE,
    len: CK_ULONG,
    out: *mut CK_OBJECT_HANDLE,
) -> CK_RV {
    // SAFETY: as it was called.
    unsafe {
        let value = there().C_CreateObject.unwrap()(session, template, len, out);
        note(&format!("create {}:{}", kind(session, *out), shown(template, len)));
        value
    }
}

unsafe extern "C" fn get_attribute_value(
    session: CK_SESSION_HANDLE,
    object: CK_OBJECT_HANDLE,
    template: *mut CK_ATTRIBUTE,
    len: CK_ULONG,
) -> CK_RV {
    // SAFETY: as it was called.
    unsafe {
        let value = there().C_GetAttributeValue.unwrap()(session, object, template, len);
        note(&format!("read {}:{}", kind(session, object), shown(template, len)));
        value
    }
}

unsafe extern "C" fn derive_key(
    session: CK_SESSION_HANDLE,
    mechanism: *mut CK_MECHANISM,
    base: CK_OBJECT_HANDLE,
    template: *mut CK_ATTRIBUTE,
    len: CK_ULONG,
    out: *mut CK_OBJECT_HANDLE,
) -> CK_RV {
    // SAFETY: as it was called.
    unsafe {
        let value = there().C_DeriveKey.unwrap()(session, mechanism, base, template, len, out);
        if value == CKR_OK {
            note(&format!("derive {}:{}", kind(session, *out), shown(template, len)));
        }
        value
    }
}

unsafe extern "C" fn generate_key_pair(
    session: CK_SESSION_HANDLE,
    mechanism: *mut CK_MECHANISM,
    public: *mut CK_ATTRIBUTE,
    public_len: CK_ULONG,
    private: *mut CK_ATTRIBUTE,
    private_len: CK_ULONG,
    public_out: *mut CK_OBJECT_HANDLE,
    private_out: *mut CK_OBJECT_HANDLE,
) -> CK_RV {
    if is_ordered("gone") {
        return CKR_SESSION_HANDLE_INVALID;
    }
    // SAFETY: as it was called.
    unsafe {
        let value = there().C_GenerateKeyPair.unwrap()(
            session,
            mechanism,
            public,
            public_len,
            private,
            private_len,
            public_out,
            private_out,
        );
        if value == CKR_OK {
            note(&format!("generate {}:{}", kind(session, *private_out), shown(private, private_len)));
        }
        value
    }
}

unsafe extern "C" fn destroy_object(session: CK_SESSION_HANDLE, object: CK_OBJECT_HANDLE) -> CK_RV {
    note("destroy");
    // SAFETY: handles are numbers.
    unsafe { there().C_DestroyObject.unwrap()(session, object) }
}

unsafe extern "C" fn get_token_info(slot: CK_SLOT_ID, info: *mut CK_TOKEN_INFO) -> CK_RV {
    // SAFETY: as it was called.
    unsafe {
        let value = there().C_GetTokenInfo.unwrap()(slot, info);
        if value == CKR_OK && is_ordered("locked") {
            (*info).flags |= CKF_LOGIN_REQUIRED | CKF_USER_PIN_INITIALIZED;
        }
        value
    }
}

unsafe extern "C" fn open_session(
    slot: CK_SLOT_ID,
    flags: CK_FLAGS,
    application: *mut c_void,
    notify: CK_NOTIFY,
    out: *mut CK_SESSION_HANDLE,
) -> CK_RV {
    if is_ordered("gone") {
        return CKR_TOKEN_NOT_PRESENT;
    }
    // SAFETY: as it was called.
    unsafe {
        let value = there().C_OpenSession.unwrap()(slot, flags, application, notify, out);
        if value == CKR_OK {
            note("open");
        }
        value
    }
}

unsafe extern "C" fn close_session(session: CK_SESSION_HANDLE) -> CK_RV {
    note("close");
    // SAFETY: handles are numbers.
    unsafe { there().C_CloseSession.unwrap()(session) }
}

unsafe extern "C" fn login(
    session: CK_SESSION_HANDLE,
    user: CK_USER_TYPE,
    pin: *mut CK_UTF8CHAR,
    len: CK_ULONG,
) -> CK_RV {
    note("login");
    if is_ordered("changed") {
        return CKR_PIN_INCORRECT;
    }
    if is_ordered("locked") {
        return CKR_OK;
    }
    // SAFETY: as it was called.
    unsafe { there().C_Login.unwrap()(session, user, pin, len) }
}

unsafe extern "C" fn encrypt(
    session: CK_SESSION_HANDLE,
    data: *mut CK_BYTE,
    len: CK_ULONG,
    out: *mut CK_BYTE,
    out_len: *mut CK_ULONG,
) -> CK_RV {
    if is_ordered("stuck") {
        return CKR_BUFFER_TOO_SMALL;
    }
    // SAFETY: as it was called.
    unsafe { there().C_Encrypt.unwrap()(session, data, len, out, out_len) }
}

unsafe extern "C" fn finalize(reserved: *mut c_void) -> CK_RV {
    note("finalize");
    // SAFETY: as it was called.
    unsafe { there().C_Finalize.unwrap()(reserved) }
}
