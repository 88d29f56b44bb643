//! What somebody's client shows: fetched once, then kept up to date by frames alone.
//!
//! The whole promise of resuming can be said with it: whatever happened while a client was away, after resuming its
//! screen equals a fresh fetch, and no frame came twice.

use std::collections::{BTreeMap, HashSet};

use super::{PATIENCE, Person, Socket, Value, json};

/// One thread on the screen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shown {
    /// Messages by `seq`.
    messages: BTreeMap<i64, Value>,
    /// Title, rights, mode and roster.
    card: Value,
    unread: Value,
    /// Not a member any more.
    removed: bool,
}

/// All that one client shows, and what it noticed that should not happen.
pub struct Screen {
    pub person: Person,
    pub log: String,
    pub revs: BTreeMap<i64, i64>,
    /// Frames that came twice or in the wrong order.
    pub wrongs: Vec<String>,
    /// Reasons of the `resync` frames received.
    pub resyncs: Vec<String>,
    shown: BTreeMap<i64, Shown>,
    seen: HashSet<(i64, i64, i64)>,
}

impl Screen {
    /// A client that has fetched these threads.
    pub async fn of(person: &Person, threads: &[i64], log: &str) -> Screen {
        let mut screen = Screen {
            person: person.clone(),
            log: log.to_owned(),
            revs: BTreeMap::new(),
            wrongs: Vec::new(),
            resyncs: Vec::new(),
            shown: BTreeMap::new(),
            seen: HashSet::new(),
        };
        for thread in threads {
            screen.fetches(*thread).await;
        }
        screen
    }

    async fn fetches(&mut self, thread: i64) {
        let (shown, rev) = fetch(&self.person, thread).await;
        self.shown.insert(thread, shown);
        match rev {
            Some(rev) => self.revs.insert(thread, rev),
            None => self.revs.remove(&thread),
        };
    }

    /// Takes up where the last connection stopped, and fetches what the server says must be fetched.
    /// A thread that one was taken out of may be there again: a client looks through its list of threads for that.
    pub async fn resumes(&mut self, socket: &mut Socket) {
        let gone: Vec<i64> = self.shown.iter().filter(|(_, shown)| shown.removed).map(|(thread, _)| *thread).collect();
        for thread in gone {
            self.fetches(thread).await;
        }
        let frames = socket.resumes(&self.log.clone(), &self.revs.clone()).await;
        self.shows_all(frames).await;
        // Threads that began while a client was away are in no resume: its list tells of them.
        let unknown: Vec<i64> =
            self.shown.iter().filter(|(_, shown)| shown.removed).map(|(thread, _)| *thread).collect();
        for thread in unknown {
            self.fetches(thread).await;
        }
    }

    /// Applies what has come so far on a live socket.
    pub async fn catches_up(&mut self, socket: &mut Socket) {
        socket.pings().await;
        let frames = socket.takes_all();
        self.shows_all(frames).await;
    }

    async fn shows_all(&mut self, frames: Vec<Value>) {
        let mut again = Vec::new();
        for frame in frames {
            let (name, data) = (frame["message"].as_str().unwrap_or_default(), &frame["data"]);
            match name {
                "message_created_or_updated" => self.shows_message(data),
                "thread_updated" => {
                    // whoever comes back to a thread has nothing of it any more
                    if self.shown.get(&id(&data["id"])).is_some_and(|shown| shown.removed) && data["removed"] != true {
                        again.push(id(&data["id"]));
                    }
                    self.shows_thread(data);
                }
                "unread_updated" => self.change(id(&data["thread"]), |shown| shown.unread = data["unread"].clone()),
                "resync" => {
                    self.resyncs.push(data["reason"].as_str().unwrap_or_default().to_owned());
                    again.push(id(&data["thread"]));
                }
                "resumed" => self.resumed(data),
                _ => {}
            }
        }
        for thread in again {
            self.fetches(thread).await;
        }
    }

    fn change(&mut self, thread: i64, change: impl FnOnce(&mut Shown)) {
        change(self.shown.entry(thread).or_default());
    }

    fn shows_message(&mut self, data: &Value) {
        let (thread, rev, message) = (id(&data["thread"]), id(&data["rev"]), id(&data["id"]));
        self.notes(thread, rev, message, data);
        let card = &data["thread_data"];
        self.change(thread, |shown| {
            shown.messages.retain(|_, known| known["id"] != message);
            if data["deleted"] != true {
                shown.messages.insert(id(&data["seq"]), essence(data));
            }
            if card.is_object() {
                shown.card = card_of(card);
                shown.unread = card["unread"].clone();
            }
        });
    }

