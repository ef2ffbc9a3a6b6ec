#!/usr/bin/env bash
# Makes the keys and certificates of this folder, for tests only: nobody keeps the keys secret. The images hold the roots,
# the pins and what the server presents; programs on the host use the rest.
set -euo pipefail
cd "$(dirname "$0")"
rm -f ./*.pem ./*.der ./*.sha256 ./*.bin

# key NAME ALGORITHM..
key() { openssl genpkey -out "$1.key.pem" "${@:2}"; }
# issue NAME COMMON-NAME ISSUER EXTENSIONS: signs the certificate of NAME with the key of ISSUER, for 100 years.
issue() {
    openssl req -new -key "$1.key.pem" -subj "/CN=$2" |
        openssl x509 -req -days 36500 -CA "$3.cert.pem" -CAkey "$3.key.pem" -out "$1.cert.pem" -extfile <(printf '%b' "$4")
}
root() { openssl req -x509 -new -days 36500 -key "$1.key.pem" -subj "/CN=$2" -out "$1.cert.pem"; }

P256=(-algorithm EC -pkeyopt ec_paramgen_curve:P-256)
readonly SERVER='subjectAltName=DNS:server.test,DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\nbasicConstraints=critical,CA:false\n'
readonly CLIENT='extendedKeyUsage=clientAuth\nbasicConstraints=critical,CA:false\n'
readonly CA='basicConstraints=critical,CA:true\nkeyUsage=keyCertSign\n'

for name in root intermediate leaf client other-root stranger; do key "$name" "${P256[@]}"; done
key ed25519 -algorithm ED25519
root root "SaiTLS firmware root"
root other-root "SaiTLS other root"
root ed25519 "server.test"
issue intermediate "SaiTLS firmware intermediate" root "$CA"
issue leaf server.test intermediate "$SERVER"
# The same key without an intermediate: one certificate is sent.
cp leaf.key.pem direct.key.pem
issue direct server.test root "$SERVER"
issue client client.test root "$CLIENT"
issue stranger client.test other-root "$CLIENT"

for name in root intermediate leaf other-root; do openssl x509 -in "$name.cert.pem" -outform DER -out "$name.der"; done
openssl pkcs8 -topk8 -nocrypt -in leaf.key.pem -outform DER -out leaf.key.der
for name in leaf ed25519; do
    openssl x509 -in "$name.cert.pem" -pubkey -noout | openssl pkey -pubin -outform DER |
        openssl dgst -sha256 -binary >"$name.spki.sha256"
done
# What subject and SubjectPublicKeyInfo of the root hold, for a trust anchor that is a constant: they are the fourth and the
# fifth of its fields that are SEQUENCEs.
fields=$(openssl asn1parse -in root.cert.pem | sed -n 's/^ *\([0-9]*\):d=2 *hl= *\([0-9]*\) *l= *\([0-9]*\) *cons: SEQUENCE.*/\1 \2 \3/p')
for part in subject:4 spki:5; do
    read -r offset header length < <(sed -n "${part#*:}p" <<<"$fields")
    tail -c "+$((offset + header + 1))" root.der | head -c "$length" >"root.${part%:*}.bin"
done
