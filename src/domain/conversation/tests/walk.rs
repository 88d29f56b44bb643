//! Random conversations: whatever contacts, bots, staff and the network do, the promises of the module hold.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::json;

use super::house::{House, laid_over, world};
use super::*;
use crate::domain::conversation::batch::Batch;
use crate::domain::conversation::state::{Approach, Clock, MAX_WAITING, Status};
use crate::domain::conversation::step::{Effect, Outcome, Said, Staff, Step};
use crate::domain::conversation::world::Assignee;

/// Something that somebody does.
#[derive(Clone, Debug)]
enum Act {
    Open,
    Register,
    Write,
    Number(u8),
    Pick { choice: usize, option: usize },
    ContactEnds,
    Answer(Vec<usize>),
    Fail(usize),
    Ask(Vec<usize>),
    Wait(u16),
    TakeOver(i64),
    Assign(i64),
    Unassign,
    End,
    Reopen,
    Online(i64, bool),
    Active(i64, bool),
}

fn act() -> impl Strategy<Value = Act> {
    let batch = || prop::collection::vec(0..EVENTS.len(), 0..5);
    prop_oneof![
        2 => Just(Act::Open),
        1 => Just(Act::Register),
        8 => Just(Act::Write),
        3 => (0..4u8).prop_map(Act::Number),
        4 => (0..4usize, 0..3usize).prop_map(|(choice, option)| Act::Pick { choice, option }),
        1 => Just(Act::ContactEnds),
        8 => batch().prop_map(Act::Answer),
        2 => (0..6usize).prop_map(Act::Fail),
        4 => batch().prop_map(Act::Ask),
        5 => (0..900u16).prop_map(Act::Wait),
        1 => (5..7i64).prop_map(Act::TakeOver),
        1 => (41..44i64).prop_map(Act::Assign),
        1 => Just(Act::Unassign),
        1 => Just(Act::End),
        1 => Just(Act::Reopen),
        2 => (5..7i64, any::<bool>()).prop_map(|(id, on)| Act::Online(id, on)),
        2 => (41..44i64, any::<bool>()).prop_map(|(id, on)| Act::Active(id, on)),
    ]
}

/// What bots say.
const EVENTS: [&str; 14] = [
    r#"{"name": "message", "payload": {"body": "hm"}, "context": {"n": 1}}"#,
    r#"{"name": "bubbles", "payload": {"body": "b", "options": [{"id": "a", "label": "A"}, {"id": "b", "label": "B"}], "fallback": "f"}}"#,
    r#"{"name": "carousel", "payload": {"body": "b", "options": [{"id": "a", "label": "A", "image": "https://x.example/"}], "fallback": "f"}}"#,
    r#"{"name": "delay", "payload": {"seconds": 7}}"#,
    r#"{"name": "delay", "payload": {"seconds": 20, "typing": false}}"#,
    r#"{"name": "navigate", "payload": {"link": "/x"}}"#,
    r#"{"name": "contact_update", "payload": {"name": "N", "email": "n@mail.example"}}"#,
    r#"{"name": "email_dispatch", "payload": {"recipient_type": "contact"}}"#,
    r#"{"name": "addon_dispatch", "payload": {"addon_type": "ticket_desk"}}"#,
    r#"{"name": "forward_any", "payload": {"on_failure": "feedback"}}"#,
    r#"{"name": "forward_any"}"#,
    r#"{"name": "forward_group", "payload": {"group_id": 8}}"#,
    r#"{"name": "abort"}"#,
    r#"{"name": "end"}"#,
];

fn batch(which: &[usize]) -> Batch {
    let events = which.iter().map(|at| full_event(&serde_json::from_str(EVENTS[*at]).expect("JSON"), "c")).collect();
    Envelope { cid: "c".into(), events }.read().expect("well-formed events")
}

/// Three bots with few slots, two humans, on any channel.
fn house(channel: &str, registration: bool) -> House {
    let bot = |behavior: &str, slots: u32| {
        json!({"name": "B", "group": 7, "skills": [], "behavior": behavior, "slots": slots, "busy": 0, "active": true,
               "registration_mode": registration, "timeout": {"seconds": 120, "action": "forward"}, "last_given": null})
    };
    let own = json!({
        "bots": {"41": bot("firewall", 1), "42": bot("human", 1), "43": bot("backup", 2)},
        "operators": {"5": {"group": 7}, "6": {"group": 8}},
        "widget": {"channel": channel, "registration": registration},
    });
    House::new(world(&laid_over(&vectors()["world"], Some(&own)), NOW))
}

/// What the walk has seen of the sessions.
#[derive(Default)]
struct Watch {
    began: BTreeSet<String>,
    over: BTreeSet<String>,
    /// The calls of each session that were made, and the number of the last text that it was told.
    told: BTreeMap<String, (usize, u64)>,
    written: u64,
}

impl Watch {
    fn see(&mut self, house: &House, step: &Step) -> Result<(), TestCaseError> {
        for effect in &step.effects {
            match effect {
                Effect::SessionBegan { cid, .. } => prop_assert!(self.began.insert(cid.clone()), "{cid} began twice"),
                Effect::SessionOver { cid, .. } => {
                    prop_assert!(self.began.contains(cid) && self.over.insert(cid.clone()), "{cid} ended twice");
                }
                Effect::Call(call) => {
                    prop_assert!(!self.over.contains(&call.cid), "a call of a session that is over");
                    let (calls, last) = self.told.entry(call.cid.clone()).or_default();
                    prop_assert_eq!(*calls == 0, call.name == "start", "start is first, and only first");
                    *calls += 1;
                    let body = call.payload.get("body").and_then(Value::as_str).unwrap_or_default();
                    if let Some(number) = body.strip_prefix("text ").and_then(|it| it.parse::<u64>().ok()) {
                        prop_assert!(number > *last, "text {} was told after text {}", number, last);
                        *last = number;
                    }
                }
                Effect::Given { to: Assignee::Bot(id) } => {
                    let bot = &house.world.bots[id];
                    prop_assert!(bot.busy <= bot.settings.slots, "bot {id} has more sessions than slots");
                }
                _ => {}
            }
        }
        self.see_state(house, step)
    }

