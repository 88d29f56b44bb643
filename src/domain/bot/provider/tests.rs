//! Random bodies never break a reader; what providers cannot carry comes back.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use crate::domain::bot::keyboard::{Button, Payload};

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
    ];
    let names = prop_oneof![
        "update_id|message|callback_query|from|chat|id|date|type|text|data|message_id|first_name|photo",
        "messages|chatId|timestamp|body|participants|entry|messaging|sender|recipient|postback|payload|mid|quick_reply",
    ];
    leaf.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::vec((names.clone(), inner), 0..7)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

proptest! {
    #[test]
    fn no_body_breaks_a_reader(body in any_json()) {
        for provider in Provider::ALL {
            parse(provider, &body);
        }
    }
}

fn to(provider: Provider) -> Address {
    Address { provider, chat: "5".into(), user: "ana".into(), reply_to: Some(1) }
}

fn reply_with(text: &str, keyboard: &[(&str, &str)]) -> Reply {
    let keyboard = keyboard
        .iter()
        .map(|(label, payload)| Button { label: (*label).into(), payload: Payload::Text((*payload).into()) });
    Reply { text: text.into(), keyboard: keyboard.collect(), ..Reply::default() }
}

#[test]
fn a_long_payload_leaves_as_a_ticket_and_comes_back() {
    let long = "ñ".repeat(40);
    let mut tickets = Tickets::default();
    let calls = reply(&Limits::default(), &to(Provider::Telegram), &reply_with("hi", &[("a", &long)]), &mut tickets);
    let markup: Value = serde_json::from_str(calls[0].json["reply_markup"].as_str().unwrap()).unwrap();
    let data = markup["inline_keyboard"][0][0]["callback_data"].as_str().unwrap().to_owned();
    assert!(data.len() <= 64);

    let person = json!({"id": 7, "first_name": "Ana"});
    let on = json!({"message_id": 1, "date": 1, "from": person, "chat": {"id": 5, "type": "private"}});
    let body = json!({"update_id": 2, "callback_query": {"id": "c", "from": person, "message": on, "data": data}});
    let mut incoming = parse(Provider::Telegram, &body).incoming.remove(0);
    tickets.restore(&mut incoming);
    assert_eq!(incoming.text.as_deref(), Some(long.as_str()));
    assert_eq!(incoming.message["callback_query"]["data"], json!(long));
    assert_eq!(answer_callback(&incoming).unwrap().json, json!({"callback_query_id": "c"}));
}

#[test]
fn kik_sends_labels_and_hears_payloads() {
    let mut tickets = Tickets::default();
    let calls = reply(
        &Limits::default(),
        &to(Provider::Kik),
        &reply_with(&"word ".repeat(200), &[("Yes", "y:1")]),
        &mut tickets,
    );
    assert!(calls.len() > 1 && calls.iter().all(|call| call.json["messages"].as_array().unwrap().len() <= 5), "B81");
    let last = calls.last().unwrap().json["messages"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(last["keyboards"][0]["responses"], json!([{"type": "text", "body": "Yes"}]));
    let message = json!({"id": "00000000-0000-4000-8000-000000000001", "chatId": "5", "from": "ana", "timestamp": 1, "type": "text", "body": "Yes"});
    let mut incoming = parse(Provider::Kik, &json!({"messages": [message]})).incoming.remove(0);
    tickets.restore(&mut incoming);
    assert_eq!(incoming.text.as_deref(), Some("y:1"));
}

#[test]
fn each_item_of_a_batch_is_judged_by_itself() {
    let good = json!({"id": "00000000-0000-4000-8000-000000000001", "chatId": "5", "from": "ana", "timestamp": 1, "type": "text", "body": "x"});
    let mut bad = good.clone();
    bad.as_object_mut().unwrap().remove("id");
    let batch = parse(Provider::Kik, &json!({"messages": [bad.clone(), {"type": "sticker"}, good]}));
    assert_eq!((batch.incoming.len(), batch.refused()), (1, None));
    let batch = parse(Provider::Kik, &json!({"messages": [bad]}));
    assert_eq!(batch.refused(), Some(&json!({"id": ["This field is required."]})));
    assert_eq!(parse(Provider::Kik, &json!({"messages": []})), Batch::default());
}

#[test]
fn messenger_reads_what_has_no_text_without_complaint() {
    let event = |extra: Value| {
        let mut event = json!({"sender": {"id": "s"}, "recipient": {"id": "p"}, "timestamp": 1});
        event.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        parse(Provider::Messenger, &json!({"entry": [{"messaging": [event]}]}))
    };
    for silent in
        [json!({"delivery": {}}), json!({"read": {}}), json!({"message": {"mid": "m", "text": "x", "is_echo": true}})]
    {
        assert_eq!(event(silent), Batch::default());
    }
    let picture = event(
        json!({"message": {"mid": "m", "attachments": [{"type": "image", "payload": {"url": "http://x/i.png"}}]}}),
    );
    assert_eq!((picture.incoming[0].text.as_deref(), picture.incoming[0].kind), (None, Kind::Media));
    let quick = event(json!({"message": {"mid": "m", "text": "Yes", "quick_reply": {"payload": "y"}}}));
    assert_eq!(quick.incoming[0].text.as_deref(), Some("y"));
}

#[test]
fn nothing_is_sent_for_an_empty_text_even_with_buttons() {
    for provider in Provider::ALL {
        let calls = reply(&Limits::default(), &to(provider), &reply_with("  ", &[("a", "b")]), &mut Tickets::default());
        assert_eq!(calls, [], "{provider:?}");
    }
}

#[test]
fn calls_get_their_credentials_only_when_they_are_addressed() {
    let calls = webhook(Provider::Telegram, Some("https://x/processing/telegrambot/1/"), "s");
    let names: Vec<&str> = calls.iter().map(|call| call.name.as_str()).collect();
    assert_eq!(names, ["getMe", "setWebhook"], "the token is checked first");
    let wire = calls[1].wire("https://api.telegram.org/", "", &Credentials::Token("1:a".into()));
    assert_eq!(wire.url, "https://api.telegram.org/bot1:a/setWebhook");
    let wire = webhook(Provider::Messenger, None, "")[0].wire("https://g", "v2.6", &Credentials::Token("a&b".into()));
    assert_eq!(wire.url, "https://g/v2.6/me/subscribed_apps?access_token=a%26b");
    let marked =
        reply(&Limits::default(), &to(Provider::Telegram), &reply_with("<b>a</b> &amp;", &[]), &mut Tickets::default());
    assert_eq!(plain(&marked[0]).json["text"], json!("a &"));
}
