#!/usr/bin/env bash
# tpm2-pkcs11 1.9.1 and P-521 keys, on swtpm 0.7.1.
#
# Expected: where the TPM has P-521, C_GenerateKeyPair makes a key that signs, as with P-256 and P-384; or it refuses
#           the curve.
# Seen:     the pair is made, and its halves are found, but it can never be used: CKA_EC_POINT is no DER. The point's
#           133 bytes have their length in one byte, 04 85, where DER wants 04 81 85 (a length byte of 85 announces five
#           more). Readers of the attribute fail, and so does the module itself: each C_SignInit with the private key
#           answers CKR_HOST_MEMORY. P-384's 97 bytes fit into the one byte.
#
# Runs Debian 13's packages, unpacked into a temporary folder, on loopback. Fails if the behaviour is another.
set -euo pipefail
packages=(libtpm2-pkcs11-1=1.9.1-0.1 swtpm=0.7.1-1.5 tpm2-tools=5.7-1 libtss2-tcti-swtpm0t64=4.1.3-1.2 python3=3.13.5-1
    python3-cryptography=43.0.0-3+deb13u1)
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

# What of PKCS #11 is needed here, in ctypes.
cat >cryptoki.py <<'PYTHON'
import ctypes
from ctypes import byref, c_char_p, c_ubyte, c_ulong, c_void_p, cast, create_string_buffer, sizeof

CALLS = dict(Initialize=0, GetSlotList=4, GetMechanismList=7, GetMechanismInfo=8, InitToken=9, InitPIN=10,
             OpenSession=12, CloseSession=13, Login=18, Logout=19, GetAttributeValue=24, SignInit=42, Sign=43,
             GenerateKeyPair=59, DeriveKey=62)

class Attribute(ctypes.Structure):
    _fields_ = [("kind", c_ulong), ("value", c_void_p), ("length", c_ulong)]

class Mechanism(ctypes.Structure):
    _fields_ = [("kind", c_ulong), ("parameter", c_void_p), ("length", c_ulong)]

class Arguments(ctypes.Structure):
    _fields_ = [("mutexes", c_void_p * 4), ("flags", c_ulong), ("reserved", c_char_p)]

class Token:
    """A module; its calls by name, without C_, give CKR values."""

    def __init__(self, path, reserved=None):
        library, table = ctypes.CDLL(path), c_void_p()
        library.C_GetFunctionList(byref(table))
        table = cast(table, ctypes.POINTER(c_void_p))  # the version takes the first place
        for name, place in CALLS.items():
            setattr(self, name, ctypes.CFUNCTYPE(c_ulong)(table[place + 1]))
        self.kept = [library, Arguments(flags=2, reserved=reserved)]
        assert self.Initialize(byref(self.kept[1])) == 0

    def slots(self):
        slots, count = (c_ulong * 16)(), c_ulong(16)
        assert self.GetSlotList(b"\1", slots, byref(count)) == 0
        return slots[:count.value]

    def session(self, slot):
        handle = c_ulong()
        assert self.OpenSession(c_ulong(slot), c_ulong(6), None, None, byref(handle)) == 0
        return handle

    def template(self, attributes):
        made = (Attribute * len(attributes))()
        for place, (kind, value) in zip(made, attributes):
            value = bytes([value]) if isinstance(value, bool) else value
            value = value.to_bytes(sizeof(c_ulong), "little") if isinstance(value, int) else value
            held = create_string_buffer(value, len(value))
            self.kept.append(held)
            place.kind, place.value, place.length = kind, cast(held, c_void_p), len(value)
        return made, c_ulong(len(made))

    def mechanism(self, kind, parameter=None):
        self.kept.append(parameter)
        place = cast(ctypes.pointer(parameter), c_void_p) if parameter is not None else None
        return byref(Mechanism(kind, place, sizeof(parameter) if parameter is not None else 0))

    def pair(self, session, kind, public, private):
        one, other = c_ulong(), c_ulong()
        said = self.GenerateKeyPair(session, self.mechanism(kind), *self.template(public), *self.template(private),
                                    byref(one), byref(other))
        assert said == 0, hex(said)
        return one, other

    def attribute(self, session, handle, kind):
        asked = (Attribute * 1)(Attribute(kind, None, 0))
        assert self.GetAttributeValue(session, handle, asked, c_ulong(1)) == 0
        held = create_string_buffer(asked[0].length)
        asked[0].value = cast(held, c_void_p)
        assert self.GetAttributeValue(session, handle, asked, c_ulong(1)) == 0
        return held.raw[:asked[0].length]
PYTHON
cat >check.py <<'PYTHON'
import sys

failed = False

