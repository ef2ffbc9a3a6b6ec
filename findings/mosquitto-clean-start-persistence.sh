#!/usr/bin/env bash
# mosquitto 2.0.21 (Debian 13), MQTT 5: which sessions outlive a restart of a broker with persistence.
#
# Expected: how long a session lives is said by Session Expiry Interval alone (MQTT 5, 3.1.2.11.2); Clean Start says only
#           that none of before is taken up (3.1.2.4). So of two clients with an expiry of an hour, both of which have
#           subscribed with QoS 1 and gone, both find their session and the message of meanwhile after a restart.
# Seen:     without a restart both do. After one, the client that had begun with Clean Start 1 has no session, and its
#           message is gone; the one that had begun with Clean Start 0 has both.
#
# Runs Debian 13's package, unpacked into a temporary folder, and paho-mqtt 2.1.0, on loopback. Fails if the behaviour is
# another.
set -euo pipefail
packages=(mosquitto=2.0.21-1)
here=$(mktemp -d)
trap '[ -z "${broker-}" ] || kill "$broker"; rm -rf "$here"' EXIT
chmod 755 "$here"
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
python3 -m venv --system-site-packages venv 2>/dev/null || python3 -m venv venv
venv/bin/pip -q install paho-mqtt==2.1.0

port=$((20000 + $$ % 10000))
mkdir -m 777 store
printf 'listener %d 127.0.0.1\nallow_anonymous true\npersistence true\npersistence_location %s/\nuser %s\n' \
    "$port" "$here/store" "$(id -un)" >broker.conf
start() {
    "$loader" --library-path "$libraries" "$here/root/usr/sbin/mosquitto" -c broker.conf 2>>broker.log &
    broker=$!
    for _ in $(seq 50); do (: >"/dev/tcp/127.0.0.1/$port") 2>/dev/null && return; sleep 0.1; done
}
stop() { kill "$broker"; wait "$broker" || true; broker=; }

cat >client.py <<'PY'
import sys, time
import paho.mqtt.client as mqtt
from paho.mqtt.properties import Properties
from paho.mqtt.packettypes import PacketTypes

def client(name, clean, port, on_message=None):
    connected = []
    one = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=name, protocol=mqtt.MQTTv5)
    one.on_connect = lambda c, u, flags, reason, p: connected.append(flags.session_present)
    one.on_message = on_message or (lambda *_: None)
    expiry = Properties(PacketTypes.CONNECT)
    expiry.SessionExpiryInterval = 3600
    one.connect("127.0.0.1", port, clean_start=clean, properties=expiry)
    one.loop_start()
    while not connected:
        time.sleep(0.02)
    return one, connected[0]

def leave(one):
    one.disconnect()
    one.loop_stop()

what, port = sys.argv[1], int(sys.argv[2])
if what == "begin":
    for name, clean in [("clean", True), ("kept", False)]:
        one, _ = client(name, clean, port)
        done = []
        one.on_subscribe = lambda *_: done.append(1)
        one.subscribe("news/" + name, qos=1)
        while not done:
            time.sleep(0.02)
        leave(one)
    publisher, _ = client("publisher", True, port)
    for name in ["clean", "kept"]:
        publisher.publish("news/" + name, "meanwhile", qos=1).wait_for_publish()
    leave(publisher)
else:
    for name in ["clean", "kept"]:
        got = []
        one, present = client(name, False, port, lambda c, u, m: got.append(m.payload))
        time.sleep(0.5)
        leave(one)
        print(f"{what}: begun with Clean Start {int(name == 'clean')}: session {'there' if present else 'gone'},"
              f" messages {len(got)}")
PY

start
"$loader" --library-path "$libraries" "$here/root/usr/sbin/mosquitto" -h | head -1 || true
for restart in no yes; do
    venv/bin/python client.py begin "$port"
    if [ "$restart" = yes ]; then stop; start; fi
    venv/bin/python client.py "restart: $restart" "$port" | tee -a seen
done
stop
diff - seen <<'SEEN' && echo "as stated"
restart: no: begun with Clean Start 1: session there, messages 1
restart: no: begun with Clean Start 0: session there, messages 1
restart: yes: begun with Clean Start 1: session gone, messages 0
restart: yes: begun with Clean Start 0: session there, messages 1
SEEN
