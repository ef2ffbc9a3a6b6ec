//! MQTT over mosquitto, which asks clients for certificates and is restarted in the middle: rust-mqtt publishes, minimq
//! is subscribed, and of what was published at QoS 1 nothing is lost.

use crate::peers::{self, Process};
use embedded_nal_async::TcpConnect;
use minimq::{ConfigBuilder, ConnectEvent, QoS, Session, SubscriptionOptions};
use rust_mqtt::Bytes;
use rust_mqtt::buffer::AllocBuffer;
use rust_mqtt::client::Client;
use rust_mqtt::client::event::Event;
use rust_mqtt::client::options::{ConnectOptions, PublicationOptions, TopicReference};
use rust_mqtt::config::SessionExpiryInterval;
use rust_mqtt::types::{MqttString, TopicName};
use saitls::pool::{BufferPool, TlsConnector};
use saitls::rustcrypto::RustCrypto;
use saitls::{Buffers, ServerName, Shared};
use saitls_ecosystem::network::Network;
use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

const TOPIC: &str = "greenhouse/7/temperature";
const MESSAGES: usize = 20;

/// mosquitto, with what it keeps when it is restarted.
struct Broker {
    folder: PathBuf,
    port: u16,
    process: RefCell<Option<Process>>,
}

impl Broker {
    /// As `cargo xtask peers --fetch` unpacks it, or as it is installed.
    fn program() -> Option<PathBuf> {
        let unpacked = peers::root().join("target/peers/bin/mosquitto");
        [unpacked, "mosquitto".into()].into_iter().find(|program| Command::new(program).arg("-h").output().is_ok())
    }

    fn new() -> Self {
        let (port, folder) = (peers::free_port(), std::env::temp_dir().join(format!("saitls-{}", std::process::id())));
        std::fs::create_dir_all(&folder).unwrap();
        let [authority, certificate, key] = ["client.pem", "p256.pem", "p256.key"].map(peers::identity);
        let config = format!(
            "listener {port} 127.0.0.1\ncafile {authority}\ncertfile {certificate}\nkeyfile {key}\n\
             require_certificate true\nuse_identity_as_username true\ntls_version tlsv1.3\n\
             user root\npersistence true\npersistence_location {}/\n",
            folder.display()
        );
        std::fs::write(folder.join("mosquitto.conf"), config).unwrap();
        Self { folder, port, process: RefCell::new(None) }
    }

    fn start(&self) {
        let mut command = Command::new(Self::program().expect("it was there before"));
        *self.process.borrow_mut() =
            Some(peers::serve(command.arg("-c").arg(self.folder.join("mosquitto.conf")), self.port));
    }

