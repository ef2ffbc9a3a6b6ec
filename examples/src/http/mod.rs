//! As much of HTTP/1.1 (RFC 9112) as fetching and serving files takes.

pub mod chunked;
pub mod files;
pub mod request;
pub mod response;

/// The longest head of a message, in bytes; our choice.
pub const MAX_HEAD_LEN: usize = 1 << 15;

/// The most header fields in a message; our choice.
pub const MAX_FIELDS: usize = 100;

/// How a message cannot be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed(pub &'static str);

/// Whether the list in the field `value` names `token`, in any case.
fn lists(value: &[u8], token: &str) -> bool {
    value.split(|&byte| byte == b',').any(|item| item.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
}

/// A Content-Length: digits only.
fn length(value: &[u8]) -> Result<u64, Malformed> {
    let text = value.trim_ascii();
    let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    let number = std::str::from_utf8(text).ok().filter(|_| digits).and_then(|text| text.parse().ok());
    number.ok_or(Malformed("Content-Length is not a number"))
}
