//! Record protection by the functions of a module themselves.
//!
//! The crate `cryptoki` asks for the length of each record first, copies it, does not know ChaCha20-Poly1305, and calls
//! `C_Encrypt` in a way that NSS refuses. Here a record is one call, in place.

use cryptoki::context::Function;
use cryptoki::error::{Error, Result, Rv, RvError};
use cryptoki_sys::*;
use std::ffi::c_void;
use std::path::Path;
use std::ptr::null_mut;

/// Length of the tag of each AEAD here.
const TAG_LEN: usize = 16;

/// `CKR_AEAD_DECRYPT_FAILED` of PKCS#11 3.0.
const CKR_AEAD_DECRYPT_FAILED: CK_RV = 0x42;

/// The functions of a module: 2.40, and those of 3.0 where it has them.
pub(crate) struct Functions {
    basic: CK_FUNCTION_LIST,
    messages: Option<CK_FUNCTION_LIST_3_0>,
    // What the functions are in.
    _library: Pkcs11,
}

/// An AEAD of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cipher {
    AesGcm,
    ChaCha20Poly1305,
}

/// Which way records go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Seal,
    Open,
}

/// Who makes the nonce of a record that is sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nonces {
    Ours,
    /// The token's counter, in the last bits of the nonce that is given.
    Counted,
}

/// What became of a record.
pub(crate) type Outcome = std::result::Result<(), Failure>;

/// Why a record was not sealed or opened.
pub(crate) enum Failure {
    /// It is none that was sealed with this key.
    Forged,
    Token(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Token(error)
    }
}

fn check(value: CK_RV, function: Function) -> Result<()> {
    Rv::from(value).into_result(function)
}

fn outcome(value: CK_RV, function: Function) -> Outcome {
    match value {
        CKR_ENCRYPTED_DATA_INVALID | CKR_ENCRYPTED_DATA_LEN_RANGE | CKR_AEAD_DECRYPT_FAILED => Err(Failure::Forged),
        value => Ok(check(value, function)?),
    }
}

/// A function that the module's list has.
fn there<T>(function: Option<T>) -> Result<T> {
    function.ok_or(Error::NullFunctionPointer)
}

/// Lengths are those of records.
fn length(len: usize) -> CK_ULONG {
    len as CK_ULONG
}

impl Functions {
    /// Of the module at `path`, which is loaded already: the loader counts, and loads nothing twice.
    #[allow(unsafe_code)]
    pub(crate) fn of(path: &Path) -> Result<Self> {
        // SAFETY: the file is a PKCS#11 module that is in use. What its functions return are lists of functions that
        // stay where they are as long as it is loaded, of the versions that they say.
        unsafe {
            let library = Pkcs11::new(path).map_err(Error::LibraryLoading)?;
            let mut list = null_mut();
            let get = library.C_GetFunctionList.as_ref().map_err(|_| Error::MissingSymbol("C_GetFunctionList"))?;
            check(get(&mut list), Function::GetFunctionList)?;
            let basic = *list.as_ref().ok_or(Error::NullFunctionPointer)?;
            let mut interface: *mut CK_INTERFACE = null_mut();
            let is_newer = library
                .C_GetInterface
                .as_ref()
                .is_ok_and(|get| get(null_mut(), null_mut(), &mut interface, 0) == CKR_OK && !interface.is_null());
            let newer = if is_newer { (*interface).pFunctionList.cast::<CK_FUNCTION_LIST_3_0>() } else { null_mut() };
            let messages = newer.as_ref().filter(|list| list.version.major >= 3).copied();
            Ok(Self { basic, messages, _library: library })
        }
    }

    fn messages(&self) -> Result<&CK_FUNCTION_LIST_3_0> {
        self.messages.as_ref().ok_or(Error::NullFunctionPointer)
    }

    /// A session for records. It is closed by [`close`](Self::close), or with the module.
    #[allow(unsafe_code)]
    pub(crate) fn open_session(&self, slot: u64) -> Result<CK_SESSION_HANDLE> {
        let open = there(self.basic.C_OpenSession)?;
        let mut session = 0;
        // SAFETY: the module is started, and the handle is ours.
        let opened = unsafe { open(slot as CK_SLOT_ID, CKF_SERIAL_SESSION, null_mut(), None, &mut session) };
        check(opened, Function::OpenSession)?;
        Ok(session)
    }