    /// Some thread that must be fetched, when it is one that was not shown before.
    fn shows_thread(&mut self, data: &Value) -> Option<i64> {
        let thread = id(&data["id"]);
        if data["removed"] == true {
            self.revs.remove(&thread);
            self.change(thread, |shown| *shown = Shown { removed: true, ..Shown::default() });
            return None;
        }
        if self.shown.get(&thread).is_none_or(|shown| shown.removed) {
            return Some(thread);
        }
        let rev = self.revs.get(&thread).copied().unwrap_or_default().max(id(&data["rev"]));
        self.revs.insert(thread, rev);
        self.change(thread, |shown| {
            shown.card = card_of(data);
            shown.unread = data["unread"].clone();
        });
        None
    }

    /// Remembers a message frame, and notices one that came twice or after a newer one.
    fn notes(&mut self, thread: i64, rev: i64, message: i64, data: &Value) {
        let known = self.revs.entry(thread).or_default();
        if !self.seen.insert((thread, message, rev)) {
            self.wrongs.push(format!("twice: {data}"));
        }
        if rev < *known {
            self.wrongs.push(format!("rev {rev} after {known}: {data}"));
        }
        *known = rev.max(*known);
    }

    fn resumed(&mut self, data: &Value) {
        if let Some(log) = data["log"].as_str() {
            log.clone_into(&mut self.log);
        }
        for (thread, rev) in data["threads"].as_object().into_iter().flatten() {
            self.revs.insert(thread.parse().expect("a thread's id"), id(rev));
        }
    }

    /// The screen equals a fresh fetch, and nothing came twice.
    pub async fn is_right(&self, when: &str) {
        assert!(self.wrongs.is_empty(), "{} {when}: {:#?}", self.person.name, self.wrongs);
        for (thread, shown) in &self.shown {
            let (fresh, _) = fetch(&self.person, *thread).await;
            assert_eq!(
                shown, &fresh,
                "{} {when}: the screen (left) differs from a fresh fetch of thread {thread}",
                self.person.name
            );
        }
    }

    /// The screen of a live client comes to equal a fresh fetch.
    pub async fn comes_right(&mut self, socket: &mut Socket, when: &str) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while !self.equals_a_fetch().await && tokio::time::Instant::now() < deadline {
            self.catches_up(socket).await;
        }
        self.is_right(when).await;
    }

    async fn equals_a_fetch(&self) -> bool {
        for (thread, shown) in &self.shown {
            if *shown != fetch(&self.person, *thread).await.0 {
                return false;
            }
        }
        true
    }

    /// The texts shown in a thread, in order.
    pub fn texts(&self, thread: i64) -> Vec<String> {
        let messages = self.shown.get(&thread).map(|shown| shown.messages.values()).into_iter().flatten();
        messages.map(|message| message["text"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

/// A thread as REST tells it now, and its rev; what is removed has none.
async fn fetch(person: &Person, thread: i64) -> (Shown, Option<i64>) {
    let answer = person.get(&format!("/api/threads/{thread}")).await;
    if answer.status == 403 {
        return (Shown { removed: true, ..Shown::default() }, None);
    }
    let card = answer.is(200).body;
    let messages = person.fetches(thread).await;
    let messages = messages.iter().map(|message| (id(&message["seq"]), essence(message))).collect();
    let rev = id(&card["rev"]);
    (Shown { messages, unread: card["unread"].clone(), card: card_of(&card), removed: false }, Some(rev))
}

fn id(value: &Value) -> i64 {
    value.as_i64().unwrap_or_default()
}

/// What must be equal of a message. `is_read` is left out: a fetch that tells it also changes it.
fn essence(message: &Value) -> Value {
    let kept = ["id", "seq", "rev", "text", "type", "meta", "sender", "updated", "has_attachments"];
    kept.iter().map(|name| ((*name).to_owned(), message[*name].clone())).collect::<serde_json::Map<_, _>>().into()
}

/// What must be equal of a thread.
fn card_of(thread: &Value) -> Value {
    let people: Vec<&Value> = thread["users_data"].as_array().into_iter().flatten().map(|user| &user["id"]).collect();
    json!({
        "title": thread["title"], "state": thread["state"], "permissions": thread["permissions"],
        "notifications": thread["notifications"], "people": people,
    })
}
