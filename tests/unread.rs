//! What somebody has not read yet, and how the house gets to know that they have.

use crate::support::{House, Person, Socket, Value, json, person::path_of};

async fn pair(house: &House) -> (Person, Person, i64) {
    let [ana, ben] = house.people(["ana", "ben"]);
    let thread = house.thread(&[&ana, &ben]).await;
    (ana, ben, thread)
}

async fn reads_page(person: &Person, thread: i64, limit: usize) {
    person.get(&format!("/api/threads/{thread}/messages?limit={limit}")).await.is(200);
}

async fn hears_unread(socket: &mut Socket, thread: i64, unread: i64) {
    socket.hears("unread_updated", |data| data["thread"] == thread && data["unread"] == unread).await;
}

#[tokio::test]
async fn only_the_words_of_others_are_unread() {
    let house = House::new().await;
    let (ana, ben, thread) = pair(&house).await;

    for text in ["one", "two", "three"] {
        ana.posts(thread, text).await;
    }

    assert_eq!((ana.unread(thread).await, ben.unread(thread).await), (0, 3));
}

/// Looking at a thread reads nothing; listing its messages reads those that were listed, and says so once.
#[tokio::test]
async fn listing_reads_what_was_listed() {
    let house = House::new().await;
    let (ana, ben, thread) = pair(&house).await;
    for text in ["one", "two", "three"] {
        ana.posts(thread, text).await;
    }
    ben.sees(thread).await;
    ben.get(&format!("/api/accounts/{}/threads/chat", ben.id)).await.is(200);
    assert_eq!(ben.unread(thread).await, 3);

    let path = format!("/api/threads/{thread}/messages?limit=2");
    let first: Vec<Value> = ben.get(&path).await.results().iter().map(|message| message["is_read"].clone()).collect();
    let again: Vec<Value> = ben.get(&path).await.results().iter().map(|message| message["is_read"].clone()).collect();

    assert_eq!((first, again), (vec![json!(false); 2], vec![json!(true); 2]));
    assert_eq!(ben.unread(thread).await, 1);
}

#[tokio::test]
async fn whoever_does_not_ask_whether_it_is_read_has_not_read_it() {
    let house = House::new().await;
    let (ana, ben, thread) = pair(&house).await;
    let message = ana.posts(thread, "news").await;

    ben.get(&format!("/api/threads/{thread}/messages?fields=id,text")).await.is(200);
    ben.get(&format!("{}?fields=text", path_of(&message))).await.is(200);
    assert_eq!(ben.unread(thread).await, 1);
    ben.get(&format!("/api/threads/{thread}/messages?fields=is_read")).await.is(200);

    assert_eq!(ben.unread(thread).await, 0);
}

/// The phone knows what the desk has read.
#[tokio::test]
async fn reading_on_one_device_is_told_to_the_others() {
    let house = House::new().await;
    let (ana, ben, thread) = pair(&house).await;
    let (mut phone, mut desk) = (ben.opens().await, ben.opens().await);
    let mut messages = Vec::new();
    for text in ["one", "two", "three", "four"] {
        messages.push(ana.posts(thread, text).await);
    }

    desk.sends(&json!({"message": "mark_message_as_read", "data": {"message": messages[1]["id"]}}));
    hears_unread(&mut phone, thread, 3).await;
    desk.does("mark_message_as_read", json!({"thread": thread, "upto": messages[2]["seq"]})).await;
    hears_unread(&mut phone, thread, 1).await;
    let told = ben.post(&format!("/api/threads/{thread}/read"), json!({"upto": messages[3]["seq"]})).await.is(200).body;
    hears_unread(&mut phone, thread, 0).await;

    assert_eq!(told["unread"], 0);
    assert_eq!(told["read_upto"], messages[3]["seq"]);
    assert_eq!(ben.unread(thread).await, 0);
}

