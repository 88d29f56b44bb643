//! What the contract says and its cases do not show.

use serde_json::{Value, json};

use super::house::{House, laid_over, world};
use super::*;
use crate::domain::content::{Content, Location};
use crate::domain::conversation::settings::{BotKind, BotSettings, WidgetSettings};
use crate::domain::conversation::settings_form::{Known, check_header, masked};
use crate::domain::conversation::state::Approach;
use crate::domain::conversation::step::{By, Effect, Outcome, Said, Step};

fn house(own: Value) -> House {
    House::new(world(&laid_over(&vectors()["world"], Some(&own)), NOW))
}

fn opened() -> Input {
    Input::Opened { approach: Approach::Normal, page: None, custom: serde_json::Map::new() }
}

fn says(text: &str) -> Input {
    Input::Said(Said::Text(text.into()))
}

fn answer(house: &mut House, events: &[Value]) -> Step {
    let call = house.open.remove(0);
    let events = events.iter().map(|event| full_event(event, "c")).collect();
    let batch = Envelope { cid: "c".into(), events }.read().expect("well-formed events");
    house.take(Input::Answered { delivery: call.delivery, outcome: Outcome::Batch(batch) }).step
}

fn kinds(step: &Step) -> Vec<String> {
    let posts = step.effects.iter().filter_map(|effect| match effect {
        Effect::Post(post) => Some(post),
        _ => None,
    });
    posts.map(|post| serde_json::to_value(&post.content).expect("JSON")["entry"].to_string()).collect()
}

#[test]
fn the_hundred_and_first_event_that_waits_ends_the_session() {
    let mut house = house(json!({}));
    house.take(opened());
    for number in 0..100 {
        assert!(house.take(says(&format!("{number}"))).calls.is_empty(), "start is not answered");
    }
    assert_eq!(house.state.session_state(), "live");
    let step = house.take(says("one more")).step;
    assert_eq!(kinds(&step), ["null", "\"bot_unreachable\"", "\"unassigned\""]);
    assert_eq!(house.state.session_state(), "over");
}

#[test]
fn what_is_typed_before_the_card_is_submitted_comes_after_start() {
    let mut house = house(json!({"widget": {"registration": true}, "bots": {"41": {"registration_mode": true}}}));
    let step = house.take(opened()).step;
    assert!(step.effects.contains(&Effect::AskRegistration) && step.wake_at.is_none());
    house.take(says("hello?"));
    let seen = house.take(Input::Registered(Default::default()));
    assert_eq!(seen.calls[0]["name"], "start");
    answer(&mut house, &[]);
    assert_eq!(house.open[0].payload["body"], "hello?");
}

#[test]
fn a_place_is_words_where_bots_know_no_places() {
    let place = || Location { latitude: 45.5, longitude: 4.0, name: Some("Bellecour".into()), address: None };
    let mut house = house(json!({"widget": {"channel": "telegram"}}));
    let seen = house.take(Input::Said(Said::Location(place())));
    assert_eq!(seen.calls[0]["payload"]["body"], "Bellecour, 45.5, 4");
}

#[test]
fn somebody_who_waits_for_people_is_not_routed_again_by_writing() {
    let mut house = house(json!({"bots": {"41": {"active": false}}}));
    house.take(opened());
    house.world.bots.get_mut(&41).expect("a bot").settings.active = true;
    assert!(house.take(says("hello?")).calls.is_empty());
    assert!(house.state.in_inbox());
}

#[test]
fn a_stop_before_any_session_subscribes_nobody_and_starts_nothing() {
    let mut house = house(json!({"widget": {"channel": "whatsapp_business", "campaigns": true}}));
    let seen = house.take(says("stop"));
    assert_eq!((seen.calls.len(), seen.thread.len()), (0, 2));
    assert_eq!(house.world.contact.campaigns.get(&3), Some(&false));
}

