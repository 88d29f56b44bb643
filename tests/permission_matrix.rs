//! Who may do what: every route of threads against everybody, from one table.
//!
//! A row holds the bits that a member needs. Those who have exactly these succeed; those who have all the others, and
//! all who are not members, are refused, and learn nothing of what exists.

use crate::support::{House, Person, Value, json};

/// Every bit there is.
const ALL: u32 = 8191;

/// A route, the bits it needs, what a success answers.
struct Row {
    method: &'static str,
    path: &'static str,
    body: &'static str,
    bits: u32,
    success: u16,
}

const fn row(method: &'static str, path: &'static str, body: &'static str, bits: u32, success: u16) -> Row {
    Row { method, path, body, bits, success }
}

const YOUTUBE: &str = r#"{"type": "youtube", "url": "https://www.youtube.com/watch?v=abc"}"#;

/// `OWN`: a message of the caller; `OTHER`: of somebody else; `A`, `B`: their attachments; `OWNER`: the one who started
/// the thread; `GUEST`: somebody who is not in it.
const ROWS: &[Row] = &[
    row("GET", "/api/threads/T", "", 16, 200),
    row("PATCH", "/api/threads/T", r#"{"title": "x"}"#, 32, 200),
    row("PUT", "/api/threads/T", r#"{"title": "x"}"#, 32, 200),
    row("DELETE", "/api/threads/T", "", 64, 204),
    row("GET", "/api/threads/T/users", "", 16, 200),
    row("POST", "/api/threads/T/users", r#"{"user": "GUEST", "permissions": 0}"#, 128, 201),
    row("GET", "/api/threads/T/users/OWNER", "", 16, 200),
    row("PATCH", "/api/threads/T/users/OWNER", r#"{"permissions": 0}"#, 512, 200),
    row("DELETE", "/api/threads/T/users/OWNER", "", 256, 204),
    row("GET", "/api/threads/T/messages", "", 1, 200),
    row("POST", "/api/threads/T/messages", r#"{"type": "message", "text": "x"}"#, 2, 201),
    row("POST", "/api/threads/T/messages", r#"{"type": "message", "text": "x", "break_state": false}"#, 2, 201),
    row("GET", "/api/threads/T/messages/OTHER", "", 1, 200),
    row("PATCH", "/api/threads/T/messages/OWN", r#"{"text": "x"}"#, 4, 200),
    row("PUT", "/api/threads/T/messages/OWN", r#"{"text": "x"}"#, 4, 200),
    row("PATCH", "/api/threads/T/messages/OTHER", r#"{"text": "x"}"#, 4 + 512, 200),
    row("DELETE", "/api/threads/T/messages/OTHER", "", 8, 204),
    row("DELETE", "/api/threads/T/messages/OWN", "", 8, 204),
    row("GET", "/api/threads/T/messages/OTHER/attachments", "", 16, 200),
    row("POST", "/api/threads/T/messages/OWN/attachments", YOUTUBE, 2, 201),
    row("GET", "/api/threads/T/messages/OTHER/attachments/B", "", 16, 200),
    row("PATCH", "/api/threads/T/messages/OWN/attachments/A", r#"{"title": "x"}"#, 4, 200),
    row("PUT", "/api/threads/T/messages/OWN/attachments/A", YOUTUBE, 4, 200),
    row("DELETE", "/api/threads/T/messages/OWN/attachments/A", "", 4, 204),
    row("POST", "/api/threads/T/read", r#"{"upto": 1}"#, 1, 200),
];

/// What nobody in a thread may do, whatever their bits: other people's things, and a superuser's business.
const NEVER: &[Row] = &[
    row("PUT", "/api/threads/T/users/OWNER", r#"{"permissions": 0}"#, ALL, 403),
    row("POST", "/api/threads/T/messages/OTHER/attachments", YOUTUBE, ALL, 403),
    row("PATCH", "/api/threads/T/messages/OTHER/attachments/B", r#"{"title": "x"}"#, ALL, 403),
    row("DELETE", "/api/threads/T/messages/OTHER/attachments/B", "", ALL, 403),
    row("POST", "/api/threads/T/ws-subscribe", "{}", ALL, 403),
    row("DELETE", "/api/threads/T/ws-subscribe", "", ALL, 403),
    row("PUT", "/api/admin/threads/T/members/GUEST", r#"{"permissions": 8191}"#, ALL, 403),
    row("GET", "/api/accounts/OWNER/threads/chat", "", ALL, 403),
    row("POST", "/api/accounts/OWNER/threads/chat", "{}", ALL, 403),
];

/// A thread with somebody who started it, a member, and something of each.
struct Scene {
    thread: i64,
    words: Vec<(&'static str, i64)>,
}

async fn scene(house: &House, owner: &Person, member: &Person, guest: &Person) -> Scene {
    let thread = house.thread(&[owner, member]).await;
    house.seats(thread, member, json!({"permissions": ALL})).await;
    let path = format!("/api/threads/{thread}/messages");
    let video: Value = serde_json::from_str(YOUTUBE).expect("JSON");
    let post = json!({"type": "message", "text": "look", "attachments": [video]});
    let own = member.post(&path, post.clone()).await.is(201).body;
    let other = owner.post(&path, post).await.is(201).body;
    let id = |value: &Value| value.as_i64().expect("an id");
    let words = vec![
        ("OWNER", owner.id),
        ("OWN", id(&own["id"])),
        ("OTHER", id(&other["id"])),
        ("GUEST", guest.id),
        ("A", id(&own["attachments_data"][0]["id"])),
        ("B", id(&other["attachments_data"][0]["id"])),
    ];
    Scene { thread, words }
}

impl Scene {
    fn path(&self, row: &Row, thread: i64) -> String {
        let words = |part: &str| self.words.iter().find(|(word, _)| *word == part).map(|(_, id)| id.to_string());
        let parts = row.path.split('/').map(|part| match part {
            "T" => thread.to_string(),
            part => words(part).unwrap_or_else(|| part.to_owned()),
        });
        parts.collect::<Vec<_>>().join("/")
    }

    fn body(&self, row: &Row) -> Option<Value> {
        let guest = self.words.iter().find(|(word, _)| *word == "GUEST").map(|(_, id)| id.to_string())?;
        let text = row.body.replace("\"GUEST\"", &guest);
        (!text.is_empty()).then(|| serde_json::from_str(&text).expect("JSON in a row"))
    }

    /// What a person is answered; in this thread, or in one that does not exist.
    async fn answers(&self, person: &Person, row: &Row, thread: i64) -> u16 {
        let body = self.body(row);
        person.asks(row.method, &self.path(row, thread), body.as_ref()).await.status
    }
}

#[tokio::test]
async fn the_right_bits_open_every_door() {
    let house = House::new().await;
    let [owner, member, guest] = house.people(["owner", "member", "guest"]);
    let mut wrong = Vec::new();

    for row in ROWS {
        let scene = scene(&house, &owner, &member, &guest).await;
        house.seats(scene.thread, &member, json!({"permissions": row.bits})).await;
        let status = scene.answers(&member, row, scene.thread).await;
        if status != row.success {
            wrong.push(format!(
                "{} {} with bits {}: expected {}, came {status}",
                row.method, row.path, row.bits, row.success
            ));
        }
    }

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn no_other_bits_open_a_door() {
    let house = House::new().await;
    let [owner, member, guest] = house.people(["owner", "member", "guest"]);
    let scene = scene(&house, &owner, &member, &guest).await;
    let before = owner.fetches(scene.thread).await;
    let mut wrong = Vec::new();

    for row in ROWS.iter().chain(NEVER) {
        // One bit missing is enough to be refused.
        let needed = (0..13).map(|bit| 1 << bit).filter(|bit| row.success != 403 && row.bits & bit != 0);
        let bits: Vec<u32> = if row.success == 403 { vec![ALL] } else { needed.map(|bit| ALL & !bit).collect() };
        for bits in bits {
            house.seats(scene.thread, &member, json!({"permissions": bits})).await;
            let status = scene.answers(&member, row, scene.thread).await;
            if status != 403 {
                wrong.push(format!("{} {} with bits {bits}: expected 403, came {status}", row.method, row.path));
            }
        }
    }

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(owner.fetches(scene.thread).await, before);
}

#[tokio::test]
async fn who_is_not_in_a_thread_cannot_tell_whether_it_exists() {
    let house = House::new().await;
    let [owner, member, guest, elsewhere] = house.people(["owner", "member", "guest", "elsewhere"]);
    elsewhere.starts("Another thread").await;
    let scene = scene(&house, &owner, &member, &guest).await;
    let before = owner.sees(scene.thread).await;
    let visitor = crate::visitors::a_visitor(&house, "Vera").await;
    let outsiders = [
        (house.stranger(), 401),
        (visitor, 403),
        (elsewhere, 403),
        (house.operator("olga"), 403),
        (house.account("Sue", "Root", "superuser"), 403),
    ];
    let mut wrong = Vec::new();

    for row in ROWS.iter().chain(NEVER) {
        for (person, expected) in &outsiders {
            if person.name == "sue" && is_superusers_business(row) {
                continue;
            }
            for thread in [scene.thread, 999_999] {
                let status = scene.answers(person, row, thread).await;
                if status != *expected {
                    wrong.push(format!(
                        "{} {} ({thread}) by {}: expected {expected}, came {status}",
                        row.method, row.path, person.name
                    ));
                }
            }
        }
    }

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(owner.sees(scene.thread).await, before);
}

fn is_superusers_business(row: &Row) -> bool {
    row.path.ends_with("ws-subscribe") || row.path.contains("/admin/")
}

/// A superuser watches and seats, and is told when there is no such thread.
#[tokio::test]
async fn a_superuser_watches_and_seats() {
    let house = House::new().await;
    let [owner, guest] = house.people(["owner", "guest"]);
    let sue = house.account("Sue", "Root", "superuser");
    let thread = owner.starts("Watched").await;
    let path = format!("/api/threads/{thread}");

    sue.post(&format!("{path}/ws-subscribe"), json!({})).await.is(204);
    sue.delete(&format!("{path}/ws-subscribe")).await.is(204);
    sue.post("/api/threads/999999/ws-subscribe", json!({})).await.is(404);
    sue.put(&format!("/api/admin/threads/{thread}/members/{}", guest.id), json!({"permissions": 1})).await.is(201);
    sue.put(&format!("/api/admin/threads/{thread}/members/{}", guest.id), json!({"permissions": 3})).await.is(200);
    sue.put("/api/admin/threads/999999/members/1", json!({})).await.is(404);
    sue.get(&path).await.is(403);
}

/// One's own seat is always one's own: to look at, to give rights away, to leave.
#[tokio::test]
async fn ones_own_seat_needs_no_bits() {
    let house = House::new().await;
    let [owner, member] = house.people(["owner", "member"]);
    let thread = house.thread(&[&owner, &member]).await;
    let own = format!("/api/threads/{thread}/users/{}", member.id);
    house.seats(thread, &member, json!({"permissions": 3})).await;

    member.get(&own).await.is(200);
    member.patch(&own, json!({"permissions": 1})).await.is(200);
    member.put(&own, json!({"permissions": 0})).await.is(200);
    member.patch(&own, json!({"permissions": 1})).await.is(400);
    member.delete(&own).await.is(204);
    member.delete(&own).await.is(403);
}

/// What everybody may do who has come in, and nobody who has not.
#[tokio::test]
async fn ones_own_things_need_only_a_name() {
    let house = House::new().await;
    let [ana] = house.people(["ana"]);
    let list = format!("/api/accounts/{}/threads/chat", ana.id);
    let table = [
        ("GET", list.as_str(), 200),
        ("POST", list.as_str(), 201),
        ("GET", "/api/me", 200),
        ("POST", "/api/ws-tickets", 201),
        ("GET", "/api/search?q=x", 200),
        ("POST", "/api/widget/thread", 201),
    ];

    for (method, path, status) in table {
        let body = (method == "POST").then(|| json!({}));
        ana.asks(method, path, body.as_ref()).await.is(status);
        house.stranger().asks(method, path, body.as_ref()).await.is(401);
        ana.with_header("Token nonsense").asks(method, path, body.as_ref()).await.is(401);
        ana.with_header("Visitor nonsense").asks(method, path, body.as_ref()).await.is(401);
        ana.with_header("Bearer nonsense").asks(method, path, body.as_ref()).await.is(401);
    }
}