    fn see_state(&self, house: &House, step: &Step) -> Result<(), TestCaseError> {
        let state = &house.state;
        let holds = state.assignee.is_some_and(Assignee::is_bot);
        prop_assert_eq!(holds, state.session.is_some(), "a bot holds it as long as its session");
        prop_assert!(state.status == Status::Open || state.assignee.is_none(), "who is over is nobody's");
        prop_assert!(step.wake_at.is_none_or(|at| at > house.now), "what is due was done");
        let Some(session) = &state.session else {
            prop_assert_eq!(step.wake_at, None);
            return Ok(());
        };
        prop_assert!(!self.over.contains(&session.cid), "a session that is over was resumed");
        prop_assert!(session.waiting.len() <= MAX_WAITING);
        prop_assert!(
            session.waiting.is_empty() || session.open.is_some() || session.registering,
            "a call waits for none"
        );
        match session.clock {
            Clock::Unset => prop_assert!(session.registering && session.open.is_none()),
            Clock::Standing(left) => {
                prop_assert!(!session.delayed.is_empty() && (0..=120 * SECOND).contains(&left));
            }
            Clock::Running(deadline) => {
                prop_assert!(session.delayed.is_empty() && deadline <= house.now + 120 * SECOND);
            }
        }
        Ok(())
    }
}

/// The input of an act, if it is possible now.
fn input(house: &mut House, watch: &mut Watch, act: &Act) -> Option<Input> {
    Some(match act {
        Act::Open => Input::Opened { approach: Approach::Normal, page: None, custom: serde_json::Map::new() },
        Act::Register => Input::Registered(Default::default()),
        Act::Write => {
            watch.written += 1;
            Input::Said(Said::Text(format!("text {}", watch.written)))
        }
        Act::Number(number) => Input::Said(Said::Text(number.to_string())),
        Act::Pick { choice, option } => {
            let (key, choice) = house.choices.get(house.choices.len().checked_sub(1 + choice)?)?.clone();
            let option = choice.options.get(*option).map_or("none".to_owned(), |option| option.id.clone());
            Input::Picked { key, message: 7, choice, option }
        }
        Act::ContactEnds => Input::ContactEnded,
        Act::Answer(_) | Act::Fail(_) => {
            let delivery = (!house.open.is_empty()).then(|| house.open.remove(0))?.delivery;
            let outcome = match act {
                Act::Answer(events) => Outcome::Batch(batch(events)),
                Act::Fail(0) => Outcome::Connect,
                Act::Fail(1) => Outcome::Timeout,
                Act::Fail(2) => Outcome::Unreadable,
                Act::Fail(at) => Outcome::Status([204, 400, 500][at % 3]),
                _ => return None,
            };
            Input::Answered { delivery, outcome }
        }
        Act::Ask(events) => Input::Api { cid: house.cids.last()?.0.clone(), batch: batch(events) },
        Act::Wait(seconds) => {
            house.now += i64::from(*seconds) * SECOND / 4;
            Input::Tick
        }
        Act::TakeOver(by) => Input::Staff(Staff::TakeOver { by: *by }),
        Act::Assign(to) => Input::Staff(Staff::Assign { to: Assignee::Bot(*to) }),
        Act::Unassign => Input::Staff(Staff::Unassign),
        Act::End => Input::Staff(Staff::End),
        Act::Reopen => Input::Staff(Staff::Reopen),
        Act::Online(id, on) => {
            house.world.operators.get_mut(id)?.online = *on;
            return None;
        }
        Act::Active(id, on) => {
            house.world.bots.get_mut(id)?.settings.active = *on;
            Input::BotGone { bot: (!on).then_some(*id)? }
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn promises_hold_whatever_is_done(
        acts in prop::collection::vec(act(), 1..60),
        channel in prop::sample::select(vec!["web", "whatsapp_business", "facebook", "telegram", "sms"]),
        registration in any::<bool>(),
    ) {
        let (mut house, mut watch) = (house(channel, registration), Watch::default());
        for act in &acts {
            let Some(input) = input(&mut house, &mut watch, act) else { continue };
            let before = house.state.clone();
            let step = house.take(input).step;
            if step.refused.is_some() && step.effects.is_empty() {
                prop_assert_eq!(&house.state, &before, "what is refused changes nothing");
            }
            watch.see(&house, &step)?;
        }
    }

    #[test]
    fn any_body_of_a_bot_is_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..200), text in ".{0,200}") {
        let _ = batch::open(&body).and_then(|envelope| envelope.read());
        for channel in Channel::ALL {
            markdown::render(&text, channel);
        }
        let _ = (number::pick(&text, 10), state::is_cid(&text));
    }

    #[test]
    fn marks_of_any_kind_end_somewhere(text in "[*_~`\\[\\]()>\\- a\n1.]{0,300}") {
        for channel in Channel::ALL {
            markdown::render(&text, channel);
        }
    }
}
