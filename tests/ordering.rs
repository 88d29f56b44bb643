//! Many talk at once: all see the same order, and nobody's own words change places.

use tokio::task::JoinSet;

use crate::support::{House, Person, Socket, Value, json, person::text_of};

const SENDERS: usize = 16;
const MESSAGES_EACH: usize = 125;
const READERS: usize = 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_sees_the_same_order() {
    let house = House::new().await;
    let people: Vec<Person> = (0..SENDERS + READERS).map(|number| house.person(&format!("p{number}"))).collect();
    let thread = house.thread(&people.iter().collect::<Vec<_>>()).await;
    let mut readers = JoinSet::new();
    for person in &people[SENDERS..] {
        let socket = person.opens().await;
        readers.spawn(reads(socket));
    }

    let mut senders = JoinSet::new();
    for person in &people[..SENDERS] {
        senders.spawn(speaks(person.opens().await, thread));
    }
    senders.join_all().await;

    let stored: Vec<i64> = people[0].fetches(thread).await.iter().map(id).collect();
    assert_eq!(stored.len(), SENDERS * MESSAGES_EACH);
    for heard in readers.join_all().await {
        assert_eq!(heard.iter().map(id).collect::<Vec<_>>(), stored, "a reader saw another order than the stored one");
        keeps_each_senders_order(&heard);
    }
}

/// Sends all its messages, four under way at a time.
async fn speaks(mut socket: Socket, thread: i64) {
    let name = socket.name.clone();
    for burst in (0..MESSAGES_EACH).collect::<Vec<_>>().chunks(4) {
        for number in burst {
            let text = format!("{name} {number}");
            let data = json!({"thread": thread, "text": text, "client_id": text});
            socket.sends(&json!({"message": "send_message", "id": text, "data": data}));
        }
        for number in burst {
            let text = format!("{name} {number}");
            let answer = socket.listens(|frame| frame["id"] == *text).await.expect("an answer");
            assert_eq!(answer["message"], "ack", "{answer}");
        }
        socket.takes_all();
    }
}

async fn reads(mut socket: Socket) -> Vec<Value> {
    let mut heard = Vec::new();
    while heard.len() < SENDERS * MESSAGES_EACH {
        heard.push(socket.hears("message_created_or_updated", |_| true).await);
    }
    socket.hears_nothing().await;
    heard
}

fn keeps_each_senders_order(heard: &[Value]) {
    let mut next = std::collections::HashMap::new();
    for message in heard {
        let (name, number) = text_of(message).split_once(' ').expect("name and number");
        let expected = next.entry(name).or_insert(0);
        assert_eq!(number, expected.to_string(), "{name} is out of order");
        *expected += 1;
    }
}

fn id(message: &Value) -> i64 {
    message["id"].as_i64().expect("an id")
}
