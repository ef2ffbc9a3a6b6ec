//! A conversation over a bad cable: what may happen to it, and what must hold whatever happens.

use super::{Net, net, pattern};
use saitls::smoltcp::socket::tcp;
use saitls::smoltcp::time::Duration;
use saitls::{Error, RecvError, SocketError, TlsSocketHandle};

/// How a conversation is cut short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Somebody in between resets, or closes, the client's TCP.
    Reset,
    Fin,
    /// The application aborts the client, or closes it before it is done.
    Abort,
    Close,
    /// Nothing arrives any more.
    Unplug,
}

/// A conversation.
#[derive(Clone, Debug)]
pub struct Plan {
    pub seed: u64,
    pub drop_percent: u64,
    pub swap_percent: u64,
    pub double_percent: u64,
    pub delay_percent: u64,
    /// 20 bytes of IPv4 and 20 of TCP, or 32 with timestamps, are not content: 41 leaves one byte.
    pub mtu: usize,
    /// Length of the buffers of TCP: the window.
    pub window: usize,
    pub receive_len: usize,
    pub transmit_len: usize,
    /// Bytes from the client, and back.
    pub there: usize,
    pub back: usize,
    /// Bytes that an application takes at once.
    pub gulp: usize,
    /// The client renews its keys now and then.
    pub updates_keys: bool,
    pub cut: Option<(usize, Cut)>,
}

impl Plan {
    /// A conversation out of a number.
    pub fn new(seed: u64) -> Self {
        let mut state = seed;
        let mut upto = |most: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % (most + 1)
        };
        let cuts = [Cut::Reset, Cut::Fin, Cut::Abort, Cut::Close, Cut::Unplug];
        let mtu = [41, 48, 68, 576, 1500, 1500][upto(5) as usize];
        let windows: &[usize] = if mtu < 68 { &[64, 512] } else { &[64, 512, 2_048, 4_096] };
        let sizes: &[usize] = if mtu < 68 { &[0, 1, 300] } else { &[0, 1, 1_023, 5_000, 20_000] };
        Self {
            seed,
            drop_percent: upto(1) * upto(30),
            swap_percent: upto(1) * upto(30),
            double_percent: upto(1) * upto(30),
            delay_percent: upto(1) * upto(20),
            mtu,
            window: windows[upto(windows.len() as u64 - 1) as usize],
            receive_len: [1_400, 4_000, 16_645][upto(2) as usize],
            transmit_len: [1_000, 4_096][upto(1) as usize],
            there: sizes[upto(sizes.len() as u64 - 1) as usize],
            back: sizes[upto(sizes.len() as u64 - 1) as usize],
            gulp: [1, 100, 100_000][upto(2) as usize],
            updates_keys: upto(3) == 0,
            cut: (upto(2) == 0).then(|| (upto(120) as usize, cuts[upto(4) as usize])),
        }
    }
}

impl Plan {
    /// Whether every packet arrives, once and in order.
    pub fn is_quiet(&self) -> bool {
        [self.drop_percent, self.swap_percent, self.double_percent, self.delay_percent] == [0; 4]
    }
}

/// How one side ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// All data, then close_notify.
    Clean,
    /// This error.
    Failed(SocketError),
    /// Its own application gave up.
    GaveUp,
}

#[derive(Default)]
struct Side {
    sent: usize,
    received: Vec<u8>,
    end: Option<End>,
}

/// Holds the conversation, and says how both sides ended.
///
/// # Panics
/// If one byte is wrong, or a side never comes to an end, or ends other than it may.
pub fn run(plan: &Plan) -> (End, End) {
    let mut net = net();
    for (device, seed) in [(&mut net.client.device, plan.seed), (&mut net.server.device, !plan.seed)] {
        device.mtu = plan.mtu;
        device.faults.seed = seed;
        device.faults.drop_percent = plan.drop_percent;
        device.faults.swap_percent = plan.swap_percent;
        device.faults.double_percent = plan.double_percent;
        device.faults.delay_percent = plan.delay_percent;
    }
    let c = net.client.add_with(plan.window, plan.receive_len, plan.transmit_len);
    let s = net.server.add_with(plan.window, plan.receive_len, plan.transmit_len);
    let patience = Duration::from_secs(3_600);
    net.client.socket(c).set_handshake_timeout(Some(patience));
    net.server.socket(s).set_handshake_timeout(Some(patience));
    for (host, handle) in [(&mut net.client, c), (&mut net.server, s)] {
        host.tcp(handle).set_timeout(Some(Duration::from_secs(900)));
    }
    net.server.listen(s, 443);
    net.client.connect(c, 443);
    let (there, back) = (pattern(plan.there), pattern(plan.back));
    let (mut client, mut server) = (Side::default(), Side::default());
    let end = net.now + Duration::from_secs(500_000);
    let mut was_cut = false;
    for step in 0.. {
        assert!(net.now < end && step < 3_000_000, "no end: {plan:?} {:?} {:?}", client.end, server.end);
        if let Some((_, cut)) = plan.cut.filter(|&(at, _)| !was_cut && step >= at) {
            was_cut = cut_short(&mut net, c, cut, &mut client);
        }
        let is_done = client.sent == plan.there && client.received.len() == plan.back;
        let before = [client.sent, client.received.len(), server.sent, server.received.len()];
        turn(&mut net, (c, true), &there, plan, &mut client, is_done);
        // The server answers when the question is complete, and closes when the client has.
        let is_asked = server.received.len() == plan.there;
        let answer = if is_asked { &back[..] } else { &[] };
        turn(&mut net, (s, false), answer, plan, &mut server, false);
        if client.end.is_some() && (server.end.is_some() || !has_server_begun(&mut net, s, plan)) {
            break;
        }
        // The clock stands still while an application is busy.
        if before == [client.sent, client.received.len(), server.sent, server.received.len()] {
            net.step();
        } else {
            net.client.poll(net.now);
            net.server.poll(net.now);
        }
    }
    assert!(there.starts_with(&server.received) && back.starts_with(&client.received), "wrong bytes: {plan:?}");
    judge(plan, was_cut, client, server)
}

