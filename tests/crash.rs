//! `kill -9` under load: what was acknowledged is there once and in order, and whoever resumes sees it once.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use crate::support::{Answer, Chance, House, PATIENCE, Person, Socket, Value, json, person::text_of};

/// How often the server is killed.
const CRASHES: usize = 12;

/// What all share while the server dies and comes back.
pub struct Scene {
    pub thread: i64,
    /// No more new messages; what is under way is brought to an end.
    pub over: AtomicBool,
    /// How many messages there are in the end; listeners wait for so many. 0 while it is not known.
    pub total: AtomicUsize,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_being_killed() {
    let mut chance = Chance::new("crash");
    let mut house = House::new().await;
    let people = house.people(["ana", "ben", "cara", "dora", "emil", "fritz", "gina", "hugo"]);
    let thread = house.thread(&people.iter().collect::<Vec<_>>()).await;
    let scene = Arc::new(Scene { thread, over: AtomicBool::new(false), total: AtomicUsize::new(0) });
    let senders: Vec<_> = people[..5]
        .iter()
        .enumerate()
        .map(|(at, person)| {
            let (person, scene, chance) = (person.clone(), Arc::clone(&scene), chance.fork());
            tokio::spawn(async move {
                if at % 2 == 0 {
                    sends_by_socket(person, scene, chance).await
                } else {
                    sends_by_rest(person, scene).await
                }
            })
        })
        .collect();
    let listeners: Vec<_> =
        people[5..].iter().map(|person| tokio::spawn(listens(person.clone(), Arc::clone(&scene)))).collect();

    for _ in 0..CRASHES {
        // Not waiting for anything: the moment of the crash is what is left to chance.
        tokio::time::sleep(Duration::from_millis(50 + chance.below(500) as u64)).await;
        house.restart().await;
    }
    scene.over.store(true, Ordering::SeqCst);

    let mut acknowledged = HashMap::new();
    for sender in senders {
        acknowledged.extend(sender.await.expect("a sender ends well"));
    }
    let stored = people[0].fetches(thread).await;
    scene.total.store(stored.len(), Ordering::SeqCst);
    println!("{} messages over {CRASHES} crashes", stored.len());
    assert!(stored.len() > 10 * CRASHES, "hardly any load: {}", stored.len());
    keeps_what_was_acknowledged(&acknowledged, &stored);
    keeps_the_order_of_each_sender(&stored);
    for listener in listeners {
        saw_each_once(&listener.await.expect("a listener ends well"), &stored);
    }
}

/// Sends bursts over a socket, and after a break whatever of the burst was not acknowledged, under the same names.
pub async fn sends_by_socket(person: Person, scene: Arc<Scene>, mut chance: Chance) -> HashMap<String, Value> {
    let (mut acknowledged, mut count) = (HashMap::new(), 0);
    let mut burst: Vec<String> = Vec::new();
    while !(burst.is_empty() && scene.over.load(Ordering::SeqCst)) {
        let Some(mut socket) = comes_back(&person).await else { continue };
        loop {
            if burst.is_empty() {
                if scene.over.load(Ordering::SeqCst) {
                    break;
                }
                burst = (count..=count + chance.below(4)).map(|number| format!("{} {number}", person.name)).collect();
                count += burst.len();
            }
            if !sends_burst(&mut socket, scene.thread, &mut burst, &mut acknowledged).await {
                break;
            }
        }
    }
    acknowledged
}

/// False when the line broke; what was acknowledged before is no longer in the burst.
async fn sends_burst(
    socket: &mut Socket,
    thread: i64,
    burst: &mut Vec<String>,
    acknowledged: &mut HashMap<String, Value>,
) -> bool {
    for text in burst.iter() {
        let data = json!({"thread": thread, "text": text, "client_id": text});
        socket.sends(&json!({"message": "send_message", "id": text, "data": data}));
    }
    while let Some(text) = burst.first().cloned() {
        let Some(mut answer) = socket.listens(|frame| frame["id"] == *text).await else { return false };
        if answer["message"] == "ack" {
            acknowledged.insert(text, answer["data"]["message"].take());
            burst.remove(0);
        } else {
            assert_eq!(answer["data"]["code"], "busy", "{answer}");
            return false;
        }
    }
    true
}

pub async fn sends_by_rest(person: Person, scene: Arc<Scene>) -> HashMap<String, Value> {
    let (mut acknowledged, mut count) = (HashMap::new(), 0);
    while !scene.over.load(Ordering::SeqCst) {
        let text = format!("{} {count}", person.name);
        count += 1;
        let body = json!({"type": "message", "text": text, "client_id": text});
        let stored = posts_until_stored(&person, scene.thread, &body).await;
        acknowledged.insert(text, stored);
    }
    acknowledged
}

/// Posts the same message, under the same name, until it is acknowledged.
pub async fn posts_until_stored(person: &Person, thread: i64, body: &Value) -> Value {
    let path = format!("/api/threads/{thread}/messages");
    loop {
        match Answer::attempt(person.request("POST", &path).json(body)).await {
            Some(answer) if answer.status == 503 => {}
            Some(answer) => return answer.is(201).body,
            None => {}
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Hears the thread over all crashes: the messages in the order in which they came.
pub async fn listens(person: Person, scene: Arc<Scene>) -> Vec<Value> {
    let (mut heard, mut revs) = (Vec::new(), BTreeMap::from([(scene.thread, 0)]));
    let deadline = || scene.total.load(Ordering::SeqCst);
    while deadline() == 0 || heard.len() < deadline() {
        let Some(mut socket) = comes_back(&person).await else { continue };
        let log = socket.log_id();
        let threads: BTreeMap<String, i64> =
            revs.iter().map(|(thread, rev): (&i64, &i64)| (thread.to_string(), *rev)).collect();
        socket.sends(&json!({"message": "resume", "data": {"log": log, "threads": threads}}));
        while let Some(frame) = next_or_done(&mut socket, &scene, heard.len()).await {
            assert_ne!(frame["message"], "resync", "{frame}");
            if frame["message"] == "message_created_or_updated" {
                let rev = frame["data"]["rev"].as_i64().expect("a rev");
                revs.insert(scene.thread, rev);
                heard.push(frame["data"].clone());
            }
        }
    }
    heard
}

/// The next frame; none when the line broke or all has been heard.
async fn next_or_done(socket: &mut Socket, scene: &Scene, heard: usize) -> Option<Value> {
    let total = scene.total.load(Ordering::SeqCst);
    if total > 0 && heard >= total {
        return None;
    }
    socket.next_within(Duration::from_millis(200)).await.unwrap_or(Some(Value::Null))
}

/// A new socket as soon as the server is back.
async fn comes_back(person: &Person) -> Option<Socket> {
    let deadline = tokio::time::Instant::now() + 3 * PATIENCE;
    loop {
        if let Ok(socket) = Socket::connect(person, "/ws", &[]).await {
            return Some(socket);
        }
        assert!(tokio::time::Instant::now() < deadline, "{} cannot come back", person.name);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub fn keeps_what_was_acknowledged(acknowledged: &HashMap<String, Value>, stored: &[Value]) {
    let mut by_text: HashMap<&str, Vec<&Value>> = HashMap::new();
    for message in stored {
        by_text.entry(text_of(message)).or_default().push(message);
    }
    for (text, message) in acknowledged {
        let found = by_text.get(text.as_str()).map(Vec::as_slice).unwrap_or_default();
        assert_eq!(found.len(), 1, "{text} was acknowledged and is stored {} times", found.len());
        assert_eq!(found[0]["id"], message["id"], "{text}");
    }
    assert_eq!(
        stored.len(),
        acknowledged.len(),
        "every message was acknowledged in the end, and nothing else is stored"
    );
}

pub fn keeps_the_order_of_each_sender(stored: &[Value]) {
    let mut next: HashMap<&str, usize> = HashMap::new();
    for message in stored {
        let (name, number) = text_of(message).split_once(' ').expect("name and number");
        let expected = next.entry(name).or_default();
        assert_eq!(number, expected.to_string(), "{name}'s messages are out of order");
        *expected += 1;
    }
    let seqs: Vec<i64> = stored.iter().map(|message| message["seq"].as_i64().expect("a seq")).collect();
    assert!(seqs.windows(2).all(|pair| pair[0] < pair[1]), "{seqs:?}");
}

pub fn saw_each_once(heard: &[Value], stored: &[Value]) {
    let ids: Vec<&Value> = heard.iter().map(|message| &message["id"]).collect();
    let once: HashSet<String> = ids.iter().map(ToString::to_string).collect();
    assert_eq!(once.len(), ids.len(), "a message was heard twice");
    assert_eq!(ids, stored.iter().map(|message| &message["id"]).collect::<Vec<_>>(), "heard (left) is what is stored");
}
