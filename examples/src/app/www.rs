//! A server of files.

use std::fs::File;
use std::io::Read as _;
use std::rc::Rc;

use super::{Application, Outbox, Progress};
use crate::failure::Failure;
use crate::http::MAX_HEAD_LEN;
use crate::http::files::Folder;
use crate::http::request::{Parsed, parse};
use crate::transport::Stream;

/// Serves the files of a folder over HTTP/1.1, and the facts of the handshake at `/status`.
pub struct Www {
    folder: Rc<Folder>,
    status: String,
    input: Vec<u8>,
    outbox: Outbox,
    /// What is left of the body that is being sent.
    body: Option<(File, u64)>,
    keep_alive: bool,
}

impl Www {
    /// For one connection, with the text for `/status`.
    #[must_use]
    pub fn new(folder: Rc<Folder>, status: String) -> Self {
        Self { folder, status, input: Vec::new(), outbox: Outbox::default(), body: None, keep_alive: true }
    }

    /// Reads requests, but not far ahead of the answers.
    fn receive(&mut self, stream: &mut dyn Stream) -> bool {
        let mut chunk = [0; 4096];
        let mut moved = false;
        while self.input.len() <= MAX_HEAD_LEN {
            let count = stream.read(&mut chunk);
            let (data, _) = chunk.split_at(count);
            if data.is_empty() {
                break;
            }
            self.input.extend_from_slice(data);
            moved = true;
        }
        moved
    }

    /// Sends what is left of the answer. Returns whether all of it is sent, and whether anything moved.
    fn send(&mut self, stream: &mut dyn Stream) -> (bool, bool) {
        let mut moved = false;
        loop {
            if !self.outbox.is_empty() {
                if !self.outbox.flush(stream) {
                    return (false, moved);
                }
                moved = true;
                continue;
            }
            let Some((file, left)) = &mut self.body else { return (true, moved) };
            if *left == 0 {
                self.body = None;
                continue;
            }
            let want = (*left).min(1 << 14);
            let mut count = 0;
            self.outbox.fill(|bytes| count = file.take(want).read_to_end(bytes).unwrap_or(0));
            *left -= count as u64;
            if count == 0 {
                // The file shrank: the client sees that by the length, once we close.
                self.body = None;
                self.keep_alive = false;
            }
        }
    }

    /// Answers the next request in the input. Returns whether there was one.
    fn answer(&mut self) -> bool {
        let request = match parse(&self.input) {
            Parsed::Incomplete => return false,
            Parsed::Refused(code, reason) => {
                self.input.clear();
                self.keep_alive = false;
                self.respond((code, reason), TEXT, format!("{code} {reason}\n").as_bytes(), false);
                return true;
            }
            Parsed::Request(request) => request,
        };
        self.input.drain(..request.len);
        self.keep_alive = request.keep_alive;
        if request.target == "/status" {
            let (media_type, status) =
                if request.accepts_html { (HTML, status_page(&self.status)) } else { (TEXT, self.status.clone()) };
            self.respond((200, "OK"), media_type, status.as_bytes(), request.head_only);
        } else if let Some(served) = self.folder.open(&request.target) {
            self.head((200, "OK"), served.media_type, served.len);
            self.body = (!request.head_only).then_some((served.file, served.len));
        } else {
            self.respond((404, "Not Found"), TEXT, b"404 Not Found\n", request.head_only);
        }
        true
    }

    fn head(&mut self, (code, reason): (u16, &str), media_type: &str, len: u64) {
        let connection = if self.keep_alive { "keep-alive" } else { "close" };
        let allow = if code == 405 { "Allow: GET, HEAD\r\n" } else { "" };
        let head = format!(
            "HTTP/1.1 {code} {reason}\r\nServer: saitls-example\r\nContent-Type: {media_type}\r\n\
             Content-Length: {len}\r\n{allow}Connection: {connection}\r\n\r\n"
        );
        self.outbox.fill(|bytes| bytes.extend_from_slice(head.as_bytes()));
    }

    fn respond(&mut self, status: (u16, &str), media_type: &str, body: &[u8], head_only: bool) {
        self.head(status, media_type, body.len() as u64);
        if !head_only {
            self.outbox.bytes.extend_from_slice(body);
        }
    }
}

const TEXT: &str = "text/plain; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";

/// The facts as a page; each of their lines is a key, a colon and a value.
fn status_page(facts: &str) -> String {
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let rows = facts.lines().filter_map(|line| line.split_once(": ")).map(|(key, value)| {
        let (key, value) = (escaped(key), escaped(value));
        format!("<tr><th scope=\"row\">{key}</th><td>{value}</td></tr>\n")
    });
    let rows: String = rows.collect();
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>SaiTLS: this connection</title>\n\
         <style>\n:root {{ color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }}\n\
         body {{ margin: 2rem auto; max-width: 40rem; padding: 0 1rem }}\n\
         table {{ border-collapse: collapse; width: 100% }}\n\
         th, td {{ border-bottom: 1px solid #8888; padding: .3rem .5rem; text-align: left; overflow-wrap: anywhere }}\n\
         td {{ font-family: ui-monospace, monospace }}\n</style>\n</head>\n<body>\n\
         <h1>This connection</h1>\n<table>\n{rows}</table>\n</body>\n</html>\n"
    )
}

impl Application for Www {
    fn poll(&mut self, stream: &mut dyn Stream) -> Result<Progress, Failure> {
        let mut moved = false;
        loop {
            let (sent, sending) = self.send(stream);
            moved |= sending;
            if !sent {
                return Ok(if moved { Progress::Moved } else { Progress::Idle });
            }
            if !self.keep_alive {
                stream.close();
                return Ok(Progress::Done);
            }
            moved |= self.receive(stream);
            if self.answer() {
                moved = true;
            } else if !stream.may_read() {
                stream.close();
                return Ok(Progress::Done);
            } else {
                return Ok(if moved { Progress::Moved } else { Progress::Idle });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::status_page;

    #[test]
    fn what_a_peer_says_of_itself_is_no_markup() {
        let page = status_page("suite: TLS_AES_128_GCM_SHA256\npeer: CN=<script>a && b: c\n");
        assert!(page.contains("<td>TLS_AES_128_GCM_SHA256</td>"));
        assert!(page.contains("<td>CN=&lt;script&gt;a &amp;&amp; b: c</td>") && !page.contains("<script>"));
    }
}
