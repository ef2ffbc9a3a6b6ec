#!/usr/bin/env bash
# NSS 3.110's softoken and CKM_EDDSA: how long the buffer of C_Sign has to be.
#
# Expected: what PKCS #11 says in 5.2: C_Sign with a null pointer tells a length that suffices; a buffer of that length,
#           or a longer one, is taken, and the signature's length, 64, comes back.
# Seen:     it tells 144, and with a buffer of 144 bytes, as with any that is not of 64 bytes exactly, C_Sign answers
#           CKR_ARGUMENTS_BAD. With 64 bytes it signs, and rightly. So a program that asks for the length first never
#           gets an Ed25519 signature, though CKM_EDDSA is in the list of mechanisms. ECDSA is as expected in the same
#           module.
#
# Runs Debian 13's packages, unpacked into a temporary folder. Fails if the behaviour is another.
set -euo pipefail
packages=(libnss3=2:3.110-1+deb13u5 libnss3-tools=2:3.110-1+deb13u5 python3=3.13.5-1
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

mkdir database
run certutil -N -d sql:database --empty-password
cat >eddsa.py <<'PYTHON'
import sys
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from check import check, done
from cryptoki import Token, byref, c_ulong, create_string_buffer

OK, ARGUMENTS_BAD = 0, 7
CLASS, TOKEN, SIGN, SENSITIVE, VERIFY, EC_PARAMS, EC_POINT = 0, 1, 0x108, 0x103, 0x10A, 0x180, 0x181
EC_KEY_PAIR_GEN, ECDSA, EC_EDWARDS_KEY_PAIR_GEN, EDDSA = 0x1040, 0x1041, 0x1055, 0x1057

database = f"configdir='sql:{sys.argv[2]}' certPrefix='' keyPrefix='' secmod='secmod.db' flags= "
nss = Token(sys.argv[1], database.encode())
slot = nss.slots()[0]

def pair(kind, parameters):
    return nss.pair(nss.session(slot), kind, [(CLASS, 2), (TOKEN, False), (VERIFY, True), (EC_PARAMS, parameters)],
                    [(CLASS, 3), (TOKEN, False), (SENSITIVE, True), (SIGN, True)])

def sign(kind, key, message, size):
    """CKR and length for a buffer of that size; the signature."""
    session, length = nss.session(slot), c_ulong(size or 0)
    assert nss.SignInit(session, nss.mechanism(kind), key) == 0
    buffer = create_string_buffer(size) if size else None
    said = nss.Sign(session, message, c_ulong(len(message)), buffer, byref(length))
    return (said, length.value), buffer and buffer.raw[:length.value]

count = c_ulong(999)
mechanisms = (c_ulong * 999)()
nss.GetMechanismList(c_ulong(slot), mechanisms, byref(count))
check("CKM_EDDSA is in the list", True, EDDSA in mechanisms[:count.value])

public, private = pair(EC_EDWARDS_KEY_PAIR_GEN, bytes.fromhex("06032b6570"))
key = Ed25519PublicKey.from_public_bytes(nss.attribute(nss.session(slot), public, EC_POINT))
check("Ed25519, length asked for (CKR, length)", (OK, 144), sign(EDDSA, private, b"message", None)[0])
for size in (63, 65, 72, 144, 1024):
    check(f"Ed25519, buffer of {size}", (ARGUMENTS_BAD, size), sign(EDDSA, private, b"message", size)[0])
for message in (b"", b"message", bytes(20000)):
    said, signature = sign(EDDSA, private, message, 64)
    check(f"Ed25519, buffer of 64, message of {len(message)}", (OK, 64), said)
    key.verify(signature, message)

public, private = pair(EC_KEY_PAIR_GEN, bytes.fromhex("06082a8648ce3d030107"))
asked = sign(ECDSA, private, bytes(32), None)[0]
check("P-256, length asked for", OK, asked[0])
for size in (64, asked[1], 1024):
    check(f"P-256, buffer of {size}", (OK, 64), sign(ECDSA, private, bytes(32), size)[0])
done()
PYTHON
python eddsa.py "$libraries/libsoftokn3.so" "$here/database"
