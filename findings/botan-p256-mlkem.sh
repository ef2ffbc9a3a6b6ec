#!/usr/bin/env bash
# Botan 3.7.1 and the group SecP256r1MLKEM768 (its name there: secp256r1/ML-KEM-768).
#
# Expected: as with its other spellings of hybrids, the name is unknown to 3.7.1, and both its tools ignore it.
# Seen:     the name is known, and the client agrees on it with OpenSSL 3.5; but the server refuses every share of it with
#           illegal_parameter ("Concatenated public values have an unexpected length"), that of Botan's own client too.
#           The same server takes x25519/ML-KEM-768. So a server of Botan 3.7 that lists the group loses clients that send
#           a share for it, and must not list it.
#
# Runs Debian 13's packages, unpacked into a temporary folder, on loopback. Fails if the behaviour is another.
set -euo pipefail
packages=(botan=3.7.1+dfsg-2 openssl=3.5.9-1~deb13u1)
here=$(mktemp -d)
servers=()
trap 'for server in "${servers[@]}"; do kill "$server" 2>/dev/null || true; done; rm -rf "$here"' EXIT
cd "$here"

# apt with places of its own; nothing of the system changes.
mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' | awk -v r="$(. /etc/os-release && echo "$VERSION_CODENAME")" '$2 == r { print $1; exit }')
mkdir -p state/lists/partial cache/archives/partial none
: >state/status
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" >sources.list
own=(apt-get -qq -o "Dir::State=$here/state" -o "Dir::State::status=$here/state/status" -o "Dir::Cache=$here/cache"
    -o "Dir::Etc::sourcelist=$here/sources.list" -o "Dir::Etc::sourceparts=$here/none" -o APT::Sandbox::User=)
"${own[@]}" update
"${own[@]}" install --download-only -y --no-install-recommends "${packages[@]}" >/dev/null
for archive in cache/archives/*.deb; do dpkg -x "$archive" root; done
libraries=$(dirname "$(find root/usr/lib -name 'libbotan-3.so*' | head -1)")
loader=$(find "$libraries" -name 'ld-linux*' | head -1)
run() { "$loader" --library-path "$libraries" "root/usr/bin/$1" "${@:2}"; }
echo "botan $(run botan version), $(run openssl version)"

run openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost -keyout key.pem -out cert.pem 2>/dev/null
policy() { printf 'allow_tls12 = false\nallow_tls13 = true\nkey_exchange_groups = %s\n' "$1" >"$2"; }
policy secp256r1/ML-KEM-768 p256
policy x25519/ML-KEM-768 x25519

port=$((20000 + $$ % 10000))
# serve COMMAND..: in the background, until it listens.
serve() {
    port=$((port + 1))
    "$@" >"server-$port" 2>&1 </dev/null &
    servers+=($!)
    for _ in $(seq 100); do
        grep -q "$(printf ':%04X .* 0A ' "$port")" /proc/net/tcp && return
        sleep 0.1
    done
    echo "no server on $port" && cat "server-$port" && exit 1
}
botan_server() { serve "$loader" --library-path "$libraries" root/usr/bin/botan tls_server cert.pem key.pem --port=$((port + 1)) "--policy=$1"; }
client() {
    (echo hello && sleep 1) | timeout 10 "$loader" --library-path "$libraries" root/usr/bin/botan tls_client localhost \
        "--port=$port" --ignore-cert-error --skip-system-cert-store --tls-version=1.3 "--policy=$1" 2>&1 | tr -d '\0' || true
}
# expect WHAT TEXT OUTPUT
expect() {
    if grep -q "$2" <<<"$3"; then echo "as seen before: $1: $2"; else printf 'ANOTHER: %s lacks "%s":\n%s\n' "$1" "$2" "$3" && exit 1; fi
}

serve "$loader" --library-path "$libraries" root/usr/bin/openssl s_server -accept 127.0.0.1:$((port + 1)) \
    -cert cert.pem -key key.pem -tls1_3 -groups SecP256r1MLKEM768 -quiet
expect "Botan's client with OpenSSL's server" "Key exchange using secp256r1/ML-KEM-768" "$(client p256)"
botan_server x25519
expect "Botan's client with its own server, X25519" "Key exchange using x25519/ML-KEM-768" "$(client x25519)"
botan_server p256
expect "Botan's client with its own server, P-256" "Alert: illegal_parameter" "$(client p256)"
expect "what the server says of it" "Concatenated public values have an unexpected length" "$(cat "server-$port")"
