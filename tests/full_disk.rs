//! The disk is full, or fails to sync: nobody is told that something was stored when it was not, and afterwards life
//! goes on.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use image::ImageFormat;

use crate::{
    attachments::picture,
    crash::keeps_what_was_acknowledged,
    support::{Answer, ForgetfulDisk, House, Person, Socket, Value, json, person::UNMARKING, until},
};

/// How long the disk is full.
const FULL: Duration = Duration::from_secs(3);
/// How soon writing goes on when there is room again.
const SOON: Duration = Duration::from_secs(2);

/// What the senders have been told so far.
#[derive(Default)]
struct Scene {
    thread: i64,
    over: AtomicBool,
    stored: AtomicUsize,
    refused: AtomicUsize,
}

impl Scene {
    fn stored(&self) -> usize {
        self.stored.load(Ordering::SeqCst)
    }

    async fn has_stored(&self, count: usize) {
        until("enough is stored", || async { self.stored() >= count }).await;
    }
}

type Senders = Vec<tokio::task::JoinHandle<HashMap<String, Value>>>;

/// Three who send by REST and one by socket.
fn send_all(people: [Person; 4], scene: &Arc<Scene>) -> Senders {
    let [ana, ben, cara, dora] = people;
    let mut senders: Senders =
        [ana, ben, cara].map(|person| tokio::spawn(sends_by_rest(person, Arc::clone(scene)))).into();
    senders.push(tokio::spawn(sends_by_socket(dora, Arc::clone(scene))));
    senders
}

/// Brings the senders to an end: all that they were told is stored.
async fn all_told(senders: Senders, scene: &Scene) -> HashMap<String, Value> {
    scene.over.store(true, Ordering::SeqCst);
    let mut acknowledged = HashMap::new();
    for sender in senders {
        acknowledged.extend(sender.await.expect("a sender ends well"));
    }
    acknowledged
}

