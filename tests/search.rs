//! Finding things that were said: within a thread, over all threads that one may read, and nothing else.

use crate::support::{House, Person, Value, json, person::text_of, until};

async fn finds_in(person: &Person, thread: i64, words: &str) -> Vec<String> {
    texts(person, &format!("/api/threads/{thread}/messages"), words).await
}

async fn finds(person: &Person, words: &str) -> Vec<String> {
    texts(person, "/api/search", words).await
}

async fn texts(person: &Person, path: &str, words: &str) -> Vec<String> {
    let request = person.request("GET", &format!("{path}?limit=50&fields=text&q={}", encoded(words)));
    let page = crate::support::Answer::to(request).await.is(200);
    page.results().iter().map(|message| text_of(message).to_owned()).collect()
}

fn encoded(words: &str) -> String {
    words
        .bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { (byte as char).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// The index is filled behind the conversation's back, so looking is repeated until it has caught up.
async fn comes_to_find(person: &Person, thread: i64, words: &str, expected: &[&str]) {
    until(&format!("{words:?} finds {expected:?}"), || async { finds_in(person, thread, words).await == expected })
        .await;
}

#[tokio::test]
async fn words_are_found_as_the_beginning_of_a_phrase() {
    let house = House::new().await;
    let ana = house.person("ana");
    let thread = ana.starts("Market").await;
    for text in
        ["Fresh apples today", "Apple pie with cream", "cream of apples", "Nothing of the kind", "ÄPFEL & Birnen"]
    {
        ana.posts(thread, text).await;
    }

    comes_to_find(&ana, thread, "apple", &["Fresh apples today", "Apple pie with cream", "cream of apples"]).await;
    comes_to_find(&ana, thread, "APPLE P", &["Apple pie with cream"]).await;
    comes_to_find(&ana, thread, "pie apple", &[]).await;
    comes_to_find(&ana, thread, "pples", &[]).await;
    comes_to_find(&ana, thread, "äpfel", &["ÄPFEL &amp; Birnen"]).await;
    assert_eq!(finds_in(&ana, thread, "").await.len(), 5, "no words, no filter");
}

#[tokio::test]
async fn a_name_finds_what_its_bearer_said() {
    let house = House::new().await;
    let (ana, ben) = (house.account("Ana", "Abel", "member"), house.account("Ben", "Brown", "member"));
    let thread = house.thread(&[&ana, &ben]).await;
    ana.posts(thread, "one").await;
    ben.posts(thread, "two").await;

    comes_to_find(&ana, thread, "ben brown", &["two"]).await;
    comes_to_find(&ana, thread, "abel", &["one"]).await;
}

#[tokio::test]
async fn the_index_follows_edits_and_deletions() {
    let house = House::new().await;
    let ana = house.person("ana");
    let thread = ana.starts("Changes").await;
    house.seats(thread, &ana, json!({"permissions": 8191})).await;
    let (first, second) = (ana.posts(thread, "strawberry").await, ana.posts(thread, "strawberry jam").await);
    comes_to_find(&ana, thread, "strawberry", &["strawberry", "strawberry jam"]).await;

    ana.edits(&first, "raspberry").await.is(200);
    ana.deletes(&second).await.is(204);

    comes_to_find(&ana, thread, "strawberry", &[]).await;
    comes_to_find(&ana, thread, "raspberry", &["raspberry"]).await;
    assert_eq!(finds(&ana, "jam").await, Vec::<String>::new());
}

#[tokio::test]
async fn only_what_one_may_read_is_found() {
    let house = House::new().await;
    let [ana, ben, cara] = house.people(["ana", "ben", "cara"]);
    let (shared, private) = (house.thread(&[&ana, &ben, &cara]).await, ana.starts("Private").await);
    house.seats(shared, &cara, json!({"permissions": 16})).await;
    ana.posts(shared, "treasure in the garden").await;
    ana.posts(private, "treasure in the cellar").await;

    until("both are found", || async { finds(&ana, "treasure").await.len() == 2 }).await;
    assert_eq!(finds(&ben, "treasure").await, ["treasure in the garden"]);
    assert_eq!(finds(&cara, "treasure").await, Vec::<String>::new(), "without bit 1 nothing is read");
    cara.get(&format!("/api/threads/{shared}/messages?q=treasure")).await.is(403);
    ana.delete(&format!("/api/threads/{shared}/users/{}", ben.id)).await.is(204);
    assert_eq!(finds(&ben, "treasure").await, Vec::<String>::new(), "whoever left finds nothing");
}

/// Types that only some roles may see are not found by the others.
#[tokio::test]
async fn private_notes_are_found_by_those_who_may_see_them() {
    let house = House::new().await;
    let (ana, olga) = (house.person("ana"), house.operator("olga"));
    let thread = house.thread(&[&ana, &olga]).await;
    let note = json!({"type": "private_note", "text": "a difficult customer"});
    olga.post(&format!("/api/threads/{thread}/messages"), note).await.is(201);

    comes_to_find(&olga, thread, "difficult", &["a difficult customer"]).await;
    assert_eq!(finds_in(&ana, thread, "difficult").await, Vec::<String>::new());
    assert_eq!(finds(&ana, "difficult").await, Vec::<String>::new());
}

/// Nothing that one can type is an error, or a command.
#[tokio::test]
async fn anything_may_be_looked_for() {
    let house = House::new().await;
    let ana = house.person("ana");
    let thread = ana.starts("Signs").await;
    ana.posts(thread, "C++ and \"quotes\"").await;
    comes_to_find(&ana, thread, "quotes", &["C++ and &quot;quotes&quot;"]).await;
    let signs = [
        "\"", "'", "*", "AND", "OR NOT", "NEAR(", "text:x", "-x", "%", "_", "(", "a\"b", "😀", "\u{0}", "{x}", "^x",
        "+",
    ];

    for words in signs.into_iter().map(str::to_owned).chain(["x".repeat(5_000)]) {
        finds_in(&ana, thread, &words).await;
        finds(&ana, &words).await;
    }
}

#[tokio::test]
async fn findings_come_in_pages() {
    let house = House::new().await;
    let ana = house.person("ana");
    let thread = ana.starts("Many").await;
    for number in 0..5 {
        ana.posts(thread, &format!("needle {number}")).await;
    }
    until("all are found", || async { finds(&ana, "needle").await.len() == 5 }).await;

    let page = ana.get("/api/search?q=needle&limit=2&offset=2").await.is(200);

    assert_eq!(page.results().len(), 2);
    assert!(page.body["next"].is_string() && page.body["previous"].is_string(), "{page}");
    assert_eq!(page.results()[0]["thread"], thread);
    let last: Value = ana.get("/api/search?q=needle&limit=2&offset=4").await.is(200).body;
    assert_eq!(last["next"], Value::Null);
}
