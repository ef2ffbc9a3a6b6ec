//! What is said in the clear before TLS begins, where a protocol begins without: SMTP (RFC 3207), IMAP (RFC 9051 6.2.1)
//! and POP3 (RFC 2595 4).

/// How many bytes a server is listened to for; our choice.
const MAX_INPUT_LEN: usize = 1 << 14;

/// A protocol that begins in the clear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Mail, sent.
    Smtp,
    /// Mail, read.
    Imap,
    /// Mail, fetched.
    Pop3,
}

/// What a line of the server's means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reply {
    /// More lines belong to it.
    More,
    Yes,
    No,
}

impl Protocol {
    /// By its name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "smtp" => Some(Self::Smtp),
            "imap" => Some(Self::Imap),
            "pop3" => Some(Self::Pop3),
            _ => None,
        }
    }

    /// What the client says, each behind a yes of the server's; behind the yes to the last, TLS begins.
    const fn commands(self) -> &'static [&'static str] {
        match self {
            Self::Smtp => &["EHLO localhost\r\n", "STARTTLS\r\n"],
            Self::Imap => &["a STARTTLS\r\n"],
            Self::Pop3 => &["STLS\r\n"],
        }
    }

    /// A line in answer to the greeting (0), or to a command.
    fn reply(self, turn: usize, line: &str) -> Reply {
        let said = |yes: &str| if line.starts_with(yes) { Reply::Yes } else { Reply::No };
        match (self, turn) {
            (Self::Smtp, _) if line.as_bytes().get(3) == Some(&b'-') => Reply::More,
            (Self::Smtp, 1) => said("250"),
            (Self::Smtp, _) => said("220"),
            (Self::Imap, 0) => said("* OK"),
            (Self::Imap, _) if line.starts_with("* ") => Reply::More,
            (Self::Imap, _) => said("a OK"),
            (Self::Pop3, _) => said("+OK"),
        }
    }
}

/// The conversation before TLS.
pub struct Preface {
    protocol: Protocol,
    turn: usize,
    input: Vec<u8>,
    /// How many bytes the server has said.
    heard: usize,
}

impl Preface {
    /// Before the server's greeting.
    #[must_use]
    pub const fn new(protocol: Protocol) -> Self {
        Self { protocol, turn: 0, input: Vec::new(), heard: 0 }
    }

    /// Listens to what the server said. What to say next is added to `output`; returns whether TLS begins.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn hear(&mut self, bytes: &[u8], output: &mut Vec<u8>) -> Result<bool, String> {
        self.heard = self.heard.saturating_add(bytes.len());
        if self.heard > MAX_INPUT_LEN {
            return Err("the server says too much before TLS".into());
        }
        self.input.extend_from_slice(bytes);
        while let Some(end) = self.input.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = self.input.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            match self.protocol.reply(self.turn, &line) {
                Reply::More => continue,
                Reply::No => return Err(format!("the server does not begin TLS: {}", line.trim_end().escape_debug())),
                Reply::Yes => {}
            }
            // What stands behind would be taken for something said under TLS: somebody else may have put it there.
            if !self.input.is_empty() {
                return Err("the server says more than it was asked for before TLS".into());
            }
            match self.protocol.commands().get(self.turn) {
                Some(command) => output.extend_from_slice(command.as_bytes()),
                None => return Ok(true),
            }
            self.turn += 1;
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What we say to what the server says, which comes in pieces of any length.
    fn converse(protocol: Protocol, server: &[&str], piece_len: usize) -> Result<(String, bool), String> {
        let (mut preface, mut said, mut begins) = (Preface::new(protocol), Vec::new(), false);
        for piece in server.iter().flat_map(|text| text.as_bytes().chunks(piece_len)) {
            assert!(!begins);
            begins = preface.hear(piece, &mut said)?;
        }
        Ok((String::from_utf8(said).expect("text"), begins))
    }

    #[test]
    fn each_protocol_comes_to_tls() {
        for (protocol, server, ours) in [
            (
                Protocol::Smtp,
                &[
                    "220-mail.example\r\n220 ESMTP\r\n",
                    "250-mail.example\r\n250-STARTTLS\r\n250 SIZE\r\n",
                    "220 go\r\n",
                ][..],
                "EHLO localhost\r\nSTARTTLS\r\n",
            ),
            (Protocol::Imap, &["* OK [CAPABILITY STARTTLS] hello\r\n", "* NOOP\r\na OK begin\r\n"], "a STARTTLS\r\n"),
            (Protocol::Pop3, &["+OK <1.2@mail.example>\r\n", "+OK\r\n"], "STLS\r\n"),
        ] {
            for piece_len in [1, 7, 1_000] {
                assert_eq!(converse(protocol, server, piece_len), Ok((ours.into(), true)));
            }
            let (last, before) = server.split_last().expect("some");
            assert_eq!(converse(protocol, before, 1_000), Ok((ours.into(), false)));
            // Injected behind the last line.
            let injected = format!("{last}250 injected\r\n");
            assert!(converse(protocol, &[before, &[injected.as_str()]].concat(), 1_000).is_err());
        }
    }

    #[test]
    fn a_server_that_will_not_is_told_of() {
        for (protocol, server) in [
            (Protocol::Smtp, &["554 no\r\n"][..]),
            (Protocol::Smtp, &["220 hello\r\n", "250 hi\r\n", "454 TLS not available\r\n"]),
            (Protocol::Imap, &["* BYE\r\n"]),
            (Protocol::Imap, &["* OK\r\n", "a BAD\r\n"]),
            (Protocol::Pop3, &["+OK\r\n", "-ERR\r\n"]),
            (Protocol::Pop3, &["\x16\x03\x01\n"]),
        ] {
            assert!(converse(protocol, server, 1).is_err_and(|why| why.contains("does not begin TLS")));
        }
        assert!(converse(Protocol::Smtp, &["x".repeat(1 << 15).as_str()], 1_000).is_err());
        // Nor is one listened to for ever whose answer has no last line.
        for (protocol, begin, line) in [(Protocol::Smtp, "", "220-x\r\n"), (Protocol::Imap, "* OK\r\n", "* x\r\n")] {
            let endless = format!("{begin}{}", line.repeat(1 << 13));
            assert!(
                converse(protocol, &[begin, &endless[begin.len()..]], 1_000).is_err_and(|why| why.contains("too much"))
            );
        }
    }
}