/// Posts, and what was refused or not answered again, under the same name, until it is acknowledged.
async fn sends_by_rest(person: Person, scene: Arc<Scene>) -> HashMap<String, Value> {
    let (path, mut acknowledged) = (format!("/api/threads/{}/messages", scene.thread), HashMap::new());
    while !scene.over.load(Ordering::SeqCst) {
        let text = format!("{} {}", person.name, acknowledged.len());
        let body = json!({"type": "message", "text": text, "client_id": text});
        let stored = loop {
            match Answer::attempt(person.request("POST", &path).json(&body)).await {
                Some(answer) if answer.status == 201 => break answer.body,
                Some(answer) => is_put_off(&answer, &scene),
                None => {}
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        scene.stored.fetch_add(1, Ordering::SeqCst);
        acknowledged.insert(text, stored);
    }
    acknowledged
}

fn is_put_off(answer: &Answer, scene: &Scene) {
    assert_eq!(answer.status, 503, "{answer}");
    let seconds: Option<u64> = answer.header("retry-after").parse().ok();
    assert!(seconds.is_some_and(|seconds| (1..=60).contains(&seconds)), "no Retry-After: {answer}");
    scene.refused.fetch_add(1, Ordering::SeqCst);
}

/// Sends, and what was refused or not answered again, under the same name, until it is acknowledged.
async fn sends_by_socket(person: Person, scene: Arc<Scene>) -> HashMap<String, Value> {
    let (mut acknowledged, mut pending) = (HashMap::new(), false);
    let goes_on = |pending: bool| pending || !scene.over.load(Ordering::SeqCst);
    while goes_on(pending) {
        let Ok(mut socket) = Socket::connect(&person, "/ws", &[]).await else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        while goes_on(pending) {
            pending = true;
            let text = format!("{} {}", person.name, acknowledged.len());
            let data = json!({"thread": scene.thread, "text": text, "client_id": text});
            match socket.tries("send_message", data).await {
                Some(Ok(mut stored)) => {
                    acknowledged.insert(text, stored["message"].take());
                    pending = false;
                    scene.stored.fetch_add(1, Ordering::SeqCst);
                }
                Some(Err(refusal)) => {
                    assert!(matches!(&*refusal.code, "unavailable" | "busy"), "{refusal:?}");
                    scene.refused.fetch_add(1, Ordering::SeqCst);
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                None => break,
            }
            socket.takes_all();
        }
    }
    acknowledged
}

/// What somebody tries once while the disk is full, and never again.
async fn tries_in_vain(person: &Person, thread: i64) {
    let path = format!("/api/threads/{thread}/messages");
    let plain = json!({"type": "message", "text": "never repeated", "client_id": "never repeated"});
    let content = STANDARD.encode(picture(20, 20, ImageFormat::Png));
    let attachments = json!([{"type": "image", "title": "A picture", "file_content": content}]);
    let pictured = json!({"type": "message", "text": "never seen", "attachments": attachments});
    person.post(&path, plain).await.is(503);
    assert_ne!(person.post(&path, pictured).await.status, 201, "a picture was stored on a full disk");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_no_lie_and_no_end() {
    let disk = ForgetfulDisk::mounted();
    let mut house = House::with(&[("TERTULIA_DATA_DIR", disk.path())]).await;
    house.forgives(&["nothing of it was kept", "a file could not be stored", "the store failed"]);
    let people = house.people(["ana", "ben", "cara", "dora", "emil"]);
    let thread = house.thread(&people.each_ref()).await;
    let [ana, ben, cara, dora, emil] = people;
    let mut listener = emil.opens().await;
    let scene = Arc::new(Scene { thread, ..Scene::default() });
    let senders = send_all([ana, ben, cara, dora], &scene);
    scene.has_stored(50).await;

    disk.is_full(true);
    until("a post is refused", || async { scene.refused.load(Ordering::SeqCst) > 0 }).await;
    let begin = Instant::now();
    tries_in_vain(&emil, thread).await;
    while begin.elapsed() < FULL {
        emil.get("/healthz").await.is(200);
        emil.get(&format!("/api/threads/{thread}/messages?limit=5&{UNMARKING}")).await.is(200);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let (before, refused) = (scene.stored(), scene.refused.load(Ordering::SeqCst));
    disk.is_full(false);
    let begin = Instant::now();
    scene.has_stored(before + 1).await;
    let pause = begin.elapsed();
    scene.has_stored(before + 50).await;
    let acknowledged = all_told(senders, &scene).await;

    println!("{before} stored, {refused} refused while full, the next stored {pause:?} after there was room again");
    assert!(pause <= SOON, "writing goes on only after {pause:?}");
    let stored = emil.fetches(thread).await;
    keeps_what_was_acknowledged(&acknowledged, &stored);
    listener.pings().await;
    let heard = listener.takes_all();
    let heard: Vec<_> = heard.iter().filter(|frame| frame["message"] == "message_created_or_updated").collect();
    assert_eq!(heard.len(), stored.len(), "what is heard is what is stored");
    house.crash();
    disk.loses_power(None);
    house.opens().await;
    keeps_what_was_acknowledged(&acknowledged, &emil.fetches(thread).await);
}

/// A sync that fails leaves nobody knowing what is kept, so the server ends and says why; started again, it knows.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fails_to_sync_ends_the_server() {
    let disk = ForgetfulDisk::mounted();
    let mut house = House::with(&[("TERTULIA_DATA_DIR", disk.path())]).await;
    house.forgives(&["nothing of it was kept", "the disk failed to sync"]);
    let people = house.people(["ana", "ben", "cara", "dora"]);
    let thread = house.thread(&people.each_ref()).await;
    let scene = Arc::new(Scene { thread, ..Scene::default() });
    let senders = send_all(people.clone(), &scene);
    scene.has_stored(50).await;

    disk.fails_to_sync(true);
    let (status, _) = house.ends().await;
    let before = scene.stored();
    disk.fails_to_sync(false);
    assert!(!status.success(), "{status}");
    assert!(house.log().contains("the disk failed to sync"), "it ended without a word");
    house.opens().await;
    scene.has_stored(before + 50).await;

    // What the failed sync should have kept is nowhere but in memory; what was acknowledged since is more than that.
    house.crash();
    disk.loses_power(None);
    house.opens().await;
    let acknowledged = all_told(senders, &scene).await;
    println!("{before} stored before the disk failed, {} in the end", acknowledged.len());
    keeps_what_was_acknowledged(&acknowledged, &people[0].fetches(thread).await);
}