#[test]
fn clicks_name_the_entry_of_their_choice() {
    let mut house = house(json!({}));
    house.take(opened());
    let bubbles =
        json!({"name": "bubbles", "payload": {"body": "b", "options": [{"id": "a", "label": "A"}], "fallback": "f"}});
    let step = answer(&mut house, &[bubbles]);
    let id = step.results[0].message_id.clone().expect("the entry of the choice");
    let (key, choice) = house.choices[0].clone();
    assert_eq!(house.state.key_of(&id), Some(key));
    let seen = house.take(Input::Picked { key, message: 77, choice, option: "a".into() });
    assert_eq!(seen.calls[0]["payload"]["message_id"], json!(id));
    let pick = seen.step.effects.iter().find_map(|effect| match effect {
        Effect::Post(post) if post.by == By::Contact => post.content.clone(),
        _ => None,
    });
    assert_eq!(pick, Some(Content::Pick { choice: 77, option: "a".into() }));
}

#[test]
fn info_has_every_key_of_the_contract() {
    let mut house = house(json!({}));
    let info = house.take(opened()).calls[0]["info"].clone();
    let keys = |at: &str| -> Vec<String> {
        info.pointer(at).and_then(Value::as_object).expect("an object").keys().cloned().collect()
    };
    assert_eq!(keys(""), ["approach_mode", "cid", "contact", "context", "conversation", "widget"]);
    assert_eq!(keys("/contact").len(), 17);
    assert_eq!(keys("/conversation").len(), 10);
    assert_eq!(keys("/widget"), ["custom", "id", "locale", "name", "url"]);
    assert_eq!(info["conversation"]["url"], "https://desk.example/conversations/90233");
    assert!(info["conversation"]["started_at"].as_str().is_some_and(|at| at.ends_with(".000Z")));
}

#[test]
fn marks_are_written_in_the_hand_of_each_channel() {
    let text = "**Open** *till* ~~six~~ __now__ `a*b`\n> said & [x](https://x.example/?a=1&b=2) [y](javascript:z)";
    let rows = [
        (Channel::Web, text),
        (
            Channel::WhatsappBusiness,
            "*Open* _till_ ~six~ now `a*b`\nsaid & x (https://x.example/?a=1&b=2) [y](javascript:z)",
        ),
        (Channel::Threema, "*Open* _till_ ~six~ now a*b\nsaid & x (https://x.example/?a=1&b=2) [y](javascript:z)"),
        (Channel::Sms, "Open till six now a*b\nsaid & x (https://x.example/?a=1&b=2) [y](javascript:z)"),
        (
            Channel::Telegram,
            "<b>Open</b> <i>till</i> <s>six</s> <u>now</u> <code>a*b</code>\nsaid &amp; <a href=\"https://x.example/?a=1&amp;b=2\">x</a> [y](javascript:z)",
        ),
    ];
    for (channel, sent) in rows {
        assert_eq!(markdown::render(text, channel), sent, "{channel:?}");
    }
}

#[test]
fn what_only_looks_like_a_mark_stays() {
    let rows = [
        ("2 * 3 * 4", "2 * 3 * 4"),
        ("**lone", "**lone"),
        ("***both***", "both"),
        ("**a *b* c**", "a b c"),
        ("snake_case and `code", "snake_case and `code"),
        ("```rust\nlet *x* = 1;\n```", "let *x* = 1;"),
        ("- one\n  - two\n1. three", "one\ntwo\n1. three"),
        ("*a\n\nb*", "*a\n\nb*"),
        ("a\n\n\nb", "a\n\n\nb"),
        ("``` never closed *x*", "``` never closed x"),
    ];
    for (text, sent) in rows {
        assert_eq!(markdown::render(text, Channel::Sms), sent, "{text:?}");
    }
}

fn known() -> Known {
    Known { groups: [7].into(), skills: [2].into(), builtins: [9].into() }
}

