//! What the connections of one fleet count together, and the part of a client that talks.

use crate::wire::{self, Kind, TEXT};
use serde::Deserialize;
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// The text of every message: a clock reading in front and this behind it, 121 characters together.
const WORDS: &str =
    "In the evening they sit together and talk until the lamps go out, and nobody remembers who began it.";
const STAMP: usize = 20;

/// Counters of a fleet; all its connections live on one thread.
#[derive(Default)]
pub struct Board {
    /// Message frames that arrived.
    pub deliveries: Cell<u64>,
    /// Messages acknowledged.
    pub acked: Cell<u64>,
    /// Messages sent and not answered.
    pub outstanding: Cell<u64>,
    /// Messages refused with an error; they are sent again.
    pub refused: Cell<u64>,
    /// Connections that ended by themselves.
    pub closed: Cell<u64>,
    /// Connections that said hello.
    pub hellos: Cell<u64>,
    /// Frames of any kind.
    pub frames: Cell<u64>,
    /// Set when senders are to send no more.
    pub stopped: Cell<bool>,
    /// Messages that each sender may send from the next kick on.
    pub quota: Cell<u64>,
    /// Messages sent.
    pub sent: Cell<u64>,
    /// Message frames by connection.
    pub received: RefCell<Vec<u64>>,
    /// How many messages the slowest connection may be behind before senders wait for it.
    pub leash: Cell<u64>,
    /// How often senders waited for it.
    pub held: Cell<u64>,
    /// The newest clock reading sent.
    pub last_stamp: Cell<u64>,
    /// `reached` is told when deliveries and acknowledgements together come to this.
    pub goal: Cell<u64>,
    /// Told when `goal` is reached.
    pub reached: Notify,
    /// Microseconds from sending to acknowledgement.
    pub ack_us: RefCell<Vec<u32>>,
    /// Microseconds from sending to delivery, on a part of the connections.
    pub delivery_us: RefCell<Vec<u32>>,
    /// Size of the last message frame.
    pub message_size: Cell<usize>,
    /// Size of the last acknowledgement.
    pub ack_size: Cell<usize>,
    /// Last revision acknowledged, by thread.
    pub revs: RefCell<HashMap<u64, u64>>,
    /// The `log` of the server's hello.
    pub log: RefCell<String>,
    /// The first thing that went wrong.
    pub complaint: RefCell<Option<String>>,
}

impl Board {
    /// Notes what went wrong first.
    pub fn complain(&self, what: impl FnOnce() -> String) {
        self.complaint.borrow_mut().get_or_insert_with(what);
    }

    /// Forgets the latencies.
    pub fn forget_latencies(&self) {
        self.ack_us.borrow_mut().clear();
        self.delivery_us.borrow_mut().clear();
    }

    /// Whether the slowest connection is too far behind for more to be sent. A socket whose buffers the kernel has
    /// filled may stay behind for seconds, and then the length of a queue would be measured and not the server.
    fn too_far_ahead(&self) -> bool {
        let slowest = self.received.borrow().iter().copied().min().unwrap_or(u64::MAX);
        (self.sent.get() - self.refused.get()).saturating_sub(slowest) >= self.leash.get()
    }

    fn progress(&self) {
        if self.deliveries.get() + self.acked.get() >= self.goal.get() {
            self.reached.notify_one();
        }
    }
}

/// Adds one to a counter.
pub fn count(cell: &Cell<u64>) {
    cell.set(cell.get() + 1);
}

/// Nanoseconds since this program first asked.
fn clock() -> u64 {
    static EPOCH: OnceLock<Instant> = OnceLock::new();
    EPOCH.get_or_init(Instant::now).elapsed().as_nanos() as u64
}

fn micros_since(stamp: u64) -> u32 {
    (Duration::from_nanos(clock().saturating_sub(stamp)).as_micros()).min(u128::from(u32::MAX)) as u32
}

#[derive(Deserialize)]
struct Ack<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    data: AckData,
}

#[derive(Deserialize)]
struct Refusal<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
}

#[derive(Deserialize)]
struct AckData {
    message: Acked,
}

#[derive(Deserialize)]
struct Acked {
    #[serde(default)]
    rev: u64,
}

#[derive(Deserialize)]
struct Hello<'a> {
    #[serde(borrow)]
    data: HelloData<'a>,
}

#[derive(Deserialize)]
struct HelloData<'a> {
    #[serde(borrow, default)]
    log: Cow<'a, str>,
}

/// A message on its way: it is outstanding until its sender has the acknowledgement and its own copy. The
/// acknowledgement alone would let senders run ahead of a server that answers before it delivers.
struct Pending {
    stamp: u64,
    acked: bool,
    heard: bool,
}

/// One member of a fleet: what it does with frames, and what it sends.
pub struct Member {
    /// The counters.
    pub board: Rc<Board>,
    /// Its number in the fleet.
    pub place: usize,
    /// Thread in which it sends.
    pub thread: u64,
    /// Messages it keeps outstanding; nought makes it a listener.
    pub window: u64,
    /// Whether its deliveries are timed.
    pub timed: bool,
    left: u64,
    pending: Vec<Pending>,
    /// Whether it waits for the slowest connection.
    pub held: bool,
    /// Refused messages that are still to be sent again.
    pub again: u64,
}

