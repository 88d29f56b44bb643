//! The power fails under load: what was acknowledged is on the disk, and so is every file that a message refers to.
//!
//! The disk is one that forgets what was not synced. Half of the cuts take all of it; the others leave whatever sectors
//! chance leaves, as a real disk does.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use diesel::{
    Connection, RunQueryDsl, SqliteConnection,
    dsl::sql,
    sql_types::{BigInt, Text},
};
use image::ImageFormat;
use tokio::task::JoinSet;

use crate::{
    attachments::picture,
    crash::{
        Scene, keeps_the_order_of_each_sender, keeps_what_was_acknowledged, listens, posts_until_stored, saw_each_once,
        sends_by_rest, sends_by_socket,
    },
    support::{Chance, ForgetfulDisk, House, Person, Value, json, person::path_of, until},
};

/// How often the power fails.
const CUTS: usize = 12;
/// Who sends at once, and how much each, when syncs are counted.
const SENDERS: usize = 64;
const EACH: usize = 40;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_power_cuts() {
    let mut chance = Chance::new("power cut");
    let disk = ForgetfulDisk::mounted();
    let mut house = House::with(&[("TERTULIA_DATA_DIR", disk.path())]).await;
    let people = house.people(["ana", "ben", "cara", "dora", "emil", "fritz", "gina", "hugo"]);
    let thread = house.thread(&people.iter().collect::<Vec<_>>()).await;
    let scene = Arc::new(Scene { thread, over: AtomicBool::new(false), total: AtomicUsize::new(0) });
    let [ana, ben, cara, dora, emil, others @ ..] = people;
    let senders = [
        tokio::spawn(sends_by_socket(ana.clone(), Arc::clone(&scene), chance.fork())),
        tokio::spawn(sends_by_socket(ben, Arc::clone(&scene), chance.fork())),
        tokio::spawn(sends_by_rest(cara, Arc::clone(&scene))),
        tokio::spawn(sends_by_rest(dora, Arc::clone(&scene))),
        tokio::spawn(sends_pictures(emil, Arc::clone(&scene))),
    ];
    let listeners = others.map(|person| tokio::spawn(listens(person, Arc::clone(&scene))));

    for _ in 0..CUTS {
        let enough = disk.syncs() + 20 + chance.below(80);
        until("enough has been synced", || async { disk.syncs() >= enough }).await;
        house.crash();
        let lucky = chance.once_in(2);
        disk.loses_power(lucky.then_some(&mut chance));
        is_sound(&disk);
        house.opens().await;
    }
    scene.over.store(true, Ordering::SeqCst);

    let mut acknowledged = HashMap::new();
    for sender in senders {
        acknowledged.extend(sender.await.expect("a sender ends well"));
    }
    let stored = ana.fetches(thread).await;
    scene.total.store(stored.len(), Ordering::SeqCst);
    keeps_what_was_acknowledged(&acknowledged, &stored);
    keeps_the_order_of_each_sender(&stored);
    let pictures = has_every_picture(&house, &ana, &stored).await;
    println!("{} messages, {pictures} of them with pictures, over {CUTS} power cuts", stored.len());
    assert!(stored.len() > 10 * CUTS && pictures > CUTS, "hardly any load");
    for listener in listeners {
        saw_each_once(&listener.await.expect("a listener ends well"), &stored);
    }
}

/// What is synced is what costs: whoever sends at the same time shares it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_senders_share_their_syncs() {
    let disk = ForgetfulDisk::mounted();
    let house = House::with(&[("TERTULIA_DATA_DIR", disk.path())]).await;
    let people = house.people(["ana", "ben", "cara", "dora", "emil", "fritz", "gina", "hugo"]);
    let mut sockets = Vec::new();
    for person in &people {
        let thread = person.starts("Busy").await;
        for _ in 0..SENDERS / people.len() {
            sockets.push((person.opens().await, thread));
        }
    }
    disk.syncs_in(Duration::from_millis(2));
    let before = disk.syncs();

    let mut senders = JoinSet::new();
    for (at, (mut socket, thread)) in sockets.into_iter().enumerate() {
        senders.spawn(async move {
            for number in 0..EACH {
                let text = format!("{at} {number}");
                socket.does("send_message", json!({"thread": thread, "text": text, "client_id": text})).await;
                socket.takes_all();
            }
        });
    }
    senders.join_all().await;

    let (syncs, messages) = (disk.syncs() - before, SENDERS * EACH);
    println!("{messages} messages of {SENDERS} senders took {syncs} syncs");
    assert!(syncs * 5 <= messages, "{syncs} syncs for {messages} messages");
}

/// The picture that goes with the message of this number.
fn picture_number(number: usize) -> Vec<u8> {
    picture(8 + number as u32 % 50, 8, ImageFormat::Png)
}

async fn sends_pictures(person: Person, scene: Arc<Scene>) -> HashMap<String, Value> {
    let (mut acknowledged, mut count) = (HashMap::new(), 0);
    while !scene.over.load(Ordering::SeqCst) {
        let text = format!("{} {count}", person.name);
        let content = STANDARD.encode(picture_number(count));
        let attachments = json!([{"type": "image", "title": "A picture", "file_content": content}]);
        let body = json!({"type": "message", "text": text, "client_id": text, "attachments": attachments});
        acknowledged.insert(text, posts_until_stored(&person, scene.thread, &body).await);
        count += 1;
    }
    acknowledged
}

/// Every file that a message refers to is there and whole; how many messages have one.
async fn has_every_picture(house: &House, person: &Person, stored: &[Value]) -> usize {
    let pictured = stored.iter().filter(|message| message["has_attachments"] == true);
    let mut count = 0;
    for message in pictured {
        let message = person.get(&path_of(message)).await.is(200).body;
        let attachment = &message["attachments_data"][0];
        for (src, original) in [(&attachment["src"], true), (&attachment["thumbnail"]["src"], false)] {
            let path = src.as_str().expect("a URL").trim_start_matches(&house.origin()).to_owned();
            let file = house.stranger().get(&path).await.is(200);
            if original {
                assert_eq!(file.bytes, picture_number(count), "{path} is another picture");
            } else {
                image::load_from_memory(&file.bytes).unwrap_or_else(|error| panic!("{path}: {error}"));
            }
        }
        count += 1;
    }
    count
}

/// The database is whole, just as the power cut left it: looked at in a copy, for looking repairs.
fn is_sound(disk: &ForgetfulDisk) {
    let copy = tempfile::tempdir().expect("a temporary directory");
    disk.copies_to(copy.path());
    let path = copy.path().join("tertulia.sqlite3");
    assert!(path.exists(), "the database is gone");
    let mut database = SqliteConnection::establish(&path.to_string_lossy()).expect("the database can be opened");
    let said: Vec<String> = sql::<Text>("PRAGMA integrity_check").load(&mut database).expect("an integrity check");
    assert_eq!(said, ["ok"]);
    let loose = sql::<BigInt>("SELECT count(*) FROM pragma_foreign_key_check").get_result::<i64>(&mut database);
    assert_eq!(loose, Ok(0), "rows refer to rows that are not there");
}
