#!/usr/bin/env bash
# tpm2-pkcs11 1.9.1, on swtpm 0.7.1: where RSASSA-PSS, which TLS 1.3 needs for RSA keys, can be seen.
#
# Expected: C_GetMechanismList tells the mechanisms of a token; the same TPM gives the same list however its token was
#           made, and what a key may do (CKA_ALLOWED_MECHANISMS) is in it.
# Seen:     a token that was made through PKCS #11 (C_InitToken, C_InitPIN: pkcs11-tool, p11tool) lists no PSS
#           mechanism; one that tpm2_ptool made, in the same store and on the same TPM, lists CKM_RSA_PKCS_PSS and
#           CKM_SHA256_RSA_PKCS_PSS. The first can do it nevertheless: C_GetMechanismInfo knows them, its RSA key's
#           CKA_ALLOWED_MECHANISMS have them, and it signs, with a salt as long as the hash. So who goes by the list
#           cannot use such RSA keys in TLS 1.3.
#
# Runs Debian 13's packages, unpacked into a temporary folder, on loopback. Fails if the behaviour is another.
set -euo pipefail
packages=(libtpm2-pkcs11-1=1.9.1-0.1 swtpm=0.7.1-1.5 libtpm2-pkcs11-tools=1.9.1-0.1 tpm2-tools=5.7-1
    libtss2-tcti-swtpm0t64=4.1.3-1.2 python3=3.13.5-1 python3-cryptography=43.0.0-3+deb13u1)
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
cat >pss.py <<'PYTHON'
import sys
from check import check, done
from cryptoki import Token, byref, c_ulong, create_string_buffer
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from ctypes import Structure

CLASS, TOKEN, SENSITIVE, SIGN, VERIFY, MODULUS, MODULUS_BITS = 0, 1, 0x103, 0x108, 0x10A, 0x120, 0x121
EXPONENT, ALLOWED = 0x122, 0x40000600
RSA_KEY_PAIR_GEN, RSA_PKCS_PSS, SHA256_RSA_PKCS_PSS, SHA256, MGF1_SHA256 = 0, 0xD, 0x43, 0x250, 2

class Pss(Structure):
    _fields_ = [("hash", c_ulong), ("mask", c_ulong), ("salt", c_ulong)]

module, step = Token(sys.argv[1]), sys.argv[2]
slots = module.slots()

def listed(slot):
    count, mechanisms = c_ulong(99), (c_ulong * 99)()
    assert module.GetMechanismList(c_ulong(slot), mechanisms, byref(count)) == 0
    return [kind in mechanisms[:count.value] for kind in (RSA_PKCS_PSS, SHA256_RSA_PKCS_PSS)]

def login(slot, user, pin):
    session = module.session(slot)
    assert module.Login(session, c_ulong(user), pin, c_ulong(len(pin))) == 0
    return session

if step == "new":
    assert module.InitToken(c_ulong(slots[-1]), b"12345678", c_ulong(8), b"by-module".ljust(32)) == 0
    session = login(slots[-1], 0, b"12345678")
    assert module.InitPIN(session, b"1234", c_ulong(4)) == 0
elif step == "first":
    check("made by C_InitToken, the list has CKM_RSA_PKCS_PSS, and with SHA-256", [False, False], listed(slots[0]))
    info = (c_ulong * 3)()
    for kind in (RSA_PKCS_PSS, SHA256_RSA_PKCS_PSS):
        check(f"made by C_InitToken, C_GetMechanismInfo of {kind:#x}", 0,
              module.GetMechanismInfo(c_ulong(slots[0]), c_ulong(kind), info))
    session = login(slots[0], 1, b"1234")
    public, private = module.pair(session, RSA_KEY_PAIR_GEN,
                                  [(CLASS, 2), (TOKEN, True), (VERIFY, True), (MODULUS_BITS, 2048),
                                   (EXPONENT, b"\1\0\1")],
                                  [(CLASS, 3), (TOKEN, True), (SENSITIVE, True), (SIGN, True)])
    allowed = module.attribute(session, private, ALLOWED)
    allowed = [int.from_bytes(allowed[at:at + 8], "little") for at in range(0, len(allowed), 8)]
    check("its key's CKA_ALLOWED_MECHANISMS have both", True, {RSA_PKCS_PSS, SHA256_RSA_PKCS_PSS} <= set(allowed))
    buffer, length = create_string_buffer(512), c_ulong(512)
    mechanism = module.mechanism(SHA256_RSA_PKCS_PSS, Pss(SHA256, MGF1_SHA256, 32))
    check("C_SignInit with PSS", 0, module.SignInit(session, mechanism, private))
    check("C_Sign", 0, module.Sign(session, b"message", c_ulong(7), buffer, byref(length)))
    key = rsa.RSAPublicNumbers(65537, int.from_bytes(module.attribute(session, public, MODULUS), "big")).public_key()
    key.verify(buffer.raw[:length.value], b"message", padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
else:
    check("made by tpm2_ptool, the list has CKM_RSA_PKCS_PSS, and with SHA-256", [True, True], listed(slots[1]))
done()
PYTHON
# tpm2_ptool starts tpm2-tools by their names.
mkdir tools
for tool in root/usr/bin/tpm2_*; do
    name=$(basename "$tool")
    [ "$name" = tpm2_ptool ] && continue
    printf '#!/bin/sh\n"%s" --library-path "%s" --argv0 %s "%s" "$@" || exit\n"%s" --library-path "%s" "%s" %s\n' \
        "$loader" "$libraries" "$name" "$here/root/usr/bin/tpm2" \
        "$loader" "$libraries" "$here/root/usr/bin/tpm2" "flushcontext --transient-object" >"tools/$name"
    chmod +x "tools/$name"
done

echo "${packages[@]:0:2}"
another=0
# step WHAT COMMAND..
step() {
    "${@:2}" >said 2>&1 || { another=1 && echo "ANOTHER: $1"; }
    if [ $another = 1 ] || [ "$2" = python ]; then cat said; fi
    flush
}
step "a token by C_InitToken" python pss.py "$module" new
step "what it can do" python pss.py "$module" first
PATH=$here/tools:$PATH PYTHONHOME=$here/root/usr PYTHONPATH=$here/root/usr/lib/python3/dist-packages \
    step "a token by tpm2_ptool" run python3 root/usr/bin/tpm2_ptool addtoken --pid 1 --sopin 12345678 --userpin 1234 \
    --label by-ptool --path "$here/store"
step "what that can do" python pss.py "$module" second
exit "$another"
