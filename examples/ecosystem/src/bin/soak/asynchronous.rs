//! Streams of `embedded_io_async`, over whatever runtime, with futures that are dropped.

use crate::course::{Lane, MAX_CALL_LEN, Manner, call_len, happens};
use embedded_io_async::{ErrorType, Read, Write};
use fastrand::Rng;
use saitls::asynch::{TlsReader, TlsStream, TlsWriter};
use saitls::stream::{Session, Share};
use saitls_ecosystem::ends::Provider;
use std::fmt::Debug;
use std::time::Duration;

/// A transport whose calls move few bytes.
pub struct Pieces<T> {
    pub transport: T,
    pub most: usize,
}

impl<T: ErrorType> ErrorType for Pieces<T> {
    type Error = T::Error;
}

impl<T: Read> Read for Pieces<T> {
    async fn read(&mut self, out: &mut [u8]) -> Result<usize, T::Error> {
        let len = out.len().min(self.most);
        self.transport.read(&mut out[..len]).await
    }
}

impl<T: Write> Write for Pieces<T> {
    async fn write(&mut self, data: &[u8]) -> Result<usize, T::Error> {
        self.transport.write(&data[..data.len().min(self.most)]).await
    }

    async fn flush(&mut self) -> Result<(), T::Error> {
        self.transport.flush().await
    }
}

/// Lets a future run, or drops it after a while: a few turns of the runtime, or some time. `None` if it was dropped.
async fn maybe<O, E: Debug>(random: &mut Rng, future: impl Future<Output = Result<O, E>>) -> Option<O> {
    let output = match random.u32(..8) {
        0 | 1 => {
            let turns = random.u32(..4);
            tokio::select! {
                biased;
                output = future => output,
                () = turns_of_the_runtime(turns) => return None,
            }
        }
        2 => tokio::time::timeout(Duration::from_micros(random.u64(..2_000)), future).await.ok()?,
        _ => future.await,
    };
    Some(output.expect("nothing fails"))
}

/// For calls that must not be waited for, because the peer may wait for us.
async fn briefly<O, E: Debug>(random: &mut Rng, future: impl Future<Output = Result<O, E>>) -> Option<O> {
    let turns = random.u32(..20);
    tokio::select! {
        biased;
        output = future => Some(output.expect("nothing fails")),
        () = turns_of_the_runtime(turns) => None,
    }
}

async fn turns_of_the_runtime(turns: u32) {
    for _ in 0..turns {
        tokio::task::yield_now().await;
    }
}

/// Both directions over one stream, until both ends have said goodbye. Futures are dropped, and the calls repeated.
pub async fn talk<T: Read + Write>(stream: &mut TlsStream<'static, Provider, T>, manner: Manner)
where
    T::Error: Debug,
{
    let mut random = manner.random();
    let (mut out, mut incoming) = manner.lanes();
    let mut room = vec![0; MAX_CALL_LEN];
    let (mut is_shut, mut has_ended) = (false, false);
    let mut len = call_len(&mut random);
    while !(is_shut && has_ended) {
        if out.is_done() {
            is_shut = is_shut || briefly(&mut random, stream.shutdown()).await.is_some();
        } else if let Some(taken) = briefly(&mut random, stream.write(out.next(len))).await {
            out.advance(taken);
            len = call_len(&mut random);
            if happens(&mut random, manner.update_every) {
                // As often as it may be.
                let _ = stream.session_mut().connection_mut().update_keys(random.bool());
            }
        }
        if happens(&mut random, manner.flush_every) {
            briefly(&mut random, stream.flush()).await;
        }
        if !has_ended {
            let most = call_len(&mut random);
            let received = if is_shut {
                maybe(&mut random, stream.read(&mut room[..most])).await
            } else {
                briefly(&mut random, stream.read(&mut room[..most])).await
            };
            if let Some(received) = received {
                incoming.check(&room[..received]);
                has_ended = received == 0;
            }
        }
    }
    incoming.check_end();
}

/// All that comes.
pub async fn read_all<S, R>(mut reader: TlsReader<S, R>, mut incoming: Lane, manner: Manner)
where
    S: Share<Target = Session<'static, Provider>>,
    R: Read<Error: Debug>,
{
    let mut random = manner.random();
    let mut room = vec![0; MAX_CALL_LEN];
    loop {
        let most = call_len(&mut random);
        if let Some(received) = maybe(&mut random, reader.read(&mut room[..most])).await {
            incoming.check(&room[..received]);
            if received == 0 {
                return incoming.check_end();
            }
        }
    }
}

/// All that there is to say, and goodbye.
pub async fn write_all<S, W>(mut writer: TlsWriter<S, W>, session: S, mut out: Lane, manner: Manner)
where
    S: Share<Target = Session<'static, Provider>>,
    W: Write<Error: Debug>,
{
    let mut random = manner.random();
    let mut len = call_len(&mut random);
    while !out.is_done() {
        if let Some(taken) = maybe(&mut random, writer.write(out.next(len))).await {
            out.advance(taken);
            len = call_len(&mut random);
        }
        if happens(&mut random, manner.update_every) {
            // As often as it may be.
            let _ = session.with(|session| session.connection_mut().update_keys(random.bool()));
        }
        if happens(&mut random, manner.flush_every) {
            maybe(&mut random, writer.flush()).await;
        }
    }
    while maybe(&mut random, writer.shutdown()).await.is_none() {}
}
