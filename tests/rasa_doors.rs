//! The doors that speak Rasa's formats: `rest`, `callback` and `socketio`, by their vectors and by what befalls people there.

use std::io::Write;

use crate::support::{Answer, House, Person, Receiver, Value, json, rest, until};

pub fn vectors(name: &str) -> Value {
    let path = format!("{}/tests/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).expect("the vectors")).expect("JSON")
}

/// A house whose credentials file says this; JSON is YAML.
pub async fn house_with(credentials: Value, settings: &[(&str, &str)]) -> House {
    let mut house = House::unopened(settings);
    writes_credentials(&house, &credentials.to_string());
    house.opens().await;
    // nobody of this house knows bots, so what is owed to them is parked
    house.forgives(&["a job is parked"]);
    house
}

fn writes_credentials(house: &House, text: &str) {
    let mut file = std::fs::File::create(house.dir().join("credentials.yml")).expect("a file");
    file.write_all(text.as_bytes()).expect("written");
}

async fn calls(house: &House, request: &Value) -> Answer {
    let query = request["query"].as_str().map(|query| format!("?{query}")).unwrap_or_default();
    let url = format!("{}{}{query}", house.origin(), request["path"].as_str().expect("a path"));
    let method = request["method"].as_str().expect("a method").parse().expect("a method");
    let mut asked = rest::client().build().expect("a client").request(method, url);
    for (name, value) in request["headers"].as_object().into_iter().flatten() {
        asked = asked.header(name, value.as_str().expect("text"));
    }
    Answer::to(asked.body(request["body"].as_str().unwrap_or_default().to_owned())).await
}

async fn says(house: &House, door: &str, body: Value) -> Answer {
    let request = json!({"method": "POST", "path": format!("/webhooks/{door}/webhook"),
                         "headers": {"content-type": "application/json"}, "body": body.to_string()});
    calls(house, &request).await
}

async fn case_holds(house: &House, case: &Value) {
    let (name, expect) = (&case["name"], &case["expect"]);
    let answer = calls(house, &case["request"]).await;
    assert_eq!(u64::from(answer.status), expect["status"].as_u64().expect("a status"), "{name}: {answer}");
    if let Some(refused) = expect["refused"].as_str() {
        assert_eq!(answer.body["code"], refused, "{name}: {answer}");
    }
    // what bots say needs bots; how it is written is tested with the rules
    let is_silent = case["bot_says"].as_array().is_none_or(Vec::is_empty);
    if let (Some(json), true) = (expect.get("json"), is_silent) {
        assert_eq!(answer.body, *json, "{name}");
    }
    if let (Some(body), true) = (expect["body"].as_str(), is_silent) {
        assert_eq!(answer.text(), body, "{name}");
    }
    if let Some(kind) = expect["content_type"].as_str() {
        assert_eq!(answer.header("content-type").split(';').next(), Some(kind), "{name}");
    }
}

#[tokio::test]
async fn calls_to_rest_are_answered_as_in_the_vectors() {
    let vectors = vectors("rest");
    let house = house_with(json!({"rest": vectors["credentials"]}), &[]).await;
    for case in vectors["inbound"].as_array().expect("cases") {
        case_holds(&house, case).await;
    }
    for other in vectors["with_credentials"].as_array().expect("lists") {
        let house = house_with(json!({"rest": other["credentials"]}), &[]).await;
        for case in other["inbound"].as_array().expect("cases") {
            case_holds(&house, case).await;
        }
    }
}

#[tokio::test]
async fn calls_to_callback_are_answered_as_in_the_vectors() {
    let vectors = vectors("callback");
    let house = house_with(json!({"callback": vectors["credentials"]}), &[]).await;
    for case in vectors["inbound"].as_array().expect("cases") {
        case_holds(&house, case).await;
    }
}

#[tokio::test]
async fn other_methods_and_bodies_are_refused() {
    let house = house_with(json!({"rest": {"max_body": 100}, "kiosk": {"channel": "rest"}}), &[]).await;
    let stranger = house.stranger();
    for path in ["/webhooks/rest", "/webhooks/rest/", "/webhooks/kiosk/"] {
        assert_eq!(stranger.get(path).await.is(200).body, json!({"status": "ok"}));
    }
    stranger.get("/webhooks/rest/webhook").await.is(405);
    stranger.post("/webhooks/rest/", json!({})).await.is(405);
    stranger.get("/webhooks/nobody/").await.is(404);
    stranger.get("/webhooks/rest/elsewhere").await.is(404);
    let long = says(&house, "rest", json!({"sender": "a", "message": "x".repeat(100)})).await;
    assert_eq!(long.is(413).body["code"], "too_large");
    let request = json!({"method": "POST", "path": "/webhooks/rest/webhook", "headers": {}, "body": "{}"});
    calls(&house, &request).await.is(415);
}

/// The thread of the only conversation that this operator has.
async fn only_thread(person: &Person) -> i64 {
    let path = format!("/api/accounts/{}/threads/chat", person.id);
    let found = person.get(&path).await.is(200);
    found.results()[0]["id"].as_i64().expect("a thread")
}

#[tokio::test]
async fn what_an_operator_says_later_begins_the_next_answer() {
    let house = house_with(json!({"rest": null}), &[]).await;
    let olga = house.operator("olga");
    let hello = json!({"sender": "visitor-7", "message": "hello?", "message_id": "m-1"});

    assert_eq!(says(&house, "rest", hello.clone()).await.is(200).body, json!([]));
    let thread = only_thread(&olga).await;
    assert_eq!(olga.texts(thread).await, ["hello?"]);
    olga.posts(thread, "One.\n\nTwo.").await;

    assert_eq!(says(&house, "rest", hello).await.is(200).body, json!([]), "said before: nothing is handed on");
    let answer = says(&house, "rest", json!({"sender": "visitor-7", "message": "there?"})).await.is(200).body;
    assert_eq!(
        answer,
        json!([{"recipient_id": "visitor-7", "text": "One."},
                              {"recipient_id": "visitor-7", "text": "Two."}])
    );
    assert_eq!(says(&house, "rest", json!({"sender": "visitor-7", "message": "!"})).await.body, json!([]));
    assert_eq!(olga.texts(thread).await.len(), 4, "the repeated message is there once");
}

#[tokio::test]
async fn callbacks_are_signed_and_come_in_order_through_failures() {
    let receiver = Receiver::opens().await;
    receiver.answers(&["503 Busy", "429 Slow\r\nRetry-After: 1", "204 No Content", "404 Gone"]);
    let secret = "whsec_dGVydHVsaWEtY2FsbGJhY2stc2lnbmluZy1rZXktMDE=";
    let entry = json!({"url": receiver.url("/bot"), "signing_secret": secret, "headers": {"X-Shop": "7"}});
    let mut house = house_with(json!({"callback": entry}), &[]).await;
    house.forgives(&["answered 404"]);
    let olga = house.operator("olga");

    let taken = says(&house, "callback", json!({"sender": "visitor-7", "message": "hello?"})).await.is(200);
    assert_eq!(taken.text(), "success");
    let thread = only_thread(&olga).await;
    olga.posts(thread, "One.\n\nTwo.").await;
    olga.posts(thread, "Three.").await;

    let posted = receiver.takes(5).await;
    let texts: Vec<Value> = posted.iter().map(|call| call.json()["text"].clone()).collect();
    assert_eq!(json!(texts), json!(["One.", "One.", "One.", "Two.", "Three."]), "a refused call holds nobody up");
    assert_eq!(posted[0].header("webhook-id"), posted[2].header("webhook-id"), "made again, it has the same name");
    assert_ne!(posted[2].header("webhook-id"), posted[3].header("webhook-id"));
    for call in &posted {
        let key = tertulia::outbound::signature::standard_key(secret).expect("a key");
        let at = call.header("webhook-timestamp").parse().expect("a time");
        let signed = tertulia::outbound::signature::sign_standard(&key, (call.header("webhook-id"), at), &call.body);
        assert_eq!(call.header("webhook-signature"), signed);
        assert_eq!((call.header("x-shop"), call.json()["recipient_id"].as_str()), ("7", Some("visitor-7")));
    }
}

#[tokio::test]
async fn a_turn_may_be_one_list() {
    let receiver = Receiver::opens().await;
    let house = house_with(json!({"callback": {"url": receiver.url("/bot"), "format": "list"}}), &[]).await;
    let olga = house.operator("olga");
    says(&house, "callback", json!({"sender": "visitor-7", "message": "hello?"})).await.is(200);
    olga.posts(only_thread(&olga).await, "One.\n\nTwo.").await;

    let posted = receiver.takes(1).await;
    assert_eq!(
        posted[0].json(),
        json!([{"recipient_id": "visitor-7", "text": "One."},
                                        {"recipient_id": "visitor-7", "text": "Two."}])
    );
}

#[tokio::test]
async fn credentials_can_be_read_again() {
    let house = house_with(json!({"rest": null}), &[]).await;
    let host = house.host().await;
    let stranger = house.stranger();

    writes_credentials(&house, "rest: {}\nkiosk: {channel: rest, auth_token: secretive, oops: 1}\n");
    let refused = host.post("/api/admin/channels/reload", json!({})).await.is(400);
    assert!(refused.text().contains("kiosk: oops") && !refused.text().contains("secretive"), "{refused}");
    stranger.get("/webhooks/kiosk/").await.is(404);

    writes_credentials(&house, "kiosk: {channel: rest, auth_token: secretive}\n");
    let checked = house.runs(&["credentials", "check"], "");
    assert!(checked.status.success() && String::from_utf8_lossy(&checked.stdout).contains("kiosk"), "{checked:?}");
    let names = host.post("/api/admin/channels/reload", json!({})).await.is(200).body;
    assert_eq!(names, json!({"connectors": ["kiosk"]}));
    stranger.get("/webhooks/kiosk/").await.is(200);
    stranger.get("/webhooks/rest/").await.is(404);
    house.person("anna").post("/api/admin/channels/reload", json!({})).await.is(403);

    writes_credentials(&house, "rest:\n");
    let hangup = format!("kill -HUP {}", house.pid());
    assert!(std::process::Command::new("sh").args(["-c", &hangup]).status().expect("sh runs").success());
    until("it is read again", || async { stranger.get("/webhooks/rest/").await.status == 200 }).await;
    assert!(!house.log().contains("secretive"));
}

#[tokio::test]
async fn a_built_in_bot_answers_at_the_rest_door() {
    let house = house_with(json!({"rest": null}), &[]).await;
    crate::botkit_door::colour_bot(&house).await;
    let asks = async |text: &str| {
        let body = json!({"sender": "kiosk-1", "message": text});
        house.stranger().post("/webhooks/rest/webhook", body).await.is(200).body
    };
    let buttons = json!([{"title": "Red", "payload": "red"}, {"title": "Blue", "payload": "blue"}]);
    let asked = json!([{"recipient_id": "kiosk-1", "text": "Which colour?", "buttons": buttons}]);
    assert_eq!(asks("hello").await, asked);
    assert_eq!(asks("red").await, json!([{"recipient_id": "kiosk-1", "text": "So red it is."}]));
    assert_eq!(asks("nothing that it knows").await, json!([]));
}
