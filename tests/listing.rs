//! Lists: pages, cursors, filters, order, and choosing fields (contract, 2).

use crate::support::{House, Person, Value, json, person::path_of};

/// A thread with this many messages, called 0, 1, 2 …
async fn talk(house: &House, length: usize) -> (Person, i64) {
    let ana = house.person("ana");
    let thread = ana.starts("Long").await;
    for number in 0..length {
        ana.posts(thread, &number.to_string()).await;
    }
    (ana, thread)
}

async fn texts(person: &Person, thread: i64, query: &str) -> String {
    let page = person.get(&format!("/api/threads/{thread}/messages?{query}")).await.is(200);
    page.results()
        .iter()
        .map(|message| message["text"].as_str().unwrap_or("-").to_owned())
        .collect::<Vec<_>>()
        .join(",")
}

#[tokio::test]
async fn pages_hold_what_was_asked_for() {
    let house = House::new().await;
    let (ana, thread) = talk(&house, 5).await;
    let table = [
        ("limit=2", "0,1"),
        ("limit=2&offset=2", "2,3"),
        ("limit=2&offset=4", "4"),
        ("limit=2&offset=9", ""),
        ("limit=2&offset=x", "0,1"),
        ("limit=3&offset=-1", "0,1"),
        ("", "0,1,2,3,4"),
        ("limit=0", "0,1,2,3,4"),
        ("limit=-1", "0,1,2,3,4"),
        ("limit=x", "0,1,2,3,4"),
        ("limit=999999999", "0,1,2,3,4"),
    ];

    for (query, expected) in table {
        assert_eq!(texts(&ana, thread, query).await, expected, "{query}");
    }
    let path = format!("/api/threads/{thread}/messages");
    let answer = ana.get(&format!("{path}?limit=2&offset=-2")).await.is(400);
    assert_eq!(answer.body["detail"], "Incorrect offset or limit.");
}

#[tokio::test]
async fn pages_lead_to_the_next_and_the_one_before() {
    let house = House::new().await;
    let (ana, thread) = talk(&house, 4).await;
    let path = format!("/api/threads/{thread}/messages");
    let url = |query: &str| json!(format!("{}{path}?{query}", house.origin()));
    let links = async |query: &str| {
        let page = ana.get(&format!("{path}?{query}")).await.is(200).body;
        (page["next"].clone(), page["previous"].clone())
    };

    assert_eq!(links("limit=2").await, (url("limit=2&offset=2"), Value::Null));
    assert_eq!(
        links("limit=2&offset=2").await,
        (url("limit=2&offset=4"), url("limit=2")),
        "a full last page has a next"
    );
    assert_eq!(links("offset=4&limit=2").await, (Value::Null, url("limit=2&offset=2")));
    assert_eq!(
        links("offset=1&limit=3&fields=id,text").await,
        (url("fields=id%2Ctext&limit=3&offset=4"), url("fields=id%2Ctext&limit=3"))
    );
    assert_eq!(links("limit=3&offset=-1").await.0, url("limit=3&offset=2"), "as many as were asked for");
}

