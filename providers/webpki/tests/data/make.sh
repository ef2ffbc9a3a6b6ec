#!/usr/bin/env bash
# Makes the chains of this folder, with OpenSSL 3: valid for a hundred years, so that the tests need no others. All of them, or
# the groups that are named: `make.sh ecdsa old`.
#
#   rsa4096.*      a server below two intermediates, all with RSA-4096 and RSASSA-PKCS1-v1_5
#   rsapss.*       a server with P-256 below a root with a key for RSASSA-PSS
#   rsae-pss.*     a server with P-256 below a root with an RSA key that signs with RSASSA-PSS and SHA-384
#   CURVE-HASH.*   a server below a root, both on one curve, signed with one hash: pairs with P-521 or SHA-512
#   rsa1024.*      a server with RSA-1024 below a root with RSA-2048, and one with P-256 below a root with RSA-1024
#   v1.*           a server whose certificate is of version 1 of X.509, below a root with P-256
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT

readonly AUTHORITY="basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid"
readonly SERVER="basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth,clientAuth
subjectAltName=DNS:server.test
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid"

# issue NAME ISSUER EXTENSIONS KEY-OPTIONS SIGNING-OPTIONS: a key and its certificate; a root issues its own.
issue() {
    local name=$1 issuer=$2 key=()
    read -ra key <<<"$4"
    read -ra signing <<<"$5"
    openssl genpkey "${key[@]}" -out "$work/$name.key" 2>/dev/null
    openssl req -new -key "$work/$name.key" -subj "/O=SaiTLS tests of certificate chains/CN=$name" -out "$work/$name.csr" \
        ${6:+-sigopt rsa_padding_mode:pss}
    local by=(-CA "$work/$issuer.pem" -CAkey "$work/$issuer.key" -CAcreateserial)
    [ "$name" != "$issuer" ] || by=(-signkey "$work/$name.key")
    openssl x509 -req -in "$work/$name.csr" "${by[@]}" -days 36500 -extfile <(printf '%s\n' "$3") "${signing[@]}" \
        -out "$work/$name.pem" 2>/dev/null
}

der() { openssl x509 -in "$work/$1.pem" -outform DER -out "$2"; }

readonly P256="-algorithm EC -pkeyopt ec_paramgen_curve:P-256"

make_rsa() {
    local rsa="-algorithm RSA -pkeyopt rsa_keygen_bits:4096"
    issue root root "$AUTHORITY" "$rsa" -sha256
    issue first root "$AUTHORITY" "$rsa" -sha256
    issue second first "$AUTHORITY" "$rsa" -sha384
    issue server second "$SERVER" "$rsa" -sha512
    der root rsa4096.root.der
    der first rsa4096.first.der
    der second rsa4096.second.der
    der server rsa4096.server.der
    openssl pkcs8 -topk8 -nocrypt -in "$work/server.key" -outform DER -out rsa4096.server.key.der
}

make_pss() {
    issue pssroot pssroot "$AUTHORITY" "-algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048" "-sha256 -sigopt rsa_pss_saltlen:32" pss
    issue pssserver pssroot "$SERVER" "$P256" "-sha256 -sigopt rsa_pss_saltlen:32"
    der pssroot rsapss.root.der
    der pssserver rsapss.server.der

    issue rsaeroot rsaeroot "$AUTHORITY" "-algorithm RSA -pkeyopt rsa_keygen_bits:2048" -sha256
    issue rsaeserver rsaeroot "$SERVER" "$P256" "-sha384 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:48"
    der rsaeroot rsae-pss.root.der
    der rsaeserver rsae-pss.server.der
}

make_ecdsa() {
    local curve hash pair
    for pair in P-256:sha512 P-384:sha512 P-521:sha256 P-521:sha384 P-521:sha512; do
        curve=${pair%:*} hash=${pair#*:}
        local key="-algorithm EC -pkeyopt ec_paramgen_curve:$curve" name=${curve,,}
        name=${name/-/}-$hash
        issue "$name-root" "$name-root" "$AUTHORITY" "$key" "-$hash"
        issue "$name-server" "$name-root" "$SERVER" "$key" "-$hash"
        der "$name-root" "$name.root.der"
        der "$name-server" "$name.server.der"
    done
    openssl pkcs8 -topk8 -nocrypt -in "$work/p521-sha512-server.key" -outform DER -out p521-sha512.server.key.der
}

make_old() {
    local rsa="-algorithm RSA -pkeyopt rsa_keygen_bits"
    issue long long "$AUTHORITY" "$rsa:2048" -sha256
    issue shortserver long "$SERVER" "$rsa:1024" -sha256
    issue short short "$AUTHORITY" "$rsa:1024" -sha256
    issue shortissued short "$SERVER" "$P256" -sha256
    der long rsa1024.long.root.der
    der shortserver rsa1024.short.server.der
    der short rsa1024.short.root.der
    der shortissued rsa1024.server.der
    issue modern modern "$AUTHORITY" "$P256" -sha256
    # Without extensions, OpenSSL 3.0 writes version 1.
    issue v1server modern "" "$P256" -sha256
    der modern v1.root.der
    der v1server v1.server.der
}

[ $# -gt 0 ] || set -- rsa pss ecdsa old
for group; do "make_$group"; done
