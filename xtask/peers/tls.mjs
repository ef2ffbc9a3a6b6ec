// A client and an echo server on `node:tls`, for the tests of interoperability: Bun does it with BoringSSL, Deno with rustls.
//
//     tls.mjs client PORT CA [CERT KEY]     standard input -> TLS -> standard output
//     tls.mjs server PORT CERT KEY [CA]     echoes; with a CA, requires a client certificate
//
// Data goes out in writes of 8,192 bytes. At the end of its input an end sends close_notify and goes on reading until the
// other's. Exit status of the client: 0 the other end closed, 3 the handshake failed or the connection broke.

import fs from "node:fs";
import process from "node:process";
import tls from "node:tls";

const RECORD = 8192;
const [role, port, ...files] = process.argv.slice(2);
const read = (file) => file && fs.readFileSync(file);

// Writes `data` in records; calls `done` when the last has been taken.
function send(socket, data, done) {
  for (let at = 0; at < data.length; at += RECORD) socket.write(data.subarray(at, at + RECORD));
  done();
}

function fail(error) {
  console.error(`error: ${error.code ?? ""} ${error.message}`);
  if (role === "client") process.exit(3);
}

if (role === "client") {
  const [ca, cert, key] = files.map(read);
  const options = { port: Number(port), host: "127.0.0.1", servername: "localhost", ca, minVersion: "TLSv1.3", allowHalfOpen: true };
  if (cert) Object.assign(options, { cert, key });
  const socket = tls.connect(options, () => {
    process.stdin.on("data", (data) => send(socket, data, () => {}));
    process.stdin.on("end", () => socket.end());
  });
  socket.on("data", (data) => fs.writeSync(1, data));
  socket.on("end", () => process.exit(0));
  socket.on("error", fail);
} else {
  const [cert, key, ca] = files.map(read);
  const options = { cert, key, minVersion: "TLSv1.3", allowHalfOpen: true };
  if (ca) Object.assign(options, { ca, requestCert: true, rejectUnauthorized: true });
  const server = tls.createServer(options, (socket) => {
    socket.on("data", (data) => send(socket, data, () => {}));
    socket.on("end", () => socket.end());
    socket.on("error", fail);
  });
  server.on("tlsClientError", fail);
  server.listen(Number(port), "127.0.0.1");
}
