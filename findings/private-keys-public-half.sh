#!/usr/bin/env bash
# Private keys with and without their public half: GnuTLS 3.8.9, Botan 3.7.1, cryptography 50.0.2, OpenSSL 3.5.9.
#
# The public key is OPTIONAL in all three forms of a private key: in OneAsymmetricKey (RFC 5958, version 2; RFC 8410
# shows an Ed25519 key so), in PKCS #8 with an ECPrivateKey inside, and in an ECPrivateKey alone (RFC 5915).
#
# Expected: with or without it, a reader of the kind of key reads the file; what is there too much it can ignore.
# Seen:     OpenSSL 3.5 reads all. The others want it in one place and refuse it in another:
#           * version 2 with the public key, Ed25519 or P-256: refused by GnuTLS, Botan and cryptography;
#           * P-256 without the public key, in PKCS #8 or alone: refused by GnuTLS, though it can be computed. So a
#             P-256 key that GnuTLS reads has its public key inside, but not outside, and a file with an Ed25519 key is
#             read by all four in version 1 only.
#
# Runs Debian 13's packages, unpacked into a temporary folder, and a package of PyPI. Fails if the behaviour is another.
set -euo pipefail
packages=(openssl=3.5.9-1~deb13u1 gnutls-bin=3.8.9-3+deb13u4 botan=3.7.1+dfsg-2)
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
python3 -m venv venv
venv/bin/pip -q --disable-pip-version-check install cryptography==50.0.2
echo "$(run openssl version), $(run certtool --version | head -1), botan $(run botan version)," \
    "cryptography $(venv/bin/python -c 'import cryptography; print(cryptography.__version__)')"

# Keys of this minute, written out in DER.
venv/bin/python - <<'PYTHON'
import base64
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

def der(tag, *parts):
    body = b"".join(parts)
    length = bytes([len(body)]) if len(body) < 128 else bytes([0x81, len(body)])
    return bytes([tag]) + length + body

def write(name, label, data):
    with open(name, "w") as file:
        file.write(f"-----BEGIN {label}-----\n{base64.encodebytes(data).decode()}-----END {label}-----\n")

v1, v2 = der(2, b"\0"), der(2, b"\1")
ed = der(0x30, bytes.fromhex("06032b6570"))
key = ed25519.Ed25519PrivateKey.generate()
private, public = key.private_bytes_raw(), key.public_key().public_bytes_raw()
write("ed25519-v1", "PRIVATE KEY", der(0x30, v1, ed, der(4, der(4, private))))
write("ed25519-v2", "PRIVATE KEY", der(0x30, v2, ed, der(4, der(4, private)), der(0x81, b"\0", public)))

p256 = bytes.fromhex("06082a8648ce3d030107")
algorithm = der(0x30, bytes.fromhex("06072a8648ce3d0201"), p256)
key = ec.generate_private_key(ec.SECP256R1())
private = der(4, key.private_numbers().private_value.to_bytes(32, "big"))
public = b"\0" + key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
bare, full = der(0x30, v2, private), der(0x30, v2, private, der(0xA1, der(3, public)))
write("p256-v1-inside", "PRIVATE KEY", der(0x30, v1, algorithm, der(4, full)))
write("p256-v1-without", "PRIVATE KEY", der(0x30, v1, algorithm, der(4, bare)))
write("p256-v2-outside", "PRIVATE KEY", der(0x30, v2, algorithm, der(4, bare), der(0x81, public)))
write("p256-v2-both", "PRIVATE KEY", der(0x30, v2, algorithm, der(4, full), der(0x81, public)))
write("p256-alone-with", "EC PRIVATE KEY", der(0x30, v2, private, der(0xA0, p256), der(0xA1, der(3, public))))
write("p256-alone-without", "EC PRIVATE KEY", der(0x30, v2, private, der(0xA0, p256)))
PYTHON
cat >load.py <<'PYTHON'
import sys
from cryptography.hazmat.primitives.serialization import load_pem_private_key
load_pem_private_key(open(sys.argv[1], "rb").read(), None)
PYTHON

reads() {
    case $1 in
    openssl) run openssl pkey -in "$2" -noout ;;
    gnutls) run certtool -k --infile "$2" ;;
    botan) run botan pkcs8 --pub-out "$2" ;;
    cryptography) venv/bin/python load.py "$2" ;;
    esac >said 2>&1
}
# row FILE READER..: these read the file, the rest of the four refuse it. botan's tool is for PKCS #8 only.
another=0
row() {
    local seen=""
    for reader in openssl gnutls botan cryptography; do
        [[ $reader = botan && $1 = *alone* ]] && continue
        reads "$reader" "$1" && seen+="$reader "
    done
    if [ "$seen" = "${*:2} " ]; then
        echo "as seen before: $1 is read by $seen"
    else
        echo "ANOTHER: $1 is read by $seen" && another=1
    fi
}
row ed25519-v1 openssl gnutls botan cryptography
row ed25519-v2 openssl
row p256-v1-inside openssl gnutls botan cryptography
row p256-v1-without openssl botan cryptography
row p256-v2-outside openssl
row p256-v2-both openssl
row p256-alone-with openssl gnutls cryptography
row p256-alone-without openssl cryptography
exit "$another"