#[test]
fn settings_of_bots_are_checked_by_field() {
    let rows = [
        (json!({}), vec!["first_name", "group_id"]),
        (json!({"first_name": "Leaf", "group_id": 8}), vec!["group_id"]),
        (json!({"first_name": "Leaf", "group_id": 7, "slots": 0, "behavior": "always"}), vec!["behavior", "slots"]),
        (json!({"first_name": "Leaf", "group_id": 7, "timeout": {"seconds": 59, "action": "end"}}), vec!["timeout"]),
        (json!({"first_name": "Leaf", "group_id": 7, "api_security_token": "short"}), vec!["api_security_token"]),
        (json!({"first_name": "Leaf", "group_id": 7, "webhook_url": "ftp://x", "active": true}), vec!["webhook_url"]),
        (json!({"first_name": "Leaf", "group_id": 7, "active": true}), vec!["active"]),
        (
            json!({"first_name": "Leaf", "group_id": 7, "webhook_headers": [{"name": "Host", "value": "x"}]}),
            vec!["webhook_headers"],
        ),
    ];
    for (body, fields) in rows {
        let errors =
            BotSettings::default().change(body.as_object().expect("an object"), &known()).expect_err("mistakes");
        let errors = serde_json::to_value(errors).expect("JSON");
        assert_eq!(errors.as_object().expect("an object").keys().collect::<Vec<_>>(), fields, "{body}");
    }
}

#[test]
fn a_bot_is_active_once_it_can_be_called() {
    let change = |settings: &BotSettings, body: Value| settings.change(body.as_object().expect("an object"), &known());
    let new = change(&BotSettings::default(), json!({"first_name": "Leaf", "group_id": 7})).expect("settings");
    assert!(!new.active && new.slots == 50 && new.kind == BotKind::Webhook);
    let body =
        json!({"webhook_url": "https://bot.example/", "webhook_headers": [["API-SECURITY-TOKEN", "abcdefghijkl"]]});
    let set = change(&new, body).expect("settings");
    assert!(set.active);
    // secrets are not shown, so they come back without their values
    let kept = change(&set, json!({"webhook_headers": [{"name": "API-SECURITY-TOKEN"}]})).expect("settings");
    assert_eq!(kept.webhook_headers, set.webhook_headers);
    assert!(!change(&set, json!({"webhook_url": ""})).expect("settings").active);
    let builtin = json!({"first_name": "Leaf", "group_id": 7, "type": "builtin", "builtin_id": 9});
    assert!(change(&BotSettings::default(), builtin).expect("settings").active);
}

#[test]
fn headers_that_the_server_sets_are_refused() {
    for name in ["Host", "content-type", "Transfer-Encoding", "X-Tertulia-Delivery", "a b", "", "ü"] {
        assert!(check_header(name, "x").is_err(), "{name}");
    }
    assert!(check_header("X-Any", &"x".repeat(1_025)).is_err() && check_header("X-Any", "a\r\nb").is_err());
    assert!(check_header("API-SECURITY-TOKEN", &"x".repeat(1_024)).is_ok());
    assert_eq!(
        (masked("abcdefghijkl").as_str(), masked("short").as_str(), masked("").as_str()),
        ("••••ijkl", "••••", "")
    );
}

#[test]
fn settings_of_widgets_are_checked_by_field() {
    let change = |body: Value| WidgetSettings::default().change(body.as_object().expect("an object"), &known());
    let new = change(json!({"name": "Tea", "skill_ids": [2], "channel": "whatsapp_business", "locale": "fr-FR"}));
    assert_eq!(new.expect("settings").locale, "fr_FR");
    let errors = change(json!({"name": "Tea", "live_timeout": 5, "choose_label": "x".repeat(21), "channel": "fax"}));
    let errors = serde_json::to_value(errors.expect_err("mistakes")).expect("JSON");
    let fields: Vec<&String> = errors.as_object().expect("an object").keys().collect();
    assert_eq!(fields, ["channel", "choose_label", "group_id", "live_timeout"]);
}