#[tokio::test]
async fn reading_never_goes_backwards() {
    let house = House::new().await;
    let (ana, ben, thread) = pair(&house).await;
    let first = ana.posts(thread, "one").await;
    let second = ana.posts(thread, "two").await;
    let read = |upto: Value| {
        let ben = ben.clone();
        async move { ben.post(&format!("/api/threads/{thread}/read"), json!({"upto": upto})).await }
    };

    read(second["seq"].clone()).await.is(200);
    read(first["seq"].clone()).await.is(200);
    assert_eq!(ben.unread(thread).await, 0);
    read(json!(1_000_000)).await.is(200);
    ana.posts(thread, "three").await;

    assert_eq!(ben.unread(thread).await, 1, "what is still to come cannot be read");
    for nonsense in [json!("x"), json!(null), json!(-1)] {
        read(nonsense).await.is(400);
    }
}

/// Switching the bit decides about what comes, and leaves the past alone.
#[tokio::test]
async fn the_bit_counts_from_when_it_is_set() {
    let house = House::new().await;
    let (ana, ben, thread) = pair(&house).await;
    ana.posts(thread, "counted").await;

    house.seats(thread, &ben, json!({"notifications": 2})).await;
    ana.posts(thread, "not counted").await;
    assert_eq!(ben.unread(thread).await, 1);
    house.seats(thread, &ben, json!({"notifications": 3})).await;
    ana.posts(thread, "counted again").await;

    assert_eq!(ben.unread(thread).await, 2);
}

/// A message that nobody can read any more is not unread (B-UNREAD-DELETED).
#[tokio::test]
async fn what_was_deleted_is_not_unread() {
    let house = House::new().await;
    let (ana, ben, thread) = pair(&house).await;
    let message = ana.posts(thread, "never mind").await;
    ana.posts(thread, "stays").await;

    ana.deletes(&message).await.is(204);

    assert_eq!(ben.unread(thread).await, 1);
}

/// Leaving forgets; who comes back starts from nothing (B-UNREAD-LEAVE).
#[tokio::test]
async fn who_left_has_nothing_unread() {
    let house = House::new().await;
    let (ana, ben, thread) = pair(&house).await;
    ana.posts(thread, "missed").await;

    ben.delete(&format!("/api/threads/{thread}/users/{}", ben.id)).await.is(204);
    ana.posts(thread, "not meant for ben").await;
    house.seats(thread, &ben, json!({"permissions": 19, "notifications": 3})).await;

    assert_eq!(ben.unread(thread).await, 0);
    ana.posts(thread, "welcome back").await;
    assert_eq!(ben.unread(thread).await, 1);
}

#[tokio::test]
async fn an_edit_is_not_news() {
    let house = House::new().await;
    let (ana, ben, thread) = pair(&house).await;
    house.seats(thread, &ana, json!({"permissions": 8191})).await;
    let message = ana.posts(thread, "tpyo").await;
    reads_page(&ben, thread, 10).await;

    ana.edits(&message, "typo").await.is(200);

    assert_eq!(ben.unread(thread).await, 0);
}

#[tokio::test]
async fn what_was_read_stays_read_over_a_crash() {
    let mut house = House::new().await;
    let (ana, ben, thread) = pair(&house).await;
    for text in ["one", "two", "three"] {
        ana.posts(thread, text).await;
    }
    reads_page(&ben, thread, 2).await;

    house.restart().await;

    assert_eq!(ben.unread(thread).await, 1);
}

/// A frame says how much is unread for the one who gets it, this message included.
#[tokio::test]
async fn a_frame_counts_for_its_reader() {
    let house = House::new().await;
    let (ana, ben, thread) = pair(&house).await;
    let (mut own, mut other) = (ana.opens().await, ben.opens().await);

    ana.posts(thread, "one").await;
    ana.posts(thread, "two").await;

    for (text, unread) in [("one", 1), ("two", 2)] {
        let (mine, theirs) = (own.hears_text(text).await, other.hears_text(text).await);
        assert_eq!((&mine["thread_data"]["unread"], &mine["is_read"]), (&json!(0), &json!(true)));
        assert_eq!((&theirs["thread_data"]["unread"], &theirs["is_read"]), (&json!(unread), &json!(false)));
    }
}