/// Cursors by position, for those who scroll: the newest first page, older ones before it, newer ones after it.
#[tokio::test]
async fn cursors_go_by_position() {
    let house = House::new().await;
    let (ana, thread) = talk(&house, 6).await;
    let table = [
        ("limit=2&newest=true", "4,5"),
        ("limit=2&before=5", "2,3"),
        ("limit=2&before=2", "0"),
        ("limit=2&before=1", ""),
        ("limit=2&after=0", "0,1"),
        ("limit=2&after=4", "4,5"),
        ("limit=2&after=6", ""),
        ("limit=9&before=4&after=1", "1,2"),
    ];

    for (query, expected) in table {
        assert_eq!(texts(&ana, thread, query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn filters_and_order_choose_messages() {
    let house = House::new().await;
    let (ana, thread) = talk(&house, 3).await;
    let path = format!("/api/threads/{thread}/messages");
    ana.post(&path, json!({"type": "note", "text": "note"})).await.is(201);
    let stored = ana.fetches(thread).await;
    let id = |at: usize| stored[at]["id"].as_i64().expect("an id");
    let updated = stored[1]["updated"].as_str().expect("a time");
    let table = [
        ("type=note".to_owned(), "note"),
        ("type__in=note,message".to_owned(), "0,1,2,note"),
        ("type__icontains=OT".to_owned(), "note"),
        ("type__istartswith=MES".to_owned(), "0,1,2"),
        (format!("id={}", id(1)), "1"),
        (format!("id__gt={}", id(1)), "2,note"),
        (format!("id__gte={}&id__lt={}", id(1), id(3)), "1,2"),
        (format!("id__lte={}", id(0)), "0"),
        (format!("id__in={},{}", id(2), id(0)), "0,2"),
        ("related_question__isnull=true".to_owned(), "0,1,2,note"),
        ("related_question__isnull=False".to_owned(), ""),
        (format!("updated__gt={updated}"), "2,note"),
        (format!("thread={thread}"), "0,1,2,note"),
        ("ordering=-id".to_owned(), "note,2,1,0"),
        ("ordering=-type,-id".to_owned(), "note,2,1,0"),
        ("ordering=type,-id".to_owned(), "2,1,0,note"),
        ("ordering=text".to_owned(), "0,1,2,note"),
        ("created__gt=2099-01-01T00:00:00Z&text=0&sender=7&nonsense=1".to_owned(), "0,1,2,note"),
        ("id=abc".to_owned(), ""),
        ("updated__gte=2030-01-01".to_owned(), ""),
        ("id__in=1,x".to_owned(), ""),
        ("related_question__isnull=maybe".to_owned(), ""),
    ];

    for (query, expected) in table {
        assert_eq!(texts(&ana, thread, &query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn only_the_fields_asked_for_are_sent() {
    let house = House::new().await;
    let (ana, thread) = talk(&house, 1).await;
    let message = ana.fetches(thread).await.remove(0);
    let one = path_of(&message);
    let id = &message["id"];
    let table = [
        (format!("{one}?fields=id"), json!({"id": id})),
        (format!("{one}?fields=id,text,nonsense"), json!({"id": id, "text": "0"})),
        (format!("{one}?fields="), json!({})),
        (format!("{one}?fields=nonsense"), json!({})),
        (format!("{one}?fields=sender_data__first_name"), json!({"sender_data": {"first_name": "Ana"}})),
        (format!("{one}?fields=id&include_fields=text"), json!({"id": id})),
        (
            format!("/api/threads/{thread}?fields=title,last_message_data__text"),
            json!({"title": "Long", "last_message_data": {"text": "0"}}),
        ),
        (
            format!("/api/threads/{thread}?fields=users_data__id,users_data__first_name"),
            json!({"users_data": [{"id": ana.id, "first_name": "Ana"}]}),
        ),
        (format!("/api/threads/{thread}/users?fields=user"), json!([{"user": ana.id}])),
    ];

    for (path, expected) in table {
        assert_eq!(ana.get(&path).await.is(200).body, expected, "{path}");
    }
    let page = ana.get(&format!("/api/accounts/{}/threads/chat?fields=title", ana.id)).await.is(200).body;
    assert_eq!(page["results"], json!([{"title": "Long"}]));
}

/// Writes may choose their answer's fields as well; what others hear does not depend on it.
#[tokio::test]
async fn writes_choose_fields_too() {
    let house = House::new().await;
    let [ana, ben] = house.people(["ana", "ben"]);
    let thread = house.thread(&[&ana, &ben]).await;
    let mut socket = ben.opens().await;
    let path = format!("/api/threads/{thread}");

    let posted = ana
        .post(&format!("{path}/messages?fields=text,thread_data__title"), json!({"type": "message", "text": "x"}))
        .await;
    let titled = ana.patch(&format!("{path}?fields=title"), json!({"title": "New"})).await;

    assert_eq!(posted.is(201).body, json!({"text": "x", "thread_data": {"title": "A thread"}}));
    assert_eq!(titled.is(200).body, json!({"title": "New"}));
    assert!(socket.hears_text("x").await["sender_data"].is_object());
}

#[tokio::test]
async fn types_of_threads_have_lists_of_their_own() {
    let house = House::new().await;
    let ana = house.person("ana");
    let list = |kind: &str| format!("/api/accounts/{}/threads/{kind}", ana.id);
    ana.post(&list("chat"), json!({"title": "a chat"})).await.is(201);
    ana.post(&list("tracker"), json!({"title": "a tracker"})).await.is(201);

    for (kind, title) in [("chat", "a chat"), ("tracker", "a tracker")] {
        let page = ana.get(&list(kind)).await.is(200).body;
        assert_eq!(page["results"].as_array().map(Vec::len), Some(1), "{page}");
        assert_eq!((&page["results"][0]["title"], &page["results"][0]["type"]), (&json!(title), &json!(kind)));
    }
    ana.get(&list("nonsense")).await.is(403);
}