    /// Ends it as an administrator does: it writes down what it has.
    fn stop(&self) {
        let Some(mut process) = self.process.take() else { return };
        let id = nix::unistd::Pid::from_raw(process.0.id().try_into().unwrap());
        nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGTERM).unwrap();
        process.0.wait().unwrap();
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.stop();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Connects as often as it takes.
macro_rules! connected {
    ($tls:expr, $port:expr) => {
        loop {
            match $tls.connect(peers::address($port)).await {
                Ok(stream) => break stream,
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    };
}

async fn publish_all(tls: &impl TcpConnect, broker: &Broker, is_subscribed: &Cell<bool>) {
    let mut buffer = AllocBuffer;
    let mut client = Client::<'_, '_, _, _, 1, 1, 1, 0, 0, 0, 0>::new(&mut buffer);
    let session = ConnectOptions::new().session_expiry_interval(SessionExpiryInterval::NeverEnd);
    let name = || Some(MqttString::from_str("sensor").unwrap());
    client.connect(connected!(tls, broker.port), &session, name()).await.unwrap();
    while !is_subscribed.get() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let topic = TopicReference::Name(TopicName::new(MqttString::from_str(TOPIC).unwrap()).unwrap());
    let options = PublicationOptions::new(topic).at_least_once();
    for number in 0..MESSAGES {
        if number == MESSAGES / 2 {
            broker.stop();
        }
        let text = format!("message {number}");
        let mut sent = client.publish(&options, Bytes::from(text.as_bytes())).await;
        let packet = sent.as_ref().ok().copied().flatten();
        // Until it is acknowledged: after a failure, again over a new connection.
        loop {
            let acknowledged = match sent {
                Ok(_) => client.poll().await.map(|event| matches!(event, Event::PublishAcknowledged(_))),
                Err(error) => Err(error),
            };
            match acknowledged {
                Ok(true) => break,
                Ok(false) => sent = Ok(packet),
                Err(_) => {
                    let _ = client.abort().await;
                    if broker.process.borrow().is_none() {
                        broker.start();
                    }
                    client.connect(connected!(tls, broker.port), &session, name()).await.unwrap();
                    let message = Bytes::from(text.as_bytes());
                    sent = match packet {
                        Some(packet) => client.republish(packet, &options, message).await.map(|()| Some(packet)),
                        None => client.publish(&options, message).await,
                    };
                }
            }
        }
    }
}

async fn receive_all(tls: &impl TcpConnect, broker: &Broker, is_subscribed: &Cell<bool>) -> usize {
    let mut memory = [0; 2_048];
    let config = ConfigBuilder::from_buffer(&mut memory, 1_024).unwrap().client_id("logger").unwrap();
    let mut session = Session::new(config.session_expiry_interval(600));
    let (mut seen, mut connections) = (std::collections::BTreeSet::new(), 0);
    while seen.len() < MESSAGES {
        let stream = connected!(tls, broker.port);
        let Ok(mut connection) = session.connect(stream).await else { continue };
        connections += 1;
        if connection.connect_event() == ConnectEvent::Connected {
            assert_eq!(connections, 1, "the broker kept the session");
            let options = SubscriptionOptions::default().maximum_qos(QoS::AtLeastOnce);
            let filter = minimq::TopicFilter::new(TOPIC).options(options);
            let subscribing = connection.subscribe(&[filter], &[]).await.unwrap();
            while connection.is_pending(&subscribing) {
                connection.poll().await.unwrap();
            }
            // minimq begins with a clean start, and mosquitto 2.0.21 writes down no session whose last connection did.
            connection.disconnect().await.unwrap();
            continue;
        }
        is_subscribed.set(true);
        while seen.len() < MESSAGES
            && let Ok(message) = connection.recv().await
        {
            seen.insert(String::from_utf8(message.payload().to_vec()).unwrap());
        }
    }
    let expected: std::collections::BTreeSet<_> = (0..MESSAGES).map(|number| format!("message {number}")).collect();
    assert_eq!(seen, expected);
    connections
}

#[test]
fn nothing_is_lost_at_qos_1_when_the_broker_is_restarted() {
    if Broker::program().is_none() {
        assert!(std::env::var_os("SAITLS_REQUIRE_PEERS").is_none(), "there is no mosquitto");
        return println!("skipped: there is no mosquitto (`cargo xtask peers --fetch`)");
    }
    let broker = Broker::new();
    broker.start();
    // Two connections, and room for no more.
    let memory = || Buffers::new(vec![0; 4_118], vec![0; 1_024]);
    let pool = RefCell::new(BufferPool::new([memory(), memory()]));
    let provider = RefCell::new(RustCrypto::os());
    let tls = TlsConnector::new(&Network, peers::client_config(), Shared(&provider), &pool)
        .with_name(ServerName::try_from("localhost").unwrap());
    let is_subscribed = Cell::new(false);
    let ((), connections) = peers::run(async {
        tokio::join!(publish_all(&tls, &broker, &is_subscribed), receive_all(&tls, &broker, &is_subscribed))
    });
    assert_eq!(connections, 3, "one to subscribe, one before the broker was restarted, one after");
}