/// Whether the server knows that there is, or was, a client.
fn has_server_begun(net: &mut Net, s: TlsSocketHandle, plan: &Plan) -> bool {
    let is_cut = plan.cut.is_some();
    !(is_cut && net.server.socket(s).is_listening())
}

fn cut_short(net: &mut Net, c: TlsSocketHandle, cut: Cut, client: &mut Side) -> bool {
    match cut {
        Cut::Reset => net.client.tcp(c).abort(),
        Cut::Fin => net.client.tcp(c).close(),
        Cut::Abort => {
            net.client.socket(c).abort();
            client.end = Some(End::GaveUp);
        }
        Cut::Close => {
            net.client.socket(c).close();
            client.end.get_or_insert(End::GaveUp);
        }
        Cut::Unplug => {
            net.client.device.faults.unplugged = true;
            net.server.device.faults.unplugged = true;
        }
    }
    true
}

/// One side's application: writes, reads, closes.
fn turn(
    net: &mut Net,
    (handle, is_client): (TlsSocketHandle, bool),
    data: &[u8],
    plan: &Plan,
    side: &mut Side,
    is_done: bool,
) {
    if side.end == Some(End::GaveUp) {
        return;
    }
    let host = if is_client { &mut net.client } else { &mut net.server };
    let tcp_state = host.tcp(handle).state();
    let socket = host.socket(handle);
    if socket.may_send() {
        let taken = socket.send_slice(&data[side.sent..]).unwrap();
        side.sent += taken;
        if plan.updates_keys && taken > 0 && side.sent.is_multiple_of(3) {
            socket.connection_mut().unwrap().update_keys(side.sent.is_multiple_of(2)).unwrap();
        }
    }
    match socket.recv(|bytes| {
        let len = bytes.len().min(plan.gulp);
        (len, bytes[..len].to_vec())
    }) {
        Ok(bytes) => side.received.extend(bytes),
        Err(RecvError::Finished) => {
            socket.close();
            side.end.get_or_insert(End::Clean);
        }
        Err(RecvError::Failed(error)) => {
            side.end.get_or_insert(End::Failed(error));
        }
        // Still connecting, or over without a word.
        Err(RecvError::InvalidState) if tcp_state == tcp::State::Closed && !socket.is_open() => {
            side.end.get_or_insert(socket.error().map_or(End::GaveUp, End::Failed));
        }
        Err(_) => {}
    }
    if is_done && socket.may_send() {
        socket.close();
    }
}

/// What may be, given what was done.
fn judge(plan: &Plan, was_cut: bool, client: Side, server: Side) -> (End, End) {
    let ends = (client.end.unwrap_or(End::GaveUp), server.end.unwrap_or(End::GaveUp));
    // TCP itself may give up where much is lost: smoltcp stalls if a window of nothing overtakes another.
    if !was_cut && (plan.is_quiet() || ends == (End::Clean, End::Clean)) {
        assert_eq!(ends, (End::Clean, End::Clean), "{plan:?}");
        assert_eq!((server.received.len(), client.received.len()), (plan.there, plan.back), "{plan:?}");
        return ends;
    }
    // A clean end means that the other side said so: never because of a cut, but the cut may come too late.
    if ends.1 == End::Clean && plan.cut.is_some_and(|(_, cut)| cut != Cut::Close) {
        assert_eq!(server.received.len(), plan.there, "{plan:?}: a clean end in the middle");
    }
    if ends.0 == End::Clean {
        assert_eq!(client.received.len(), plan.back, "{plan:?}: a clean end in the middle");
    }
    for end in [ends.0, ends.1] {
        if let End::Failed(error) = end {
            let is_clear = matches!(
                error,
                SocketError::Tls(Error::Truncated | Error::AlertReceived(_))
                    | SocketError::Reset
                    | SocketError::Refused
                    | SocketError::TimedOut
            );
            assert!(is_clear, "{plan:?}: {error:?}");
        }
    }
    ends
}
