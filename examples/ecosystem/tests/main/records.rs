//! How many records other people's clients make: those that write in small pieces, and flush where a message ends.

use embedded_io_adapters::tokio_1::FromTokio;
use embedded_io_async::{ErrorType, Read, Write};
use saitls::asynch::TlsStream;
use saitls_ecosystem::ends::{self, Provider, Role, USUAL_BUFFERS};
use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;

/// A transport that notes what it reads.
struct Tap<T> {
    transport: T,
    read: Rc<RefCell<Vec<u8>>>,
}

impl<T: ErrorType> ErrorType for Tap<T> {
    type Error = T::Error;
}

impl<T: Read> Read for Tap<T> {
    async fn read(&mut self, out: &mut [u8]) -> Result<usize, T::Error> {
        let len = self.transport.read(out).await?;
        self.read.borrow_mut().extend_from_slice(&out[..len]);
        Ok(len)
    }
}

impl<T: Write> Write for Tap<T> {
    async fn write(&mut self, data: &[u8]) -> Result<usize, T::Error> {
        self.transport.write(data).await
    }

    async fn flush(&mut self) -> Result<(), T::Error> {
        self.transport.flush().await
    }
}

type Pipe = FromTokio<tokio::io::DuplexStream>;
type Stream<T> = TlsStream<'static, Provider, T>;

/// Lengths of the protected records in a stream of bytes.
fn protected_records(mut bytes: &[u8]) -> Vec<usize> {
    let mut lens = Vec::new();
    while let [kind, _, _, high, low, rest @ ..] = bytes {
        let len = usize::from(u16::from_be_bytes([*high, *low]));
        if *kind == 23 {
            lens.push(len);
        }
        bytes = rest.get(len..).expect("the record is whole");
    }
    assert!(bytes.is_empty(), "the record is whole");
    lens
}

/// Connects a client and a server, lets both do something, and returns the lengths of the records that the client sent
/// for it: what it wrote is shorter by 17 bytes each.
fn records_of<C: Future<Output = ()>, S: Future<Output = ()>>(
    client_does: impl FnOnce(Stream<Pipe>) -> C,
    server_does: impl FnOnce(Stream<Tap<Pipe>>) -> S,
) -> Vec<usize> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (here, there) = tokio::io::duplex(1 << 16);
        let read = Rc::new(RefCell::new(Vec::new()));
        let tap = Tap { transport: FromTokio::new(there), read: Rc::clone(&read) };
        let mut client = Stream::from_session(ends::session(Role::Client, USUAL_BUFFERS), FromTokio::new(here));
        let mut server = Stream::from_session(ends::session(Role::Server, USUAL_BUFFERS), tap);
        let (c, s) = tokio::join!(client.handshake(), server.handshake());
        c.unwrap();
        s.unwrap();
        read.borrow_mut().clear();
        tokio::join!(client_does(client), server_does(server));
        let read = read.take();
        protected_records(&read)
    })
}

/// A request of reqwless, which writes it in seventeen pieces, is one record.
#[test]
fn a_get_of_reqwless_is_one_record() {
    use reqwless::client::HttpConnection;
    use reqwless::request::{Request, RequestBuilder};
    const PAGE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nIt works";
    let lens = records_of(
        async |client| {
            let mut connection = HttpConnection::Plain(client);
            let request = Request::get("/a/page").host("server.test").headers(&[("User-Agent", "test")]).build();
            let mut room = [0; 512];
            let response = connection.send(request, &mut room).await.unwrap();
            assert_eq!(response.status.0, 200);
            assert_eq!(response.body().read_to_end().await.unwrap(), b"It works");
        },
        async |mut server| {
            let mut request = Vec::new();
            let mut room = [0; 512];
            while !request.ends_with(b"\r\n\r\n") {
                let len = server.read(&mut room).await.unwrap();
                assert!(len > 0);
                request.extend_from_slice(&room[..len]);
            }
            assert!(request.starts_with(b"GET /a/page HTTP/1.1\r\nHost: server.test\r\n"));
            server.write_all(PAGE).await.unwrap();
            server.flush().await.unwrap();
        },
    );
    println!("reqwless: GET in records of {lens:?} bytes");
    assert_eq!(lens.len(), 1);
}

/// A broker that says what it is asked to.
async fn broker<T: Read + Write>(mut server: Stream<T>) {
    for (packet_type, answer) in
        [(1, &[0x20, 3, 0, 0, 0][..]), (8, &[0x90, 4, 0, 0, 0, 1]), (3, &[0x40, 2, 0, 0]), (3, &[0x40, 2, 0, 0])]
    {
        let packet = packet(&mut server).await;
        assert_eq!(packet[0] >> 4, packet_type, "{packet:?}");
        let mut answer = answer.to_vec();
        if let 8 = packet_type {
            answer[2..4].copy_from_slice(&packet[2..4]);
        } else if packet_type == 3 {
            // The packet identifier stands behind the topic.
            let topic_len = usize::from(packet[3]);
            answer[2..4].copy_from_slice(&packet[4 + topic_len..][..2]);
        }
        server.write_all(&answer).await.unwrap();
        server.flush().await.unwrap();
    }
}

/// The next packet of MQTT, of less than 128 bytes.
async fn packet<T: Read + Write>(server: &mut Stream<T>) -> Vec<u8> {
    let mut header = [0; 2];
    server.read_exact(&mut header).await.unwrap();
    assert!(header[1] < 128);
    let mut packet = header.to_vec();
    packet.resize(2 + usize::from(header[1]), 0);
    server.read_exact(&mut packet[2..]).await.unwrap();
    packet
}

/// CONNECT, SUBSCRIBE and two PUBLISH of rust-mqtt, which writes them field by field, are a record each.
#[test]
fn four_packets_of_rust_mqtt_are_four_records() {
    use rust_mqtt::Bytes;
    use rust_mqtt::buffer::AllocBuffer;
    use rust_mqtt::client::Client;
    use rust_mqtt::client::event::Event;
    use rust_mqtt::client::options::{ConnectOptions, PublicationOptions, SubscriptionOptions, TopicReference};
    use rust_mqtt::types::{MqttString, TopicFilter, TopicName};
    let lens = records_of(
        async |stream| {
            let mut buffer = AllocBuffer;
            let mut client = Client::<'_, '_, _, _, 1, 1, 1, 0, 0, 0, 0>::new(&mut buffer);
            let name = MqttString::from_str("sensor").unwrap();
            client.connect(stream, &ConnectOptions::new().clean_start(), Some(name)).await.unwrap();
            let topic = MqttString::from_str("a/topic").unwrap();
            let filter = TopicFilter::new(topic.as_borrowed()).unwrap();
            client.subscribe(filter, &SubscriptionOptions::new().at_least_once()).await.unwrap();
            assert!(matches!(client.poll().await.unwrap(), Event::Suback(_)));
            let topic = TopicReference::Name(TopicName::new(topic).unwrap());
            let options = PublicationOptions::new(topic).at_least_once();
            for message in ["21.5 degrees", "21.6 degrees"] {
                client.publish(&options, Bytes::from(message.as_bytes())).await.unwrap();
                assert!(matches!(client.poll().await.unwrap(), Event::PublishAcknowledged(_)));
            }
        },
        broker,
    );
    println!("rust-mqtt: CONNECT, SUBSCRIBE and two PUBLISH in records of {lens:?} bytes");
    assert_eq!(lens.len(), 4);
}
