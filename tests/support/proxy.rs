//! A small TCP proxy that stands before a house and misbehaves when told to.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::JoinHandle,
};

use super::House;

/// How the proxy misbehaves at the moment, shared by all its connections.
struct Rules {
    /// Cut when these bytes come from the house, and lose them.
    loses: Mutex<Option<Vec<u8>>>,
    /// Swallow all that comes, both ways, without closing anything.
    swallows: AtomicBool,
    delay_ms: AtomicU64,
    answers_lost: AtomicU64,
    /// Counts up to cut every connection.
    cut: watch::Sender<u64>,
}

/// A way into a house that can be cut.
pub struct Proxy {
    origin: String,
    rules: Arc<Rules>,
    door: JoinHandle<()>,
}

impl Proxy {
    /// Puts a proxy before a house.
    pub async fn before(house: &House) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let origin = format!("http://{}", listener.local_addr().expect("its address"));
        let rules = Arc::new(Rules {
            loses: Mutex::new(None),
            swallows: AtomicBool::new(false),
            delay_ms: AtomicU64::new(0),
            answers_lost: AtomicU64::new(0),
            cut: watch::Sender::new(0),
        });
        let (address, shared) = (house.address(), Arc::clone(&rules));
        let door = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(Arc::clone(&shared).serves(client, address.clone()));
            }
        });
        Proxy { origin, rules, door }
    }

    /// Where people come in.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The next answer that holds these words does not come back; the line is cut instead.
    pub fn loses_the_answer_with(&self, words: &str) {
        *self.rules.loses.lock().expect("the rules") = Some(words.as_bytes().to_vec());
    }

    /// How many answers were lost that way.
    pub fn answers_lost(&self) -> u64 {
        self.rules.answers_lost.load(Ordering::SeqCst)
    }

    /// Cuts every connection now.
    pub fn cuts(&self) {
        self.rules.cut.send_modify(|count| *count += 1);
    }

    /// From now on nothing passes, and nobody is told; or all is well again.
    pub fn swallows(&self, all: bool) {
        self.rules.swallows.store(all, Ordering::SeqCst);
    }

    /// From now on everything takes this much longer each way.
    pub fn delays(&self, delay: Duration) {
        self.rules.delay_ms.store(delay.as_millis() as u64, Ordering::SeqCst);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.door.abort();
        self.cuts();
    }
}

impl Rules {
    async fn serves(self: Arc<Self>, client: TcpStream, address: String) {
        let Ok(server) = TcpStream::connect(address).await else { return };
        let mut cut = self.cut.subscribe();
        let (client_in, client_out) = client.into_split();
        let (server_in, server_out) = server.into_split();
        tokio::select! {
            () = self.asks(client_in, server_out) => {}
            () = self.answers(server_in, client_out) => {}
            _ = cut.changed() => {}
        }
    }

    /// What the client says, on its way to the house.
    async fn asks(&self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
        let mut piece = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = from.read(&mut piece).await {
            self.waits().await;
            if self.swallows.load(Ordering::SeqCst) {
                continue;
            }
            if to.write_all(&piece[..length]).await.is_err() {
                return;
            }
        }
    }

    /// What the house answers, on its way to the client.
    async fn answers(&self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
        let mut piece = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = from.read(&mut piece).await {
            self.waits().await;
            if self.swallows.load(Ordering::SeqCst) {
                continue;
            }
            if self.is_to_be_lost(&piece[..length]) {
                self.answers_lost.fetch_add(1, Ordering::SeqCst);
                return;
            }
            if to.write_all(&piece[..length]).await.is_err() {
                return;
            }
        }
    }

    /// Whether this piece holds what is to be lost; only once.
    fn is_to_be_lost(&self, piece: &[u8]) -> bool {
        let mut loses = self.loses.lock().expect("the rules");
        let found = loses.as_ref().is_some_and(|words| piece.windows(words.len()).any(|window| window == words));
        if found {
            *loses = None;
        }
        found
    }

    async fn waits(&self) {
        let delay = self.delay_ms.load(Ordering::SeqCst);
        if delay > 0 {
            tokio::time::sleep(Duration::from_millis(delay)).await;
        }
    }
}
