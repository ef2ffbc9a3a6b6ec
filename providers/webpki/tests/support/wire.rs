//! Two connections with a wire between them.

use super::provider::Counting;
use saitls_core::config::{ClientConfig, ServerConfig};
use saitls_core::{Buffers, Connection, Error, ServerName, WaitingFor};

pub struct Pair<'a> {
    pub client: Connection<'a, Counting>,
    pub server: Connection<'a, Counting>,
    pub client_provider: Counting,
    pub server_provider: Counting,
}

pub fn buffers(receive: usize) -> Buffers<'static> {
    Buffers::new(vec![0; receive], vec![0; 8192]).with_peer_buffer(vec![0; 2048])
}

impl<'a> Pair<'a> {
    pub fn new(client: &'a ClientConfig<'a, Counting>, server: &'a ServerConfig<'a, Counting>) -> Self {
        Self::with_buffers(client, server, 16_645)
    }

    /// The client has a receive buffer of this length.
    pub fn with_buffers(
        client: &'a ClientConfig<'a, Counting>,
        server: &'a ServerConfig<'a, Counting>,
        receive: usize,
    ) -> Self {
        let name = ServerName::try_from("server.test").ok();
        Self {
            client: Connection::client(client, name, buffers(receive)).unwrap(),
            server: Connection::server(server, buffers(16_645)).unwrap(),
            client_provider: Counting::default(),
            server_provider: Counting::default(),
        }
    }

    /// Until nothing moves any more: the first error of either side.
    pub fn run(&mut self) -> (Result<(), Error>, Result<(), Error>) {
        let (mut client, mut server) = (Ok(()), Ok(()));
        for _ in 0..100_000 {
            client = client.and(self.client.process(&mut self.client_provider));
            let there = carry(&mut self.client, &mut self.server);
            server = server.and(self.server.process(&mut self.server_provider));
            let back = carry(&mut self.server, &mut self.client);
            let works =
                |connection: &Connection<'_, Counting>| matches!(connection.waiting_for(), WaitingFor::Operation(_));
            if there + back == 0 && !works(&self.client) && !works(&self.server) {
                return (client.and(self.client.process(&mut self.client_provider)), server);
            }
        }
        panic!("the connections never come to rest");
    }

    #[track_caller]
    pub fn connect(&mut self) {
        assert_eq!(self.run(), (Ok(()), Ok(())));
        assert!(self.client.is_connected() && self.server.is_connected());
    }
}

fn carry(from: &mut Connection<'_, Counting>, to: &mut Connection<'_, Counting>) -> usize {
    let data = from.records();
    let room = to.records_room();
    let len = data.len().min(room.len());
    room[..len].copy_from_slice(&data[..len]);
    to.records_filled(len);
    from.records_sent(len);
    len
}
