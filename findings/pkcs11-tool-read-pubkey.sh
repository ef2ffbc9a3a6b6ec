#!/usr/bin/env bash
# OpenSC 0.26.1's `pkcs11-tool --read-object --type pubkey`: what it writes, on SoftHSM 2.6.1.
#
# Expected: one format, whatever the kind of key: DER, as certificates are read, and as keys have to be for
#           --write-object.
# Seen:     P-256, P-384 and RSA keys come as a SubjectPublicKeyInfo in DER, an Ed25519 key, with the same options, as
#           PEM. A script that takes the file for DER works until the token has an Ed25519 key. The key in the PEM is
#           the right one.
#
# Runs Debian 13's packages, unpacked into a temporary folder. Fails if the behaviour is another.
set -euo pipefail
packages=(opensc=0.26.1-2 opensc-pkcs11=0.26.1-2 libsofthsm2=2.6.1-3 openssl=3.5.9-1~deb13u1)
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
mkdir tokens
printf 'directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n' "$here/tokens" >softhsm.conf
export SOFTHSM2_CONF=$here/softhsm.conf OPENSC_CONF=/dev/null
tool() { run pkcs11-tool --module "$libraries/softhsm/libsofthsm2.so" "$@"; }
echo "${packages[@]}"

another=0
# expect WHAT TEXT OUTPUT
expect() {
    if grep -aq "$2" <<<"$3"; then
        echo "as seen before: $1: $2"
    else
        printf 'ANOTHER: %s lacks "%s":\n%s\n' "$1" "$2" "$3" && another=1
    fi
}
tool --init-token --slot 0 --label token --so-pin 12345678 >said 2>&1
tool --init-pin --login --login-type so --so-pin 12345678 --pin 1234 >said 2>&1
id=10
# read_key KIND FORMAT: makes a pair of that kind, and reads its public key.
read_key() {
    id=$((id + 1))
    tool --login --pin 1234 --keypairgen --key-type "$1" --id $id >said 2>&1
    tool --read-object --type pubkey --id $id --output-file public-$id >said 2>&1
    local format=neither
    for one in DER PEM; do
        run openssl asn1parse -inform $one -in public-$id >said 2>&1 && format=$one
    done
    expect "$1 is read as" "$2" "$format"
    if [ "$1" = EC:edwards25519 ]; then
        echo message >message
        tool --login --pin 1234 --sign --mechanism EDDSA --id $id --input-file message \
            --output-file signature >said 2>&1
        expect "what it signed, with that key" "Verified Successfully" "$(run openssl pkeyutl -verify -rawin \
            -pubin -inkey public-$id -in message -sigfile signature)"
    fi
}
read_key EC:prime256v1 DER
read_key EC:secp384r1 DER
read_key rsa:2048 DER
read_key EC:edwards25519 PEM
exit "$another"
