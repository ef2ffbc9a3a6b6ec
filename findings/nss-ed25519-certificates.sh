#!/usr/bin/env bash
# NSS 3.110 and certificates with Ed25519 keys: what it says of them.
#
# Expected: NSS's softoken makes Ed25519 keys, signs and verifies; so libnss3 either verifies Ed25519 certificates, or
#           says that it does not know the algorithm (SEC_ERROR_UNSUPPORTED_KEYALG, or a signature algorithm that is
#           disabled, as it says of brainpool).
# Seen:     it blames the certificate. What an Ed25519 authority signed "has an invalid signature"
#           (SEC_ERROR_BAD_SIGNATURE), for certutil -V -e and for a TLS client, which sends bad_certificate; OpenSSL and
#           GnuTLS verify the same file. A certificate with an Ed25519 key has a "key usage inadequate for attempted
#           operation", with the key usage that it should have (digitalSignature, RFC 8410) and without any. With P-256
#           in the same places all is valid.
#
# Runs Debian 13's packages, unpacked into a temporary folder, on loopback. Fails if the behaviour is another.
set -euo pipefail
packages=(libnss3=2:3.110-1+deb13u5 libnss3-tools=2:3.110-1+deb13u5 openssl=3.5.9-1~deb13u1
    gnutls-bin=3.8.9-3+deb13u4)
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
echo "${packages[@]}"

p256=(-newkey ec -pkeyopt ec_paramgen_curve:P-256)
ed25519=(-newkey ed25519)
# authority NAME KEY..
authority() {
    run openssl req -x509 "${@:2}" -nodes -days 2 -subj "/CN=$1" -addext keyUsage=critical,keyCertSign \
        -keyout "$1.key" -out "$1.pem" 2>/dev/null
    run certutil -A -d sql:database -n "$1" -t C,, -i "$1.pem"
}
# issue NAME AUTHORITY USAGE KEY..: a certificate for localhost.
issue() {
    local usage=()
    [ "$3" = none ] || usage=(-addext "keyUsage=critical,$3")
    run openssl req -x509 "${@:4}" -nodes -days 2 -subj "/CN=localhost" -addext subjectAltName=DNS:localhost \
        -addext basicConstraints=critical,CA:FALSE "${usage[@]}" -CA "$2.pem" -CAkey "$2.key" \
        -keyout "$1.key" -out "$1.pem" 2>/dev/null
    run certutil -A -d sql:database -n "$1" -t ,, -i "$1.pem"
}
mkdir database
run certutil -N -d sql:database --empty-password
authority root-p256 "${p256[@]}"
authority root-ed25519 "${ed25519[@]}"
authority root-brainpool -newkey ec -pkeyopt ec_paramgen_curve:brainpoolP256r1
issue all-p256 root-p256 digitalSignature "${p256[@]}"
issue of-brainpool root-brainpool digitalSignature "${p256[@]}"
issue of-ed25519 root-ed25519 digitalSignature "${p256[@]}"
issue is-ed25519 root-p256 digitalSignature "${ed25519[@]}"
issue is-ed25519-any-usage root-p256 none "${ed25519[@]}"

another=0
# expect WHAT TEXT OUTPUT
expect() {
    if grep -aq "$2" <<<"$3"; then
        echo "as seen before: $1: $2"
    else
        printf 'ANOTHER: %s lacks "%s":\n%s\n' "$1" "$2" "$3" && another=1
    fi
}
# -u V is for a TLS server, -e for signatures too.
verify() { run certutil -V -e -u V -d sql:database -n "$1" 2>&1 || true; }
expect "P-256 signed by P-256" "certificate is valid" "$(verify all-p256)"
expect "P-256 signed by brainpool" "signature algorithm that is disabled" "$(verify of-brainpool)"
expect "P-256 signed by Ed25519" "has an invalid signature" "$(verify of-ed25519)"
expect "Ed25519 signed by P-256" "key usage inadequate" "$(verify is-ed25519)"
expect "Ed25519 signed by P-256, without keyUsage" "key usage inadequate" "$(verify is-ed25519-any-usage)"
expect "P-256 signed by Ed25519, OpenSSL" "of-ed25519.pem: OK" \
    "$(run openssl verify -CAfile root-ed25519.pem of-ed25519.pem)"
expect "P-256 signed by Ed25519, GnuTLS" "The certificate is trusted" \
    "$(run certtool --verify --load-ca-certificate root-ed25519.pem --infile of-ed25519.pem 2>&1)"

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
for name in all-p256 of-ed25519; do
    port=$((port + 1))
    serve "$loader" --library-path "$libraries" root/usr/bin/openssl s_server -accept 127.0.0.1:$port -tls1_3 -www \
        -cert $name.pem -key $name.key
    # tstclnt does not end with its input.
    answer=$( (printf 'GET / HTTP/1.0\r\n\r\n' && sleep 1) | timeout 4 "$loader" --library-path "$libraries" \
        root/usr/bin/tstclnt -d sql:database -h 127.0.0.1 -a localhost -p $port -V tls1.3:tls1.3 2>&1 || true)
    case $name in
    all-p256) expect "TLS client, P-256 signed by P-256" "HTTP/1.0 200 ok" "$answer" ;;
    of-ed25519)
        expect "TLS client, P-256 signed by Ed25519" "SEC_ERROR_BAD_SIGNATURE" "$answer"
        expect "what OpenSSL's server hears" "alert number 42" "$(cat "server-$port")"
        ;;
    esac
done
exit "$another"