def check(what, expected, seen):
    global failed
    same = expected == seen
    failed |= not same
    print(f"as seen before: {what}: {seen}" if same else f"ANOTHER: {what}: {seen}, not {expected}")

def done():
    sys.exit(failed)
PYTHON
python() { PYTHONHOME=$here/root/usr PYTHONPATH=$here:$here/root/usr/lib/python3/dist-packages run python3 "$@"; }
# A TPM on loopback: two ports, for commands and for its control.
mkdir tpm store
port=$((20000 + $$ % 10000))
"$loader" --library-path "$libraries:$libraries/swtpm" root/usr/bin/swtpm socket --tpm2 \
    --tpmstate "dir=$here/tpm" --server "type=tcp,port=$port,bindaddr=127.0.0.1" \
    --ctrl "type=tcp,port=$((port + 1)),bindaddr=127.0.0.1" --flags not-need-init,startup-clear >swtpm.log 2>&1 &
started+=($!)
for _ in $(seq 100); do
    grep -q "$(printf ':%04X .* 0A ' "$port")" /proc/net/tcp && break
    sleep 0.1
done
export TPM2TOOLS_TCTI=swtpm:host=127.0.0.1,port=$port
export TPM2_PKCS11_TCTI=$TPM2TOOLS_TCTI TPM2_PKCS11_BACKEND=esysdb TPM2_PKCS11_STORE=$here/store
export TPM2_PKCS11_LOG_LEVEL=0 TSS2_LOG=all+none
# No resource manager stands before this TPM: what a process leaves in it is removed after each.
flush() {
    for kind in --transient-object --loaded-session --saved-session; do run tpm2 flushcontext "$kind"; done
}
module=$libraries/pkcs11/libtpm2_pkcs11.so
cat >tpm.py <<'PYTHON'
import hashlib
import sys
from check import check, done
from cryptoki import Token, byref, c_ulong, create_string_buffer
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

CLASS, TOKEN, SENSITIVE, SIGN, VERIFY, EC_PARAMS, EC_POINT = 0, 1, 0x103, 0x108, 0x10A, 0x180, 0x181
EC_KEY_PAIR_GEN, ECDSA, HOST_MEMORY = 0x1040, 0x1041, 2
module = Token(sys.argv[1])
slot = module.slots()[0]
if sys.argv[2] == "new":
    assert module.InitToken(c_ulong(slot), b"12345678", c_ulong(8), b"token".ljust(32)) == 0
    session = module.session(slot)
    assert module.Login(session, c_ulong(0), b"12345678", c_ulong(8)) == 0
    assert module.InitPIN(session, b"1234", c_ulong(4)) == 0
    sys.exit()
name, curve, parameters = {"P-256": ("P-256", ec.SECP256R1(), "06082a8648ce3d030107"),
                           "P-384": ("P-384", ec.SECP384R1(), "06052b81040022"),
                           "P-521": ("P-521", ec.SECP521R1(), "06052b81040023")}[sys.argv[2]]
session = module.session(slot)
assert module.Login(session, c_ulong(1), b"1234", c_ulong(4)) == 0
public, private = module.pair(session, EC_KEY_PAIR_GEN,
                              [(CLASS, 2), (TOKEN, True), (VERIFY, True), (EC_PARAMS, bytes.fromhex(parameters))],
                              [(CLASS, 3), (TOKEN, True), (SENSITIVE, True), (SIGN, True)])
point = module.attribute(session, public, EC_POINT)
if name == "P-521":
    check("P-521: the point begins with", "048504", point[:3].hex())
    check("P-521: its length, tag and length included", 2 + 133, len(point))
    ec.EllipticCurvePublicKey.from_encoded_point(curve, point[2:])
    check("P-521: C_SignInit", HOST_MEMORY, module.SignInit(session, module.mechanism(ECDSA), private))
else:
    check(f"{name}: C_SignInit", 0, module.SignInit(session, module.mechanism(ECDSA), private))
    digest, buffer, length = hashlib.sha256(b"message").digest(), create_string_buffer(200), c_ulong(200)
    check(f"{name}: C_Sign", 0, module.Sign(session, digest, c_ulong(32), buffer, byref(length)))
    r, s = (int.from_bytes(buffer.raw[at:at + length.value // 2], "big") for at in (0, length.value // 2))
    ec.EllipticCurvePublicKey.from_encoded_point(curve, point[2:]).verify(
        utils.encode_dss_signature(r, s), b"message", ec.ECDSA(hashes.SHA256()))
done()
PYTHON
echo "${packages[@]:0:2}"
run tpm2 getcap ecc-curves | grep P521
another=0
for what in new P-256 P-384 P-521; do
    python tpm.py "$module" $what 2>said || { another=1 && cat said; }
    flush
done
exit "$another"
