//! Resuming: whatever happened while a client was away, afterwards it shows what a fresh fetch would show, and no frame
//! came twice. When that cannot be promised, the client is told to fetch anew, and why.

use std::collections::BTreeMap;

use crate::support::{Chance, House, Person, Screen, Socket, Value, json};

/// How many histories are played; each has every watcher leave and come back at several points.
const HISTORIES: usize = 60;
/// Things that happen in one history.
const EVENTS: usize = 14;

/// Everybody in a history: two who do things, one who comes and goes, and those whose screens are held to the truth.
struct Scene {
    ana: Person,
    ben: Person,
    guest: Person,
    watchers: Vec<Person>,
}

/// One client whose screen is watched, connected or not.
struct Client {
    screen: Screen,
    socket: Option<Socket>,
}

#[tokio::test]
async fn a_resumed_client_shows_what_a_fresh_fetch_shows() {
    let mut chance = Chance::new("resume");
    let mut house = House::new().await;
    let [ana, ben, guest, wanda, willi, wolf] = house.people(["ana", "ben", "guest", "wanda", "willi", "wolf"]);
    let scene = Scene { ana, ben, guest, watchers: vec![wanda, willi, wolf] };
    for history in 0..HISTORIES {
        plays(&mut house, &scene, &mut chance, history % 15 == 14).await;
    }
}

/// One history, with a restart of the server in the middle of some.
async fn plays(house: &mut House, scene: &Scene, chance: &mut Chance, with_restart: bool) {
    let everybody: Vec<&Person> = [&scene.ana, &scene.ben].into_iter().chain(&scene.watchers).collect();
    let thread = house.thread(&everybody).await;
    for person in [&scene.ana, &scene.ben] {
        house.seats(thread, person, json!({"permissions": 8191})).await;
    }
    let mut clients = Vec::new();
    for person in &scene.watchers {
        let mut socket = person.opens().await;
        let mut screen = Screen::of(person, &[thread], &socket.log_id()).await;
        screen.resumes(&mut socket).await;
        clients.push(Client { screen, socket: Some(socket) });
    }

    let mut story = Vec::new();
    for event in 0..EVENTS {
        if with_restart && event == EVENTS / 2 {
            clients.iter_mut().for_each(|client| client.socket = None);
            house.restart().await;
            story.push("restart".to_owned());
        }
        story.push(happens(house, scene, chance, thread).await);
        for client in &mut clients {
            client.comes_or_goes(chance, &story).await;
        }
    }
    for client in &mut clients {
        client.ends(&story).await;
    }
}

impl Client {
    async fn comes_or_goes(&mut self, chance: &mut Chance, story: &[String]) {
        match &mut self.socket {
            Some(socket) if chance.once_in(3) => {
                // It may have seen what was just sent or not; both must come right later.
                if chance.once_in(2) {
                    self.screen.catches_up(socket).await;
                }
                self.socket = None;
            }
            None if chance.once_in(3) => self.comes_back(story).await,
            _ => {}
        }
    }

    async fn comes_back(&mut self, story: &[String]) {
        let mut socket = self.screen.person.opens().await;
        self.screen.resumes(&mut socket).await;
        self.screen.is_right(&format!("after resuming; {story:#?}")).await;
        self.socket = Some(socket);
    }

    async fn ends(&mut self, story: &[String]) {
        match &mut self.socket {
            Some(socket) => self.screen.comes_right(socket, &format!("live at the end; {story:#?}")).await,
            None => self.comes_back(story).await,
        }
        let unexpected: Vec<&String> = self.screen.resyncs.iter().filter(|reason| *reason != "not_a_member").collect();
        assert!(unexpected.is_empty(), "told to fetch anew: {unexpected:?}");
    }
}

/// Something happens in the thread; says what.
async fn happens(house: &House, scene: &Scene, chance: &mut Chance, thread: i64) -> String {
    let actor = *chance.one_of(&[&scene.ana, &scene.ben]);
    let path = format!("/api/threads/{thread}");
    match chance.below(12) {
        0..=3 => {
            let message = actor.posts(thread, &format!("word {}", chance.below(1_000_000))).await;
            format!("{} posts {}", actor.name, message["text"])
        }
        4 | 5 => changes_a_message(actor, chance, thread).await,
        6 => {
            let title = format!("Title {}", chance.below(1_000));
            actor.patch(&path, json!({"title": title})).await.is(200);
            format!("{} titles it {title}", actor.name)
        }
        7 => {
            let state = chance.one_of(&["open", "closed"]);
            actor.patch(&path, json!({"state": state})).await.is(200);
            format!("{} makes it {state}", actor.name)
        }
        8 => comes_or_leaves(house, &scene.guest, actor, thread).await,
        9 => reads_something(&scene.watchers[chance.below(3)], chance, thread).await,
        10 => comes_or_leaves(house, &scene.watchers[2], actor, thread).await,
        _ => {
            let watcher = &scene.watchers[chance.below(2)];
            let bits = *chance.one_of(&[2, 3]);
            house.seats(thread, watcher, json!({"notifications": bits})).await;
            format!("{} gets notifications {bits}", watcher.name)
        }
    }
}

