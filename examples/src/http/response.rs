//! Responses, as a client reads them.

use super::chunked::Chunked;
use super::{MAX_FIELDS, MAX_HEAD_LEN, Malformed, length, lists};

/// A response to a GET, read as it comes.
#[derive(Debug, Default)]
pub struct Response {
    head: Vec<u8>,
    body: Body,
    status: Option<(u16, String)>,
}

#[derive(Debug, Default)]
enum Body {
    /// The head is not complete.
    #[default]
    Unknown,
    /// This many bytes are to come.
    Length(u64),
    Chunked(Chunked),
    /// As much as comes.
    UntilClose,
}

impl Response {
    /// The status code and its reason, once the head is complete.
    #[must_use]
    pub const fn status(&self) -> Option<&(u16, String)> {
        self.status.as_ref()
    }

    /// Whether all of it has come. One that ends with the connection never says so itself.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        match &self.body {
            Body::Length(left) => *left == 0,
            Body::Chunked(chunked) => chunked.is_complete(),
            Body::Unknown | Body::UntilClose => false,
        }
    }

    /// Whether the end of the connection is the end of the body.
    #[must_use]
    pub const fn ends_with_connection(&self) -> bool {
        matches!(self.body, Body::UntilClose)
    }

    /// Reads more of it, and gives what belongs to the body to `output`.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn read(&mut self, input: &[u8], output: &mut impl FnMut(&[u8])) -> Result<(), Malformed> {
        match &mut self.body {
            Body::Unknown => {
                self.head.extend_from_slice(input);
                while matches!(self.body, Body::Unknown) {
                    let Some(head_len) = self.parse_head()? else { return Ok(()) };
                    self.head.drain(..head_len);
                }
                let rest = std::mem::take(&mut self.head);
                return self.read(&rest, output);
            }
            Body::Length(left) => {
                let count = usize::try_from(*left).unwrap_or(usize::MAX).min(input.len());
                output(input.get(..count).unwrap_or_default());
                *left -= count as u64;
            }
            Body::Chunked(chunked) => {
                chunked.decode(input, output)?;
            }
            Body::UntilClose => output(input),
        }
        Ok(())
    }

    /// Parses the head, if it is complete, and returns its length. A head with a 1xx status is only an announcement.
    fn parse_head(&mut self) -> Result<Option<usize>, Malformed> {
        let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
        let mut response = httparse::Response::new(&mut fields);
        let head_len = match response.parse(&self.head) {
            Ok(httparse::Status::Complete(len)) => len,
            Ok(httparse::Status::Partial) if self.head.len() > MAX_HEAD_LEN => {
                return Err(Malformed("the head of the response is too long"));
            }
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(_) => return Err(Malformed("the response is not HTTP/1.1")),
        };
        let code = response.code.unwrap_or(0);
        if code / 100 == 1 {
            return Ok(Some(head_len));
        }
        let mut body = Body::UntilClose;
        for field in &*response.headers {
            if field.name.eq_ignore_ascii_case("Transfer-Encoding") && lists(field.value, "chunked") {
                body = Body::Chunked(Chunked::default());
            } else if field.name.eq_ignore_ascii_case("Content-Length") && !matches!(body, Body::Chunked(_)) {
                body = Body::Length(length(field.value)?);
            }
        }
        if matches!(code, 204 | 304) {
            body = Body::Length(0);
        }
        self.status = Some((code, response.reason.unwrap_or_default().to_owned()));
        self.body = body;
        Ok(Some(head_len))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, piece_len: usize) -> Result<(String, Response), Malformed> {
        let (mut response, mut body) = (Response::default(), Vec::new());
        for piece in text.as_bytes().chunks(piece_len) {
            response.read(piece, &mut |data| body.extend_from_slice(data))?;
        }
        Ok((String::from_utf8_lossy(&body).into_owned(), response))
    }

    #[test]
    fn with_a_length() {
        let text = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello, and more that is not ours";
        for piece_len in 1..text.len() {
            let (body, response) = read(text, piece_len).expect("valid");
            assert_eq!((body.as_str(), response.is_complete()), ("hello", true));
            assert_eq!(response.status(), Some(&(200, "OK".into())));
        }
        let (body, response) = read(&text[..text.len() - 30], 100).expect("valid");
        assert_eq!((body.as_str(), response.is_complete()), ("he", false));
    }

    #[test]
    fn in_chunks_after_an_announcement() {
        let text = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 404 Not Found\r\ncontent-length: 99\r\n\
                    transfer-encoding: gzip, Chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
        for piece_len in 1..text.len() {
            let (body, response) = read(text, piece_len).expect("valid");
            assert_eq!((body.as_str(), response.is_complete()), ("abc", true));
            assert_eq!(response.status().map(|status| status.0), Some(404));
        }
    }

    #[test]
    fn until_the_end() {
        let (body, response) = read("HTTP/1.0 200 ok\r\n\r\nas much as comes", 7).expect("valid");
        assert_eq!(body, "as much as comes");
        assert!(response.ends_with_connection() && !response.is_complete());
    }

    #[test]
    fn without_a_body() {
        let (body, response) = read("HTTP/1.1 204 No Content\r\n\r\n", 100).expect("valid");
        assert!(body.is_empty() && response.is_complete());
    }

    #[test]
    fn nonsense_is_refused() {
        let long = format!("HTTP/1.1 200 OK\r\nx: {}", "y".repeat(MAX_HEAD_LEN));
        for text in ["SSH-2.0-x\r\n", "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\n", &long] {
            assert!(read(text, 1000).is_err(), "{text:.40}");
        }
    }
}
