#!/usr/bin/env bash
# Erlang/OTP 27.3.4 (ssl 11.2.12): which scheme TLS 1.3 says of a signature with an Ed25519 or Ed448 key.
#
# Expected: ssl takes keys of both kinds and knows both schemes, so CertificateVerify names the one that fits the
#           certificate's key, ed25519 (0x0807) or ed448 (0x0808), as RFC 9846 has it.
# Seen:     it names the first of the two in the peer's list, whatever the key. The signature is the key's own, so with
#           ed25519 first, as almost all peers have it, an Ed448 certificate fails, and with ed448 first an Ed25519
#           certificate does: OpenSSL 3.5 answers illegal_parameter. Servers and clients alike. Where the peer's list
#           has but one of the two, that one's certificate works.
#
# Runs Debian 13's packages, unpacked into a temporary folder, on loopback. Fails if the behaviour is another.
set -euo pipefail
packages=(erlang-ssl=1:27.3.4.1+dfsg-1+deb13u4 openssl=3.5.9-1~deb13u1)
here=$(mktemp -d)
started=()
trap 'for one in "${started[@]}"; do kill "$one" 2>/dev/null || true; done; rm -rf "$here"' EXIT
cd "$here"

# apt with places of its own; nothing of the system changes.
release=$(. /etc/os-release && echo "$VERSION_CODENAME")
mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' | awk -v r="$release" '$2 == r { print $1; exit }')
mkdir -p state/lists/partial cache/archives/partial none
: >state/status
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" >sources.list
own=(apt-get -qq -o "Dir::State=$here/state" -o "Dir::State::status=$here/state/status" -o "Dir::Cache=$here/cache"
    -o "Dir::Etc::sourcelist=$here/sources.list" -o "Dir::Etc::sourceparts=$here/none" -o APT::Sandbox::User=)
"${own[@]}" update
"${own[@]}" install --download-only -y --no-install-recommends "${packages[@]}" >/dev/null
for archive in cache/archives/*.deb; do dpkg -x "$archive" root; done
libraries=$(dirname "$(find "$here/root/usr/lib" -name 'ld-linux*' -path '*-linux-gnu*' | head -1)")
loader=$(find "$libraries" -name 'ld-linux*' | head -1)
run() { "$loader" --library-path "$libraries" "$here/root/usr/bin/$1" "${@:2}"; }

# Erlang's emulator starts helpers from a folder of its own: scripts, which take the loader for them.
erlang=$here/root/usr/lib/erlang
mkdir helpers
for helper in erl_child_setup inet_gethost; do
    printf '#!/bin/sh\nexec "%s" --library-path "%s" "%s" "$@"\n' "$loader" "$libraries" \
        "$(echo "$erlang"/erts-*/bin/$helper)" >helpers/$helper
    chmod +x helpers/$helper
done
cat >helpers/erl <<SCRIPT
#!/bin/sh
export ROOTDIR="$erlang" BINDIR="$here/helpers" EMU=beam PROGNAME=erl
exec "$loader" --library-path "$libraries" "$(echo "$erlang"/erts-*/bin/beam.smp)" -- -root "$erlang" \\
    -bindir "$here/helpers" -progname erl -home "$here" -- -noshell -noinput -boot start_clean -eval "\$1"
SCRIPT
chmod +x helpers/erl
erl() { "$here/helpers/erl" "$1"; }
erl 'application:ensure_all_started(ssl), {ok, Version} = application:get_key(ssl, vsn),
    io:format("Erlang/OTP ~s, ssl ~s~n", [erlang:system_info(otp_release), Version]), halt().'
run openssl version

run openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=authority \
    -addext keyUsage=critical,keyCertSign -keyout ca.key -out ca.pem 2>/dev/null
for key in ed448 ed25519; do
    run openssl req -x509 -newkey $key -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
        -addext basicConstraints=critical,CA:FALSE -CA ca.pem -CAkey ca.key -keyout $key.key -out $key.pem 2>/dev/null
