//! The chunked transfer coding (RFC 9112 7.1), decoded as it comes.

use super::Malformed;

/// The longest line between chunks, in bytes; our choice.
const MAX_LINE_LEN: usize = 4096;

/// A body in chunks.
#[derive(Debug, Default)]
pub struct Chunked {
    state: State,
    line: Vec<u8>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    /// In the line with the size of the next chunk.
    #[default]
    Size,
    /// This many bytes of the chunk are to come.
    Data(u64),
    /// At the line end behind a chunk.
    DataEnd,
    /// In the lines behind the last chunk.
    Trailer,
    Complete,
}

impl Chunked {
    /// Whether the body has ended.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.state == State::Complete
    }

    /// Decodes `input`, gives the data in it to `output`, and returns how many bytes belonged to the body.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn decode(&mut self, input: &[u8], mut output: impl FnMut(&[u8])) -> Result<usize, Malformed> {
        let mut rest = input;
        while !rest.is_empty() && !self.is_complete() {
            if let State::Data(left) = self.state {
                let count = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
                let (data, behind) = rest.split_at(count);
                output(data);
                rest = behind;
                let left = left - count as u64;
                self.state = if left == 0 { State::DataEnd } else { State::Data(left) };
                continue;
            }
            rest = self.line(rest)?;
        }
        Ok(input.len() - rest.len())
    }

    /// Takes bytes of a line, and acts when it is complete.
    fn line<'i>(&mut self, input: &'i [u8]) -> Result<&'i [u8], Malformed> {
        let end = input.iter().position(|&byte| byte == b'\n').map(|at| at + 1);
        let (part, rest) = input.split_at(end.unwrap_or(input.len()));
        self.line.extend_from_slice(part);
        if self.line.len() > MAX_LINE_LEN {
            return Err(Malformed("a line between chunks is too long"));
        }
        if end.is_none() {
            return Ok(rest);
        }
        self.state = match self.state {
            State::Size => self.size()?,
            State::DataEnd if self.line == b"\r\n" => State::Size,
            State::DataEnd => return Err(Malformed("no line end behind a chunk")),
            _ if self.line == b"\r\n" => State::Complete,
            other => other,
        };
        self.line.clear();
        Ok(rest)
    }

    fn size(&self) -> Result<State, Malformed> {
        if !self.line.first().is_some_and(u8::is_ascii_hexdigit) {
            return Err(Malformed("a chunk without a size"));
        }
        match httparse::parse_chunk_size(&self.line) {
            Ok(httparse::Status::Complete((_, 0))) => Ok(State::Trailer),
            Ok(httparse::Status::Complete((_, size))) => Ok(State::Data(size)),
            _ => Err(Malformed("the size of a chunk is not a number")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = b"5;name=value\r\nhello\r\n1\r\n,\r\n00006\r\n world\r\n0\r\nTrailer: yes\r\n\r\n";

    fn decode(pieces: &[&[u8]]) -> Result<(Vec<u8>, bool, usize), Malformed> {
        let (mut chunked, mut out, mut used) = (Chunked::default(), Vec::new(), 0);
        for piece in pieces {
            used += chunked.decode(piece, |data| out.extend_from_slice(data))?;
        }
        Ok((out, chunked.is_complete(), used))
    }

    #[test]
    fn cut_anywhere() {
        for cut in 0..=BODY.len() {
            let (head, tail) = BODY.split_at(cut);
            assert_eq!(decode(&[head, tail]), Ok((b"hello, world".to_vec(), true, BODY.len())), "cut at {cut}");
        }
        let single: Vec<&[u8]> = BODY.chunks(1).collect();
        assert_eq!(decode(&single), Ok((b"hello, world".to_vec(), true, BODY.len())));
    }

    #[test]
    fn what_follows_is_left() {
        let both = [BODY, b"HTTP/1.1"].concat();
        assert_eq!(decode(&[&both]), Ok((b"hello, world".to_vec(), true, BODY.len())));
    }

    #[test]
    fn incomplete_is_not_complete() {
        for len in 0..BODY.len() {
            assert_eq!(decode(&[&BODY[..len]]).map(|(_, complete, _)| complete), Ok(false), "first {len} bytes");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        let long = [b"1;".as_slice(), &[b'x'; 5000]].concat();
        for body in [&b"x\r\n"[..], b"\r\n", b"-1\r\n", b"2\r\nabc\r\n", b"fffffffffffffffff\r\n", &long] {
            assert!(decode(&[body]).is_err(), "{}", body.escape_ascii());
        }
    }
}