    /// Closes a session. One that cannot be closed is left.
    #[allow(unsafe_code)]
    pub(crate) fn close(&self, session: CK_SESSION_HANDLE) {
        if let Some(close) = self.basic.C_CloseSession {
            // SAFETY: a handle is a number.
            let _ = unsafe { close(session) };
        }
    }

    /// Reads the value of an object that is no secret to the front of `out`. Returns its length; of one that is longer
    /// nothing is read.
    #[allow(unsafe_code)]
    pub(crate) fn value(&self, session: CK_SESSION_HANDLE, object: CK_OBJECT_HANDLE, out: &mut [u8]) -> Result<usize> {
        let read = there(self.basic.C_GetAttributeValue)?;
        let mut wanted =
            CK_ATTRIBUTE { type_: CKA_VALUE, pValue: out.as_mut_ptr().cast(), ulValueLen: length(out.len()) };
        // SAFETY: the value goes to what is borrowed for the call, with its length.
        check(unsafe { read(session, object, &mut wanted, 1) }, Function::GetAttributeValue)?;
        Ok(wanted.ulValueLen as usize)
    }

    /// Begins to seal or open messages with a key.
    #[allow(unsafe_code)]
    pub(crate) fn begin(
        &self,
        session: CK_SESSION_HANDLE,
        (cipher, direction): (Cipher, Direction),
        key: CK_OBJECT_HANDLE,
    ) -> Result<()> {
        let list = self.messages()?;
        let (begin, function) = match direction {
            Direction::Seal => (there(list.C_MessageEncryptInit)?, Function::MessageEncryptInit),
            Direction::Open => (there(list.C_MessageDecryptInit)?, Function::MessageDecryptInit),
        };
        let mechanism = match cipher {
            Cipher::AesGcm => CKM_AES_GCM,
            Cipher::ChaCha20Poly1305 => CKM_CHACHA20_POLY1305,
        };
        let mut mechanism = CK_MECHANISM { mechanism, pParameter: null_mut(), ulParameterLen: 0 };
        // SAFETY: the mechanism outlives the call; parameters come with each message.
        check(unsafe { begin(session, &mut mechanism, key) }, function)
    }

    /// Ends what [`begin`](Self::begin) began.
    #[allow(unsafe_code)]
    pub(crate) fn end(&self, session: CK_SESSION_HANDLE, direction: Direction) -> Result<()> {
        let list = self.messages()?;
        let (end, function) = match direction {
            Direction::Seal => (there(list.C_MessageEncryptFinal)?, Function::MessageEncryptFinal),
            Direction::Open => (there(list.C_MessageDecryptFinal)?, Function::MessageDecryptFinal),
        };
        // SAFETY: a handle is a number.
        check(unsafe { end(session) }, function)
    }

    /// Seals or opens a record, text and tag, in place. `nonce` becomes the one that the token took.
    #[allow(unsafe_code)]
    pub(crate) fn message(
        &self,
        session: CK_SESSION_HANDLE,
        (cipher, direction): (Cipher, Direction),
        nonces: Nonces,
        nonce: &mut [u8; 12],
        aad: &[u8],
        record: &mut [u8],
    ) -> Outcome {
        let list = self.messages()?;
        let text_len = record.len().checked_sub(TAG_LEN).ok_or(Failure::Forged)?;
        let (text, tag) = record.split_at_mut(text_len);
        let mut gcm = CK_GCM_MESSAGE_PARAMS {
            pIv: nonce.as_mut_ptr(),
            ulIvLen: length(nonce.len()),
            ulIvFixedBits: 0,
            ivGenerator: if nonces == Nonces::Counted { CKG_GENERATE_COUNTER_XOR } else { CKG_NO_GENERATE },
            pTag: tag.as_mut_ptr(),
            ulTagBits: length(8 * TAG_LEN),
        };
        let mut chacha = CK_SALSA20_CHACHA20_POLY1305_MSG_PARAMS {
            pNonce: nonce.as_mut_ptr(),
            ulNonceLen: length(nonce.len()),
            pTag: tag.as_mut_ptr(),
        };
        let (parameters, parameters_len): (*mut c_void, _) = match cipher {
            Cipher::AesGcm => ((&raw mut gcm).cast(), size_of_val(&gcm)),
            Cipher::ChaCha20Poly1305 => ((&raw mut chacha).cast(), size_of_val(&chacha)),
        };
        let text = text.as_mut_ptr();
        let mut written = length(text_len);
        // They take the same.
        let (call, function) = match direction {
            Direction::Seal => (there(list.C_EncryptMessage)?, Function::EncryptMessage),
            Direction::Open => (there(list.C_DecryptMessage)?, Function::DecryptMessage),
        };
        // SAFETY: all pointers are to what is borrowed for the call, with its length; where text is and where text
        // will be may be the same place (PKCS#11 5.2). Additional data is not written to.
        let value = unsafe {
            call(
                session,
                parameters,
                length(parameters_len),
                aad.as_ptr().cast_mut(),
                length(aad.len()),
                text,
                length(text_len),
                text,
                &mut written,
            )
        };
        outcome(value, function)?;
        of_length(written, text_len, function)
    }

