//! Requests, as a server reads them.

use super::{MAX_FIELDS, MAX_HEAD_LEN, lists};

/// Whether an Accept field names this type, whatever else it says of it.
fn accepts(value: &[u8], media_type: &str) -> bool {
    let mut types = value.split(|&byte| byte == b',').filter_map(|item| item.split(|&byte| byte == b';').next());
    types.any(|name| name.trim_ascii().eq_ignore_ascii_case(media_type.as_bytes()))
}

/// What a client asks for.
#[derive(Debug, PartialEq, Eq)]
pub struct Request {
    /// HEAD: the answer has no body.
    pub head_only: bool,
    /// The target, as sent.
    pub target: String,
    /// Whether it is a browser's, or another program's that shows HTML.
    pub accepts_html: bool,
    /// Whether the connection may serve another request.
    pub keep_alive: bool,
    /// How many bytes of input it took.
    pub len: usize,
}

/// What can be said about the beginning of some input.
#[derive(Debug, PartialEq, Eq)]
pub enum Parsed {
    /// More must come.
    Incomplete,
    /// A request we can answer.
    Request(Request),
    /// Something we cannot: the status code and reason. Then the connection ends.
    Refused(u16, &'static str),
}

/// Parses what stands at the beginning of `input`.
#[must_use]
pub fn parse(input: &[u8]) -> Parsed {
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut request = httparse::Request::new(&mut fields);
    let len = match request.parse(input) {
        Ok(httparse::Status::Complete(len)) if len <= MAX_HEAD_LEN => len,
        Ok(httparse::Status::Partial) if input.len() <= MAX_HEAD_LEN => return Parsed::Incomplete,
        Ok(_) | Err(httparse::Error::TooManyHeaders) => {
            return Parsed::Refused(431, "Request Header Fields Too Large");
        }
        Err(httparse::Error::Version) => return Parsed::Refused(505, "HTTP Version Not Supported"),
        Err(_) => return Parsed::Refused(400, "Bad Request"),
    };
    let field = |name: &'static str| request.headers.iter().filter(move |field| field.name.eq_ignore_ascii_case(name));
    let is_1_1 = request.version == Some(1);
    // RFC 9112 3.2.
    if field("Host").count() > 1 || (is_1_1 && field("Host").next().is_none()) {
        return Parsed::Refused(400, "Bad Request");
    }
    let head_only = match request.method {
        Some("GET") => false,
        Some("HEAD") => true,
        _ => return Parsed::Refused(405, "Method Not Allowed"),
    };
    // A body says nothing to us, and is not worth finding the end of.
    let has_body = field("Transfer-Encoding").next().is_some()
        || field("Content-Length").any(|field| field.value.trim_ascii() != b"0");
    let wants = |token| field("Connection").any(|field| lists(field.value, token));
    let keep_alive = !has_body && !wants("close") && (is_1_1 || wants("keep-alive"));
    let accepts_html = field("Accept").any(|field| accepts(field.value, "text/html"));
    let target = request.path.unwrap_or_default().to_owned();
    Parsed::Request(Request { head_only, target, accepts_html, keep_alive, len })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(text: &str) -> Request {
        match parse(text.as_bytes()) {
            Parsed::Request(request) => request,
            other => panic!("{text:?}: {other:?}"),
        }
    }

    #[test]
    fn persistence_is_as_rfc_9112_says() {
        for (text, keep_alive) in [
            ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", true),
            ("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n", false),
            ("GET / HTTP/1.0\r\n\r\n", false),
            ("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true),
            ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", false),
            ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", true),
        ] {
            assert_eq!(request(text).keep_alive, keep_alive, "{text:?}");
        }
    }

    #[test]
    fn the_next_request_is_left() {
        let text = "HEAD /a%20b?c HTTP/1.1\r\nHost: a\r\n\r\nGET ";
        let expected = Request {
            head_only: true,
            target: "/a%20b?c".into(),
            accepts_html: false,
            keep_alive: true,
            len: text.len() - 4,
        };
        assert_eq!(request(text), expected);
    }

    #[test]
    fn what_is_cut_off_is_incomplete() {
        let text = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        for len in 0..text.len() {
            assert_eq!(parse(&text.as_bytes()[..len]), Parsed::Incomplete, "first {len} bytes");
        }
    }

    #[test]
    fn what_we_cannot_do_is_refused() {
        let fields = "a: b\r\n".repeat(MAX_FIELDS + 1);
        let many = format!("GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n");
        let long = format!("GET /{}", "x".repeat(MAX_HEAD_LEN));
        for (text, status) in [
            ("GET / HTTP/1.1\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
            ("\x16\x03\x01\x02\x00", 400),
            ("POST / HTTP/1.1\r\nHost: a\r\n\r\n", 405),
            ("GET / HTTP/3.0\r\n\r\n", 505),
            (&many, 431),
            (&long, 431),
        ] {
            assert!(matches!(parse(text.as_bytes()), Parsed::Refused(code, _) if code == status), "{text:.40}");
        }
    }

    #[test]
    fn browsers_take_html_and_others_do_not_ask() {
        for (accept, expected) in [
            ("text/html,application/xhtml+xml,*/*;q=0.8", true),
            ("application/json, Text/HTML;q=0.5", true),
            ("*/*", false),
            ("text/plain", false),
        ] {
            let request = request(&format!("GET / HTTP/1.1\r\nHost: h\r\nAccept: {accept}\r\n\r\n"));
            assert_eq!(request.accepts_html, expected, "{accept}");
        }
    }
}