async fn changes_a_message(actor: &Person, chance: &mut Chance, thread: i64) -> String {
    let messages = actor.fetches(thread).await;
    if messages.is_empty() {
        return "nothing".to_owned();
    }
    let message = chance.one_of(&messages);
    if chance.once_in(2) {
        actor.edits(message, &format!("edited {}", chance.below(1_000))).await.is(200);
        format!("{} edits {}", actor.name, message["id"])
    } else {
        actor.deletes(message).await.is(204);
        format!("{} deletes {}", actor.name, message["id"])
    }
}

async fn comes_or_leaves(house: &House, person: &Person, actor: &Person, thread: i64) -> String {
    let seat = format!("/api/threads/{thread}/users/{}", person.id);
    let gone = actor.delete(&seat).await;
    if gone.status == 404 {
        house.seats(thread, person, json!({"permissions": 19, "notifications": 3})).await;
        return format!("{} comes", person.name);
    }
    gone.is(204);
    format!("{} takes {} out", actor.name, person.name)
}

async fn reads_something(person: &Person, chance: &mut Chance, thread: i64) -> String {
    let limit = 1 + chance.below(3);
    let page = person.get(&format!("/api/threads/{thread}/messages?limit={limit}")).await;
    format!("{} reads {limit}: {}", person.name, page.status)
}

/// What the server says when `person` resumes with this log id and rev.
async fn told_to(person: &Person, log: Option<&str>, thread: i64, rev: i64) -> Vec<(String, Value)> {
    let mut socket = person.opens().await;
    let log = log.map_or_else(|| socket.log_id(), str::to_owned);
    let frames = socket.resumes(&log, &BTreeMap::from([(thread, rev)])).await;
    let named = frames
        .into_iter()
        .map(|frame| (frame["message"].as_str().unwrap_or_default().to_owned(), frame["data"].clone()));
    named.filter(|(name, _)| matches!(name.as_str(), "message_created_or_updated" | "resync")).collect()
}

fn resync(thread: i64, reason: &str) -> Vec<(String, Value)> {
    vec![("resync".to_owned(), json!({"thread": thread, "reason": reason}))]
}

/// Up to the limit everything comes again; one change more, and the client is told to fetch.
#[tokio::test]
async fn too_much_missed_is_fetched_anew() {
    let house = House::with(&[("TERTULIA_SOCKET_RESUME_LIMIT", "5")]).await;
    let [ana, ben] = house.people(["ana", "ben"]);
    let thread = house.thread(&[&ana, &ben]).await;
    let rev = ben.sees(thread).await["rev"].as_i64().expect("a rev");
    for number in 0..5 {
        ana.posts(thread, &format!("{number}")).await;
    }
    assert_eq!(told_to(&ben, None, thread, rev).await.len(), 5);

    ana.posts(thread, "one too many").await;

    assert_eq!(told_to(&ben, None, thread, rev).await, resync(thread, "too_old"));
}

/// Who knows more than the server does has lived in another history.
#[tokio::test]
async fn a_rev_from_the_future_is_fetched_anew() {
    let house = House::new().await;
    let [ana] = house.people(["ana"]);
    let thread = ana.starts("Now").await;

    let told = told_to(&ana, None, thread, 1_000).await;

    assert_eq!(told, resync(thread, "ahead"));
}

/// A thread that one is not in, and one that does not exist, are told alike.
#[tokio::test]
async fn a_thread_that_one_is_not_in_cannot_be_resumed() {
    let house = House::new().await;
    let [ana, ben] = house.people(["ana", "ben"]);
    let thread = ana.starts("Private").await;

    let foreign = told_to(&ben, None, thread, 0).await;
    let missing = told_to(&ben, None, 999_999, 0).await;

    assert_eq!(foreign, resync(thread, "not_a_member"));
    assert_eq!(missing, resync(999_999, "not_a_member"));
}

/// After a restored backup the same revs may mean other things; the log id says so, and the client fetches.
#[tokio::test]
async fn a_restored_backup_is_another_history() {
    let mut house = House::new().await;
    let [ana] = house.people(["ana"]);
    let thread = ana.starts("History").await;
    ana.posts(thread, "kept").await;
    let log = ana.opens().await.log_id();
    let mut screen = Screen::of(&ana, &[thread], &log).await;
    let backup = house.dir().join("backup");
    assert!(house.runs(&["backup", &backup.display().to_string()], "").status.success());
    ana.posts(thread, "lost with the disk").await;

    house.crash();
    std::fs::remove_dir_all(house.data_dir()).expect("the old data can go");
    std::fs::rename(&backup, house.data_dir()).expect("the backup takes its place");
    house.opens().await;

    ana.posts(thread, "another future").await;
    let mut socket = ana.opens().await;
    assert_ne!(socket.log_id(), log);
    screen.resumes(&mut socket).await;
    assert_eq!(screen.resyncs, ["log_changed"]);
    assert_eq!(screen.texts(thread), ["kept", "another future"]);
    assert_eq!(screen.log, socket.log_id());
}

/// A plain restart is the same history: nothing is fetched anew, only what was missed comes.
#[tokio::test]
async fn a_restart_is_the_same_history() {
    let mut house = House::new().await;
    let [ana, ben] = house.people(["ana", "ben"]);
    let thread = house.thread(&[&ana, &ben]).await;
    ana.posts(thread, "before").await;
    let log = ana.opens().await.log_id();
    let rev = ben.sees(thread).await["rev"].as_i64().expect("a rev");

    house.restart().await;

    ana.posts(thread, "after").await;
    let told = told_to(&ben, Some(&log), thread, rev).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].1["text"], "after");
}
