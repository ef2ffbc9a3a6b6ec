//! SaiTLS in one program with the crates that its users have. What stands here must compile, on a bare target without
//! an allocator and on hosts: `embassy-net`, with the smoltcp it has chosen, beside the streams of SaiTLS, and beside
//! its sockets over a smoltcp of their own (feature `sockets`).
#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]

use embassy_net::tcp::TcpSocket;
use embedded_io_async::{Read, Write};
use saitls::protocol::crypto::CryptoProvider;
use saitls::{Buffers, ClientConfig, ServerName, StreamError, asynch::TlsStream};

pub mod element;
#[cfg(feature = "std")]
pub mod ends;
#[cfg(feature = "std")]
pub mod network;

/// Asks a server a question, over a socket of embassy-net that is connected to it.
///
/// # Errors
/// Why there was no answer.
pub async fn ask<P: CryptoProvider>(
    socket: TcpSocket<'_>,
    config: &ClientConfig<'_, P>,
    server: ServerName<'_>,
    provider: P,
    question: &[u8],
    answer: &mut [u8],
) -> Result<usize, StreamError<embassy_net::tcp::Error>> {
    let (mut receive, mut transmit) = ([0; 4_096], [0; 1_024]);
    let buffers = Buffers::new(&mut receive, &mut transmit);
    let mut stream = TlsStream::client(config, Some(server), buffers, provider, socket)?;
    stream.write_all(question).await?;
    let len = stream.read(answer).await?;
    stream.shutdown().await?;
    Ok(len)
}

/// Both stacks in one program, such as one for each of two interfaces.
#[cfg(feature = "sockets")]
pub struct BothStacks<'a, P: CryptoProvider> {
    /// Over the smoltcp of embassy-net.
    pub embassy: embassy_net::Stack<'a>,
    /// Over ours.
    pub sockets: saitls::smoltcp::iface::SocketSet<'a>,
    /// Over ours, with TLS.
    pub tls: saitls::TlsSocketSet<'a, P>,
}