impl Member {
    /// A member that has sent nothing.
    pub fn new(board: Rc<Board>, place: usize, thread: u64, window: u64, timed: bool) -> Self {
        Self { board, place, thread, window, timed, left: 0, pending: Vec::new(), held: false, again: 0 }
    }

    /// A new quota: sends as many as may be outstanding.
    pub fn kicked(&mut self, out: &mut Vec<u8>) {
        self.left = self.board.quota.get();
        self.fill(out);
    }

    /// Sends the refused ones again.
    pub fn send_again(&mut self, out: &mut Vec<u8>) {
        self.left = self.left.saturating_add(std::mem::take(&mut self.again));
        self.fill(out);
    }

    /// Sends as long as the window, the quota and the slowest connection allow.
    pub fn fill(&mut self, out: &mut Vec<u8>) {
        self.held = false;
        while self.left > 0 && (self.pending.len() as u64) + self.again < self.window && !self.board.stopped.get() {
            if self.board.too_far_ahead() {
                self.held = true;
                return count(&self.board.held);
            }
            self.left -= 1;
            self.send(out);
        }
    }

    fn send(&mut self, out: &mut Vec<u8>) {
        // The stamp is the frame's id and the message's client_id too, so no two are alike.
        let stamp = clock().max(self.board.last_stamp.get() + 1);
        self.board.last_stamp.set(stamp);
        let thread = self.thread;
        let frame = format!(
            r#"{{"id":"{stamp:020}","message":"send_message","data":{{"thread":{thread},"client_id":"{stamp:020}","type":"message","text":"@{stamp:020}{WORDS}"}}}}"#
        );
        wire::push_frame(out, TEXT, frame.as_bytes());
        count(&self.board.sent);
        self.pending.push(Pending { stamp, acked: false, heard: false });
        self.board.outstanding.set(self.board.outstanding.get() + 1);
    }

    /// Takes a text frame in.
    pub fn hear(&mut self, payload: &[u8], out: &mut Vec<u8>) {
        let board = Rc::clone(&self.board);
        count(&board.frames);
        match wire::kind(payload) {
            Kind::Message => self.delivered(payload, out),
            Kind::Ack => self.acked(payload, out),
            Kind::Error => self.refused(payload),
            Kind::Hello => {
                count(&board.hellos);
                if let Ok(hello) = serde_json::from_slice::<Hello>(payload) {
                    *board.log.borrow_mut() = hello.data.log.into_owned();
                }
            }
            Kind::Goodbye | Kind::Resync => board.complain(|| String::from_utf8_lossy(payload).into_owned()),
            Kind::Resumed | Kind::Other => {}
        }
    }

    fn delivered(&mut self, payload: &[u8], out: &mut Vec<u8>) {
        let board = Rc::clone(&self.board);
        count(&board.deliveries);
        board.received.borrow_mut()[self.place] += 1;
        board.message_size.set(payload.len());
        if (self.timed || self.window > 0)
            && let Some(stamp) = stamp_of(payload)
        {
            if self.timed {
                board.delivery_us.borrow_mut().push(micros_since(stamp));
            }
            self.settle(stamp, |pending| pending.heard = true);
            self.fill(out);
        }
        board.progress();
    }

    fn acked(&mut self, payload: &[u8], out: &mut Vec<u8>) {
        let board = Rc::clone(&self.board);
        let Ok(ack) = serde_json::from_slice::<Ack>(payload) else {
            return board.complain(|| format!("an ack without id or message: {}", String::from_utf8_lossy(payload)));
        };
        count(&board.acked);
        board.ack_size.set(payload.len());
        if let Ok(stamp) = ack.id.parse() {
            board.ack_us.borrow_mut().push(micros_since(stamp));
            self.settle(stamp, |pending| pending.acked = true);
        }
        board.revs.borrow_mut().insert(self.thread, ack.data.message.rev);
        board.progress();
        self.fill(out);
    }

    fn refused(&mut self, payload: &[u8]) {
        let board = Rc::clone(&self.board);
        count(&board.refused);
        board.complain(|| String::from_utf8_lossy(payload).into_owned());
        let Some(stamp) = serde_json::from_slice::<Refusal>(payload).ok().and_then(|refusal| refusal.id.parse().ok())
        else {
            return;
        };
        self.again += 1;
        self.settle(stamp, |pending| (pending.acked, pending.heard) = (true, true));
    }

    /// Notes what came of a message, and forgets it when both came.
    fn settle(&mut self, stamp: u64, note: impl FnOnce(&mut Pending)) {
        let Some(place) = self.pending.iter().position(|pending| pending.stamp == stamp) else { return };
        note(&mut self.pending[place]);
        if self.pending[place].acked && self.pending[place].heard {
            self.pending.swap_remove(place);
            self.board.outstanding.set(self.board.outstanding.get().saturating_sub(1));
        }
    }
}

/// The clock reading inside a message's text.
fn stamp_of(payload: &[u8]) -> Option<u64> {
    let digits = wire::after(payload, br#""@"#)?.get(..STAMP)?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}
