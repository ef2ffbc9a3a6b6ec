#!/usr/bin/env bash
# certtool, p11tool and ocsptool of GnuTLS 3.8.9 and their --outfile.
#
# Expected: a run that fails leaves what stood at --outfile as it was, or at worst empty: the name may be a device, a
#           pipe that another program reads, or a link to the real file.
# Seen:     whenever certtool, p11tool or ocsptool ends with an error it removes that name, whatever it is: a file that
#           had something in it (even if the input was never opened), a FIFO, a symbolic link. Root who asks whether
#           certtool reads a key, with --outfile /dev/null, has no /dev/null any more if the answer is no. Success
#           writes through FIFOs and links, as one expects.
#
# Runs Debian 13's package, unpacked into a temporary folder, on names in it. Fails if the behaviour is another.
set -euo pipefail
packages=(gnutls-bin=3.8.9-3+deb13u4)
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
run certtool --version | head -1

run certtool --generate-privkey --key-type ecdsa --outfile key.pem 2>/dev/null
another=0
# expect WHAT WANTED SEEN
expect() {
    if [ "$2" = "$3" ]; then echo "as seen before: $1: $2"; else echo "ANOTHER: $1: $3 instead of $2" && another=1; fi
}
# try WHAT STATUS TOOL ARGUMENT..: a file, a FIFO that is read, and a link to a file, each as --outfile, in turn.
try() {
    local what=$1 wanted=$2 left="" status
    for kind in file fifo link; do
        rm -f out target
        case $kind in
        file) echo precious >out ;;
        fifo) mkfifo out && (timeout 5 cat out >/dev/null || true) & started+=($!) ;;
        link) echo precious >target && ln -s target out ;;
        esac
        for _ in $(seq 50); do [ -e out ] && break; sleep 0.1; done
        status=0
        run "${@:3}" --outfile out >said 2>&1 </dev/null || status=$?
        if [ -L out ]; then
            left+="link "
        elif [ -p out ]; then
            left+="fifo "
        elif [ -e out ]; then
            left+="file "
        else
            left+="nothing "
        fi
    done
    expect "$what (status $status) leaves" "$wanted" "${left% }"
}
try "certtool --certificate-info of a key" "nothing nothing nothing" certtool -i --infile key.pem
try "certtool --key-info of a file that is not there" "nothing nothing nothing" certtool -k --infile missing.pem
try "ocsptool --response-info of a key" "nothing nothing nothing" ocsptool -j --infile key.pem
try "p11tool --info of a URI that is none" "nothing nothing nothing" p11tool --info pkcs11:none
try "certtool --key-info of a key" "file fifo link" certtool -k --infile key.pem
exit "$another"
