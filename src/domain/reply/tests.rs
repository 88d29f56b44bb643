//! The replies of the contract's vectors, through our messages and out again.

use serde_json::{Value, json};

use super::*;

fn vectors(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

fn through_frames(reply: &Value, split: bool) -> Vec<Value> {
    let said = parse_turn(&json!([reply])).expect("a list");
    said.iter().flat_map(|said| frames((&said.text, said.content.as_ref()), &[], split)).collect()
}

fn through_objects(turn: &Value, split: bool) -> Vec<Value> {
    let said = parse_turn(turn).expect("a list");
    said.iter().flat_map(|said| objects("visitor-7", (&said.text, said.content.as_ref()), &[], split)).collect()
}

#[test]
fn frames_have_the_exact_keys_of_the_vectors() {
    let vectors = vectors(include_str!("../../../tests/vectors/socketio.json"));
    for case in vectors["frames"].as_array().expect("cases") {
        assert_eq!(json!(through_frames(&case["reply"], true)), case["emit"], "{}", case["name"]);
    }
}

#[test]
fn objects_are_those_of_the_vectors() {
    let rest = vectors(include_str!("../../../tests/vectors/rest.json"));
    for case in rest["inbound"].as_array().expect("cases").iter().filter(|case| case["bot_says"].is_array()) {
        let expected = match case["expect"].get("json") {
            Some(list) => list.clone(),
            None => {
                let lines = case["expect"]["body"].as_str().expect("a body").lines();
                lines.map(|line| serde_json::from_str::<Value>(line).expect("JSON")).collect()
            }
        };
        assert_eq!(json!(through_objects(&case["bot_says"], true)), expected, "{}", case["name"]);
    }
    let callback = vectors(include_str!("../../../tests/vectors/callback.json"));
    for case in callback["outbound"].as_array().expect("cases") {
        let calls = case["expect_calls"].as_array().expect("calls");
        let sent = |call: &Value| call["json"].as_array().cloned().unwrap_or_else(|| vec![call["json"].clone()]);
        let expected: Vec<Value> = calls.iter().flat_map(sent).collect();
        assert_eq!(through_objects(&json!([case["reply"]]), true), expected, "{}", case["name"]);
    }
}

#[test]
fn the_parts_of_a_reply_come_in_rasas_order() {
    let reply = json!({
        "elements": [{"title": "A", "subtitle": "b", "image_url": "https://x/i.png",
                      "buttons": [{"title": "Go", "payload": "/go"}]}],
        "attachment": "https://x/a.pdf", "image": "https://x/i.jpg", "custom": {"k": 1, "chat_id": 7, "room": "x"},
        "buttons": [{"title": "no", "payload": "no"}], "quick_replies": [{"title": "Yes"}], "text": " Hi ",
    });
    let expected = json!([
        {"recipient_id": "visitor-7", "text": "Hi", "buttons": [{"title": "Yes", "payload": "Yes"}]},
        {"recipient_id": "visitor-7", "custom": {"k": 1}},
        {"recipient_id": "visitor-7", "image": "https://x/i.jpg"},
        {"recipient_id": "visitor-7", "attachment": {"type": "file", "payload": {"src": "https://x/a.pdf"}}},
        {"recipient_id": "visitor-7", "text": "A : b", "image": "https://x/i.png",
         "buttons": [{"title": "Go", "payload": "/go"}]},
    ]);
    assert_eq!(json!(through_objects(&json!([reply]), true)), expected);
}

#[test]
fn texts_are_split_only_where_they_are_to_be() {
    let reply = json!({"text": "\n\nOne.\n\n\n\n Two. \n\n", "buttons": [{"title": "S", "url": "https://x/"}]});
    let link = json!([{"type": "web_url", "title": "S", "url": "https://x/"}]);
    assert_eq!(json!(through_frames(&reply, true)), json!([{"text": "One."}, {"text": "Two.", "quick_replies": link}]));
    assert_eq!(through_frames(&reply, false).len(), 1);
    assert_eq!(json!(through_frames(&json!({"buttons": [{"title": "S", "payload": "s"}]}), true))[0]["text"], "…");
    for nothing in [json!({}), json!({"text": " "}), json!({"text": 7, "image": {}, "elements": [1], "buttons": "x"})] {
        assert!(through_frames(&nothing, true).is_empty(), "{nothing}");
    }
    assert!(parse_turn(&json!({"text": "no list"})).is_none());
    assert!(parse_turn(&json!([1, "x", null])).expect("a list").is_empty());
}
