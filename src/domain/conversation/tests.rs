//! The contract's cases (20) against the rules, and properties of random conversations.

mod house;
mod sequences;
mod stories;
mod walk;

use serde_json::{Value, json};

use super::batch::{self, Envelope};
use super::convert::{Sent, convert};
use super::event::Event;
use super::routing::{Rule, route, target_of};
use super::settings::Channel;
use super::step::{Input, step};
use super::{SECOND, limit, markdown, number, state};

const NOW: i64 = 1_930_000_000 * SECOND;

/// The contract's cases, with repeated texts written out.
fn vectors() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/bot-webhooks.json");
    let text = std::fs::read_to_string(path).expect("the vectors are part of the repository");
    written_out(serde_json::from_str(&text).expect("JSON"))
}

fn written_out(value: Value) -> Value {
    match value {
        Value::Object(fields) if fields.len() == 2 && fields.contains_key("repeat") && fields.contains_key("times") => {
            let times = usize::try_from(fields["times"].as_u64().expect("a number")).expect("a small number");
            fields["repeat"].as_str().expect("a text").repeat(times).into()
        }
        Value::Object(fields) => fields.into_iter().map(|(key, value)| (key, written_out(value))).collect(),
        Value::Array(items) => items.into_iter().map(written_out).collect(),
        other => other,
    }
}

fn cases(key: &str) -> Vec<Value> {
    let cases = vectors()[key].as_array().expect("a list of cases").clone();
    assert!(!cases.is_empty(), "{key} has cases");
    cases
}

fn text<'a>(case: &'a Value, key: &str) -> &'a str {
    case[key].as_str().unwrap_or_else(|| panic!("{key} of {case}"))
}

/// An event as the vectors write it, in full.
fn full_event(event: &Value, cid: &str) -> Value {
    let mut full = json!({"info": {"cid": cid}, "packet": {}});
    for key in ["name", "payload"] {
        if let Some(value) = event.get(key) {
            full["packet"][key] = value.clone();
        }
    }
    if let Some(context) = event.get("context") {
        full["info"]["context"] = context.clone();
    }
    full
}

/// Whether what is there is what was expected (contract, 20).
fn matches(expected: &Value, there: &Value) -> bool {
    match (expected, there) {
        (Value::String(any), _) if any == "*" => true,
        (Value::Object(expected), Value::Object(there)) if expected.is_empty() => there.is_empty(),
        (Value::Object(expected), Value::Object(there)) => expected.iter().all(|(key, value)| {
            there.get(key).is_some_and(|it| if key == "context" { value == it } else { matches(value, it) })
        }),
        (Value::Array(expected), Value::Array(there)) => {
            expected.len() == there.len() && expected.iter().zip(there).all(|(one, other)| matches(one, other))
        }
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        _ => expected == there,
    }
}

#[test]
fn names_of_sessions_have_the_contracts_form() {
    for case in cases("cid") {
        assert_eq!(state::is_cid(text(&case, "text")), case["ok"] == true, "{case}");
    }
}

#[test]
fn conversations_go_to_whom_the_contract_says() {
    let base = vectors()["world"].clone();
    for case in cases("routing") {
        let world = house::world(&house::laid_over(&base, case.get("world")), NOW);
        let decision = route(&world, target_of(&world), Rule::Start);
        assert_eq!(json!(decision.chosen.map(|who| who.to_string())), case["expect"], "{case}\n{decision:?}");
        // whoever asks later why, finds everybody of the target and one reason each
        let chosen = decision.considered.iter().filter(|one| Some(one.who) == decision.chosen);
        assert_eq!(chosen.count(), usize::from(decision.chosen.is_some()), "{case}");
    }
}

#[test]
fn events_are_well_formed_or_the_mistake_is_named() {
    for case in cases("validation") {
        let events =
            case.get("events").and_then(Value::as_array).cloned().unwrap_or_else(|| vec![case["event"].clone()]);
        let events = events.iter().map(|event| full_event(event, "c")).collect();
        let found = match (Envelope { cid: "c".into(), events }).read() {
            Ok(_) => Value::Null,
            Err(error) => {
                assert_eq!((error.status, error.code), (400, "invalid_event"), "{case}");
                json!({"field": error.details[0].field, "code": error.details[0].code})
            }
        };
        assert_eq!(found, case["expect"], "{}", case["id"]);
    }
}

