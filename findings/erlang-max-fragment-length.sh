#!/usr/bin/env bash
# Erlang/OTP 27.3.4 (ssl 11.2.12) and max_fragment_length, in TLS 1.3 and 1.2.
#
# Expected: once the extension is negotiated, each side's records hold 512 bytes at most (RFC 6066 4); ssl answers it as
#           a server, and has an option to ask for it as a client (max_fragment_length).
# Seen:     the extension is answered, and application data ignores it. 3,000 bytes given to ssl:send are one record,
#           from the server that has answered 512 and from the client that has asked for 512 itself; OpenSSL 3.5 finds
#           it too long and ends the connection. Without the extension the same connections work.
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
run openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE -CA ca.pem -CAkey ca.key \
    -keyout key.pem -out cert.pem 2>/dev/null

another=0
# expect WHAT TEXT OUTPUT
expect() {
    if grep -aq "$2" <<<"$3"; then
        echo "as seen before: $1: $2"
    else
        printf 'ANOTHER: %s lacks "%s":\n%s\n' "$1" "$2" "$3" && another=1
    fi
}
# Nothing to read, and no end: s_server stops at the end of its input.
mkfifo idle
exec 9<>idle
port=$((20000 + $$ % 10000))
# serve COMMAND..: in the background, until it listens.
serve() {
    "$@" >"server-$port" 2>&1 <&9 &
    started+=($!)
    for _ in $(seq 100); do
        grep -q "$(printf ':%04X .* 0A ' "$port")" /proc/net/tcp && return
        sleep 0.1
    done
    echo "no server on $port" && cat "server-$port" && exit 1
}
# arrived OUTPUT: how many of the 3,000 bytes are in it.
arrived() { (grep -ao '~\{100,\}' || true) <<<"$1" | tr -d '\n' | wc -c; }
for version in 1.3 1.2; do
    port=$((port + 1))
    serve "$here/helpers/erl" "{ok, _} = application:ensure_all_started(ssl),
        {ok, Listener} = ssl:listen($port, [{ip, {127, 0, 0, 1}}, {versions, ['tlsv$version']}, {log_level, none},
            {certfile, \"cert.pem\"}, {keyfile, \"key.pem\"}, {active, false}, binary]),
        (fun Next() -> {ok, Socket} = ssl:transport_accept(Listener),
            case ssl:handshake(Socket, 5000) of
                {ok, Tls} -> ssl:send(Tls, binary:copy(<<\"~\">>, 3000)), ssl:recv(Tls, 0, 3000), ssl:close(Tls);
                _ -> no
            end, Next() end)()."
    ask() {
        sleep 1 | timeout 10 "$loader" --library-path "$libraries" root/usr/bin/openssl s_client \
            -connect 127.0.0.1:$port -CAfile ca.pem -trace "$@" 2>&1 || true
    }
    answer=$(ask)
    expect "TLS $version, server, no limit: bytes that arrive" "^3000$" "$(arrived "$answer")"
    answer=$(ask -maxfraglen 512)
    expect "TLS $version, server, 512: it is answered" "2" "$(grep -ac 'max_fragment_length := 2^9' <<<"$answer")"
    expect "TLS $version, server, 512: bytes that arrive" "^0$" "$(arrived "$answer")"
    expect "TLS $version, server, 512: what the client says of it" "packet length too long" "$answer"

    # connect OPTION: Erlang as the client.
    connect() {
        port=$((port + 1))
        serve "$loader" --library-path "$libraries" root/usr/bin/openssl s_server -accept 127.0.0.1:$port \
            -cert cert.pem -key key.pem -naccept 1 -trace
        erl "{ok, _} = application:ensure_all_started(ssl),
            {ok, Socket} = ssl:connect(\"localhost\", $port, [{versions, ['tlsv$version']}, {log_level, none},
                {cacertfile, \"ca.pem\"}, {active, false}, binary $1], 5000),
            ssl:send(Socket, binary:copy(<<\"~\">>, 3000)), timer:sleep(500), halt()." >said 2>&1 || cat said
        answer=$(cat "server-$port")
    }
    connect ""
    expect "TLS $version, client, no limit: bytes that arrive" "^3000$" "$(arrived "$answer")"
    connect ", {max_fragment_length, 512}"
    expect "TLS $version, client, 512: asked for and answered" "2" \
        "$(grep -ac 'max_fragment_length := 2^9' <<<"$answer")"
    expect "TLS $version, client, 512: bytes that arrive" "^0$" "$(arrived "$answer")"
    expect "TLS $version, client, 512: what the server says of it" "packet length too long" "$answer"
done
exit "$another"
