#!/usr/bin/env bash
# Erlang/OTP 27.3.4 (public_key, ssl 11.2.12) and certificates that are signed with RSASSA-PSS.
#
# RFC 4055 (1.2, 3.1) knows three kinds of RSA keys that can sign so: one under rsaEncryption, as almost all are; one
# under id-RSASSA-PSS with parameters, which restrict it; and one without parameters, for every hash and salt, which is
# what `openssl req -newkey rsa-pss` makes.
#
# Expected: Erlang, which knows RSASSA-PSS, verifies what authorities of all three kinds signed.
# Seen:     only that of the second. Of the first, public_key:pkix_path_validation/3 says invalid_signature, and a TLS
#           client unknown_ca. Of the third, the function throws case_clause (asn1_NOVALUE) instead of giving a result,
#           and a TLS client sends internal_error. What the first signs with PKCS #1 1.5 is verified.
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

pss=(-newkey rsa-pss -pkeyopt rsa_keygen_bits:2048)
sha256=(-pkeyopt rsa_pss_keygen_md:sha256 -pkeyopt rsa_pss_keygen_mgf1_md:sha256 -pkeyopt rsa_pss_keygen_saltlen:32)
# authority NAME ARGUMENT..: with such a key.
authority() {
    run openssl req -x509 "${@:2}" -nodes -days 2 -subj "/CN=$1" -addext keyUsage=critical,keyCertSign \
        -keyout "$1.key" -out "$1.pem" 2>/dev/null
}
# issue NAME AUTHORITY ARGUMENT..: a certificate for localhost with a P-256 key, signed so.
issue() {
    run openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
        -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE -CA "$2.pem" \
        -CAkey "$2.key" "${@:3}" -keyout "$1.key" -out "$1.pem" 2>/dev/null
    run openssl verify -CAfile "$2.pem" "$1.pem"
}
authority plain -newkey rsa:2048
authority restricted "${pss[@]}" "${sha256[@]}"
authority free "${pss[@]}"
issue plain-pkcs1 plain
issue plain-pss plain -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32
issue restricted-pss restricted
issue free-pss free -sigopt rsa_pss_saltlen:32

another=0
# expect WHAT TEXT OUTPUT
expect() {
    if grep -aq "$2" <<<"$3"; then
        echo "as seen before: $1: $2"
    else
        printf 'ANOTHER: %s lacks "%s":\n%s\n' "$1" "$2" "$3" && another=1
    fi
}
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
validate() {
    erl "{ok, A} = file:read_file(\"${1%-*}.pem\"), {ok, L} = file:read_file(\"$1.pem\"),
        [{_, Authority, _}] = public_key:pem_decode(A), [{_, Leaf, _}] = public_key:pem_decode(L),
        io:format(\"~0P~n\", [catch public_key:pkix_path_validation(Authority, [Leaf], []), 6]), halt()." 2>&1
}
# connect NAME: Erlang's TLS client, which trusts the authority, to OpenSSL's server.
connect() {
    erl "{ok, _} = application:ensure_all_started(ssl),
        io:format(\"~0p~n\", [case ssl:connect(\"localhost\", $port, [{versions, ['tlsv1.3']}, {log_level, none},
            {cacertfile, \"${1%-*}.pem\"}], 5000) of {ok, _} -> connected; Other -> Other end]), halt()." 2>&1
}
# row NAME VALIDATION TLS
row() {
    port=$((port + 1))
    serve "$loader" --library-path "$libraries" root/usr/bin/openssl s_server -accept 127.0.0.1:$port -tls1_3 -www \
        -cert "$1.pem" -key "$1.key"
    expect "validation of $1" "$2" "$(validate "$1")"
    expect "TLS client, $1" "$3" "$(connect "$1")"
}
row plain-pkcs1 "^{ok" "^connected"
row plain-pss "^{error,{bad_cert,invalid_signature}}" "CLIENT ALERT: Fatal - Unknown CA"
row restricted-pss "^{ok" "^connected"
row free-pss "case_clause,asn1_NOVALUE" "CLIENT ALERT: Fatal - Internal Error"
exit "$another"