done
port=$((20000 + $$ % 10000))
# serve COMMAND..: in the background, until it listens.
serve() {
    "$@" >"server-$port" 2>&1 </dev/null &
    started+=($!)
    for _ in $(seq 100); do
        grep -q "$(printf ':%04X .* 0A ' "$port")" /proc/net/tcp && return
        sleep 0.1
    done
    echo "no server on $port" && cat "server-$port" && exit 1
}
another=0
# expect WHAT TEXT OUTPUT
expect() {
    if grep -aq "$2" <<<"$3"; then
        echo "as seen before: $1: $2"
    else
        printf 'ANOTHER: %s lacks "%s":\n%s\n' "$1" "$2" "$3" && another=1
    fi
}
ask() {
    sleep 1 | timeout 10 "$loader" --library-path "$libraries" root/usr/bin/openssl s_client \
        -connect 127.0.0.1:$port -tls1_3 -CAfile ca.pem -sigalgs "$1" -trace 2>&1 || true
}

# Lists of the peer; the scheme at their end is the authority's.
first_25519=ed25519:ed448:ecdsa_secp256r1_sha256
first_448=ed448:ed25519:ecdsa_secp256r1_sha256
only_25519=ed25519:ecdsa_secp256r1_sha256
only_448=ed448:ecdsa_secp256r1_sha256

for key in ed25519 ed448; do
    port=$((port + 1))
    serve "$here/helpers/erl" "{ok, _} = application:ensure_all_started(ssl),
        {ok, Listener} = ssl:listen($port, [{ip, {127, 0, 0, 1}}, {versions, ['tlsv1.3']}, {log_level, none},
            {certfile, \"$key.pem\"}, {keyfile, \"$key.key\"}]),
        (fun Next() -> {ok, Socket} = ssl:transport_accept(Listener), ssl:handshake(Socket, 5000), Next() end)()."
    case $key in
    ed25519)
        expect "server, ed25519 key, peer lists ed25519 first" "Verify return code: 0 (ok)" "$(ask $first_25519)"
        answer=$(ask $first_448)
        expect "server, ed25519 key, peer lists ed448 first" "Signature Algorithm: ed448 (0x0808)" "$answer"
        expect "the signature's size" "Signature (len=64)" "$answer"
        expect "what the client says of it" "wrong signature type" "$answer"
        expect "server, ed25519 key, peer lists ed25519 only" "Verify return code: 0 (ok)" "$(ask $only_25519)"
        ;;
    ed448)
        answer=$(ask $first_25519)
        expect "server, ed448 key, peer lists ed25519 first" "Signature Algorithm: ed25519 (0x0807)" "$answer"
        expect "the signature's size" "Signature (len=114)" "$answer"
        expect "what the client says of it" "wrong signature type" "$answer"
        expect "server, ed448 key, peer lists ed448 first" "Verify return code: 0 (ok)" "$(ask $first_448)"
        expect "server, ed448 key, peer lists ed448 only" "Verify return code: 0 (ok)" "$(ask $only_448)"
        ;;
    esac
done

# connect KEY: Erlang as the client, with that certificate.
connect() {
    erl "{ok, _} = application:ensure_all_started(ssl),
        {ok, Socket} = ssl:connect(\"localhost\", $port, [{versions, ['tlsv1.3']}, {cacertfile, \"ca.pem\"}, binary,
            {active, false}, {log_level, none}, {certfile, \"$1.pem\"}, {keyfile, \"$1.key\"}], 5000),
        ssl:send(Socket, <<\"GET / HTTP/1.0\\r\\n\\r\\n\">>),
        io:format(\"~p~n\", [ssl:recv(Socket, 15, 5000)]), halt()." 2>&1
}
# listen LIST: OpenSSL as the server.
listen() {
    port=$((port + 1))
    serve "$loader" --library-path "$libraries" root/usr/bin/openssl s_server -accept 127.0.0.1:$port -tls1_3 -www \
        -cert ed25519.pem -key ed25519.key -Verify 1 -verify_return_error -CAfile ca.pem -client_sigalgs "$1"
}
listen $first_25519
expect "client, ed25519 key, peer lists ed25519 first" "HTTP/1.0 200 ok" "$(connect ed25519)"
expect "client, ed448 key, peer lists ed25519 first" "illegal_parameter" "$(connect ed448)"
listen $first_448
expect "client, ed25519 key, peer lists ed448 first" "illegal_parameter" "$(connect ed25519)"
expect "client, ed448 key, peer lists ed448 first" "HTTP/1.0 200 ok" "$(connect ed448)"
listen $only_448
expect "client, ed448 key, peer lists ed448 only" "HTTP/1.0 200 ok" "$(connect ed448)"
exit "$another"