/// What goes out, as the vectors write it.
fn sent(sent: Option<Sent>) -> Value {
    match sent {
        None => Value::Null,
        Some(Sent::Text { text, .. }) => json!({"as": "text", "text": text}),
        Some(Sent::Choice { text, choice }) if choice.sent_as.as_deref() == Some("text") => {
            json!({"as": "text", "text": text})
        }
        Some(Sent::Choice { text, choice }) => {
            let mut out = json!({"as": choice.sent_as, "text": text, "options": choice.options});
            let parts = json!({"header": choice.header, "footer": choice.footer, "button": choice.button, "title": choice.title});
            for (key, value) in parts.as_object().expect("an object") {
                if !value.is_null() {
                    out[key] = value.clone();
                }
            }
            out
        }
        Some(Sent::Buttons { text, buttons }) => json!({"as": "buttons", "text": text, "buttons": buttons}),
        Some(Sent::Media(media)) => json!({"as": "media", "link": media.link, "caption": media.caption}),
        Some(Sent::Navigate { link }) => json!({"as": "navigate", "link": link}),
    }
}

fn channel(case: &Value) -> Channel {
    Channel::parse(text(case, "channel")).expect("a channel")
}

fn event(value: &Value) -> Event {
    let envelope = Envelope { cid: "c".into(), events: vec![full_event(value, "c")] };
    envelope.read().expect("a well-formed event").events.remove(0)
}

#[test]
fn what_goes_out_fits_the_channel() {
    for case in cases("conversion") {
        // exactly, so that nothing that a channel loses is left in
        assert_eq!(sent(convert(&event(&case["event"]), channel(&case), "Choose")), case["sent"], "{}", case["id"]);
    }
}

#[test]
fn marks_are_shown_as_the_channel_can() {
    for case in cases("formatting") {
        assert_eq!(markdown::render(text(&case, "text"), channel(&case)), text(&case, "sent"), "{}", case["id"]);
    }
}

#[test]
fn numbers_pick_options_and_nothing_else_does() {
    for case in cases("number_reply") {
        let options = usize::try_from(case["options"].as_u64().expect("a number")).expect("a small number");
        assert_eq!(json!(number::pick(text(&case, "text"), options)), case["picks"], "{case}");
    }
}

#[test]
fn the_last_context_that_says_something_stays() {
    for case in cases("context") {
        let given = case["given"].as_array().expect("a list");
        let events = given.iter().map(|context| match context.as_str() {
            Some("absent") => json!({"info": {}}),
            _ => json!({"info": {"context": context}}),
        });
        let (stored, error) = match batch::context(&events.collect::<Vec<_>>()) {
            Ok(context) => (context.map(Value::Object), Value::Null),
            Err(error) => (None, error.code.into()),
        };
        assert_eq!(stored.as_ref().unwrap_or(&case["before"]), &case["after"], "{}", case["id"]);
        assert_eq!(error, case["error"], "{}", case["id"]);
    }
}

#[test]
fn a_bot_asks_twenty_times_in_any_minute() {
    for case in cases("rate_limit") {
        let mut requests = std::collections::VecDeque::new();
        let (mut statuses, mut waits) = (Vec::new(), Vec::new());
        for at in case["times"].as_array().expect("times") {
            let at = NOW + (at.as_f64().expect("a number") * 1e6) as i64;
            match limit::admit(&mut requests, at) {
                Ok(()) => statuses.push(200),
                Err(seconds) => {
                    statuses.push(429);
                    waits.push(seconds);
                }
            }
        }
        assert_eq!(json!(statuses), case["statuses"], "{}", case["id"]);
        assert_eq!(json!(waits), case["retry_after"].as_array().map_or(json!([]), |it| json!(it)), "{}", case["id"]);
    }
}
