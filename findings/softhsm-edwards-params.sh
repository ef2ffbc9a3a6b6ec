#!/usr/bin/env bash
# SoftHSM 2.6.1: CKA_EC_PARAMS of the two halves of an Ed25519 or Ed448 pair.
#
# PKCS #11 3.0 has two forms for these curves: an object identifier (1.3.101.112, 113), and a PrintableString
# ("edwards25519", "edwards448").
#
# Expected: both halves of a pair that C_GenerateKeyPair makes have the parameters that its template gave, as both
#           halves of a P-256 pair have them; so a public key is found by its private key's CKA_EC_PARAMS, and one form
#           is enough to tell the curve.
# Seen:     the public half has what the template gave; the private half has the PrintableString always. Of a pair that
#           was asked for with the object identifier, the halves' parameters differ. So a program that knows the object
#           identifier only does not know the private keys that it made itself. Both halves' CKA_EC_POINT and signatures
#           are as expected.
#
# Runs Debian 13's packages, unpacked into a temporary folder. Fails if the behaviour is another.
set -euo pipefail
packages=(libsofthsm2=2.6.1-3 python3=3.13.5-1 python3-cryptography=43.0.0-3+deb13u1)
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
mkdir tokens
printf 'directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n' "$here/tokens" >softhsm.conf
export SOFTHSM2_CONF=$here/softhsm.conf
cat >softhsm.py <<'PYTHON'
import sys
from cryptoki import Token, c_ulong

def softhsm():
    """SoftHSM with a new token, and a session in which its user is logged in."""
    module = Token(sys.argv[1])
    assert module.InitToken(c_ulong(module.slots()[-1]), b"12345678", c_ulong(8), b"token".ljust(32)) == 0
    slot = module.slots()[0]
    session = module.session(slot)
    assert module.Login(session, c_ulong(0), b"12345678", c_ulong(8)) == 0
    assert module.InitPIN(session, b"1234", c_ulong(4)) == 0
    assert module.Logout(session) == 0
    assert module.Login(session, c_ulong(1), b"1234", c_ulong(4)) == 0
    return module, slot, session
PYTHON
cat >parameters.py <<'PYTHON'
from check import check, done
from cryptoki import byref, c_ulong, create_string_buffer
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from softhsm import softhsm

CLASS, TOKEN, SENSITIVE, SIGN, VERIFY, EC_PARAMS, EC_POINT = 0, 1, 0x103, 0x108, 0x10A, 0x180, 0x181
EC_KEY_PAIR_GEN, EC_EDWARDS_KEY_PAIR_GEN, EDDSA = 0x1040, 0x1055, 0x1057
module, slot, session = softhsm()

def halves(what, kind, parameters, public_has, private_has):
    public, private = module.pair(session, kind, [(CLASS, 2), (TOKEN, False), (VERIFY, True), (EC_PARAMS, parameters)],
                                  [(CLASS, 3), (TOKEN, False), (SENSITIVE, True), (SIGN, True)])
    for half, handle, has in (("public", public, public_has), ("private", private, private_has)):
        check(f"{what}: the {half} half's parameters", has.hex(), module.attribute(session, handle, EC_PARAMS).hex())
    return module.attribute(session, public, EC_POINT), private

def sign(key):
    buffer, length = create_string_buffer(200), c_ulong(200)
    assert module.SignInit(session, module.mechanism(EDDSA), key) == 0
    assert module.Sign(session, b"message", c_ulong(7), buffer, byref(length)) == 0
    return buffer.raw[:length.value]

for name, suffix, kind in (("edwards25519", 0x70, Ed25519PublicKey), ("edwards448", 0x71, Ed448PublicKey)):
    identifier, string = bytes.fromhex("06032b65") + bytes([suffix]), bytes([0x13, len(name)]) + name.encode()
    for what, given in (("identifier", identifier), ("string", string)):
        point, private = halves(f"{name} by its {what}", EC_EDWARDS_KEY_PAIR_GEN, given, given, string)
        kind.from_public_bytes(point[2:]).verify(sign(private), b"message")
p256 = bytes.fromhex("06082a8648ce3d030107")
halves("P-256 by its identifier", EC_KEY_PAIR_GEN, p256, p256, p256)
done()
PYTHON
echo "${packages[0]}"
python parameters.py "$libraries/softhsm/libsofthsm2.so"
