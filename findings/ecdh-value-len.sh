#!/usr/bin/env bash
# CKM_ECDH1_DERIVE and CKA_VALUE_LEN: SoftHSM 2.6.1 and NSS 3.110.
#
# Expected: a P-256 secret has 32 bytes. Without CKA_VALUE_LEN in the template the key has them all, and says 32; with
#           16 it has the last 16 (the standard: bytes are removed from the leading end); with 40 the call fails, as
#           there are not so many.
# Seen:     * SoftHSM, without: the 32 bytes are there, but the key says that its CKA_VALUE_LEN is 0. So who reads the
#           length to know the secret's size, or to give it to the next mechanism, gets nothing.
#           * NSS, with 40: it succeeds. Eight zero bytes, then the 32, and the length 40: not the secret that the other
#             side has. SoftHSM fails, as expected. With 16 both keep the last 16 bytes.
#
# Runs Debian 13's packages, unpacked into a temporary folder. Fails if the behaviour is another.
set -euo pipefail
packages=(libsofthsm2=2.6.1-3 libnss3=2:3.110-1+deb13u5 libnss3-tools=2:3.110-1+deb13u5 python3=3.13.5-1
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

mkdir database
run certutil -N -d sql:database --empty-password
cat >lengths.py <<'PYTHON'
import sys
from check import check, done
from cryptoki import Token, byref, c_ulong, c_void_p, cast, create_string_buffer
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from ctypes import Structure
from softhsm import softhsm

CLASS, TOKEN, VALUE, KEY_TYPE, SENSITIVE, DERIVE, EXTRACTABLE = 0, 1, 0x11, 0x100, 0x103, 0x10C, 0x162
VALUE_LEN, EC_PARAMS, EC_POINT, EC_KEY_PAIR_GEN, ECDH1_DERIVE = 0x161, 0x180, 0x181, 0x1040, 0x1050

class Derive(Structure):
    _fields_ = [("function", c_ulong), ("shared_length", c_ulong), ("shared", c_void_p),
                ("public_length", c_ulong), ("public", c_void_p)]

def secrets(module, session):
    """What the agreed secret is, and a function that derives it in the token: CKR, CKA_VALUE_LEN, value."""
    public, private = module.pair(session, EC_KEY_PAIR_GEN,
                                  [(CLASS, 2), (TOKEN, False), (EC_PARAMS, bytes.fromhex("06082a8648ce3d030107"))],
                                  [(CLASS, 3), (TOKEN, False), (SENSITIVE, True), (DERIVE, True)])
    point = module.attribute(session, public, EC_POINT)[2:]
    ours = ec.generate_private_key(ec.SECP256R1())
    secret = ours.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point))
    peer = ours.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    held = create_string_buffer(peer, len(peer))
    parameter = Derive(1, 0, None, len(peer), cast(held, c_void_p))

    def derive(length):
        template = [(CLASS, 4), (KEY_TYPE, 0x10), (TOKEN, False), (SENSITIVE, False), (EXTRACTABLE, True)]
        template += [(VALUE_LEN, length)] if length else []
        key = c_ulong()
        said = module.DeriveKey(session, module.mechanism(ECDH1_DERIVE, parameter), private,
                                *module.template(template), byref(key))
        if said:
            return said, 0, b""
        length = int.from_bytes(module.attribute(session, key, VALUE_LEN), "little")
        return said, length, module.attribute(session, key, VALUE)
    return secret, derive

module, slot, session = softhsm()
secret, derive = secrets(module, session)
check("SoftHSM, no length in the template: the secret has the length", 0, derive(None)[1])
check("SoftHSM, no length in the template: it is right", True, derive(None)[2] == secret)
check("SoftHSM, 32 in the template: the secret has the length", 32, derive(32)[1])
check("SoftHSM, 16: the last 16 bytes", True, derive(16)[1:] == (16, secret[16:]))
check("SoftHSM, 40: succeeds", False, derive(40)[0] == 0)

database = f"configdir='sql:{sys.argv[3]}' certPrefix='' keyPrefix='' secmod='secmod.db' flags= "
module = Token(sys.argv[2], database.encode())
secret, derive = secrets(module, module.session(module.slots()[0]))
check("NSS, no length in the template: the secret has the length", 32, derive(None)[1])
check("NSS, no length in the template: it is right", True, derive(None)[2] == secret)
check("NSS, 16: the last 16 bytes", True, derive(16)[1:] == (16, secret[16:]))
check("NSS, 40: eight zero bytes, then the secret", True, derive(40) == (0, 40, bytes(8) + secret))
done()
PYTHON
echo "${packages[@]:0:2}"
python lengths.py "$libraries/softhsm/libsofthsm2.so" "$libraries/libsoftokn3.so" "$here/database"