    /// Seals or opens a record in place, with a nonce of ours, as PKCS#11 2.40 does: an operation for each.
    #[allow(unsafe_code)]
    pub(crate) fn single(
        &self,
        session: CK_SESSION_HANDLE,
        (cipher, direction): (Cipher, Direction),
        key: CK_OBJECT_HANDLE,
        nonce: &[u8; 12],
        aad: &[u8],
        record: &mut [u8],
    ) -> Outcome {
        let text_len = record.len().checked_sub(TAG_LEN).ok_or(Failure::Forged)?;
        let (nonce_at, aad_at) = (nonce.as_ptr().cast_mut(), aad.as_ptr().cast_mut());
        let mut gcm = CK_GCM_PARAMS {
            pIv: nonce_at,
            ulIvLen: length(nonce.len()),
            // NSS wants to be told in bits, too.
            ulIvBits: length(8 * nonce.len()),
            pAAD: aad_at,
            ulAADLen: length(aad.len()),
            ulTagBits: length(8 * TAG_LEN),
        };
        let mut chacha = CK_SALSA20_CHACHA20_POLY1305_PARAMS {
            pNonce: nonce_at,
            ulNonceLen: length(nonce.len()),
            pAAD: aad_at,
            ulAADLen: length(aad.len()),
        };
        let (mechanism, parameters, len): (_, *mut c_void, _) = match cipher {
            Cipher::AesGcm => (CKM_AES_GCM, (&raw mut gcm).cast(), size_of_val(&gcm)),
            Cipher::ChaCha20Poly1305 => (CKM_CHACHA20_POLY1305, (&raw mut chacha).cast(), size_of_val(&chacha)),
        };
        let mut mechanism = CK_MECHANISM { mechanism, pParameter: parameters, ulParameterLen: length(len) };
        let (from_len, to_len) = match direction {
            Direction::Seal => (text_len, record.len()),
            Direction::Open => (record.len(), text_len),
        };
        let at = record.as_mut_ptr();
        // Some tell no length but that of the whole record.
        let mut written = length(record.len());
        // SAFETY: as for `message`; nonce and additional data are not written to, as nobody is asked to make a nonce.
        let (value, function) = unsafe {
            match direction {
                Direction::Seal => {
                    let (begin, seal) = (there(self.basic.C_EncryptInit)?, there(self.basic.C_Encrypt)?);
                    check(begin(session, &mut mechanism, key), Function::EncryptInit)?;
                    (seal(session, at, length(from_len), at, &mut written), Function::Encrypt)
                }
                Direction::Open => {
                    let (begin, open) = (there(self.basic.C_DecryptInit)?, there(self.basic.C_Decrypt)?);
                    check(begin(session, &mut mechanism, key), Function::DecryptInit)?;
                    (open(session, at, length(from_len), at, &mut written), Function::Decrypt)
                }
            }
        };
        outcome(value, function)?;
        of_length(written, to_len, function)
    }
}

/// What has another length than it must is no record.
fn of_length(written: CK_ULONG, len: usize, function: Function) -> Outcome {
    if written == length(len) {
        return Ok(());
    }
    Err(Failure::Token(Error::Pkcs11(RvError::DataLenRange, function)))
}
