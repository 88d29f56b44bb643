//! Stories of chats: forms, fallbacks, hand-off, time-outs, languages, commands, errors.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::*;
use crate::domain::bot::document::Document;
use crate::domain::bot::provider::{Incoming, MediaIn, Provider};
use crate::domain::bot::template::Job;

const NOW: i64 = 1_893_501_296_000_000;

struct Here;

impl Render for Here {
    fn render(&mut self, jobs: &[Job]) -> Vec<Result<String, RenderError>> {
        jobs.iter().map(Job::run).collect()
    }
}

fn with_stamp(mut value: Value) -> Value {
    for (key, default) in [("id", json!("")), ("created_at", json!(0)), ("updated_at", json!(0))] {
        if value.get(key).is_none() {
            value[key] = default;
        }
    }
    value
}

/// A handler from a few words; what is left out is the default.
fn handler(value: Value) -> Value {
    let mut whole = with_stamp(json!({
        "name": value["id"], "enabled": true, "priority": 0, "request": null, "target_state": null,
        "response": {"text_template": value["says"], "keyboard_template": value["keyboard"]},
    }));
    for (key, value) in value.as_object().unwrap() {
        whole[key] = value.clone();
    }
    if whole["request"].is_object() {
        whole["request"] = with_stamp(whole["request"].clone());
    }
    whole
}

fn says(text: &str) -> Value {
    json!({"text_template": text, "keyboard_template": null})
}

/// A bot, one chat with it, and what its app answers.
struct Story {
    snapshot: Snapshot,
    chat: Chat,
    bot: Map<String, Value>,
    env: BTreeMap<String, EnvValue>,
    answer: AppResponse,
    plans: Vec<RequestPlan>,
    now: i64,
}

impl Story {
    fn new(handlers: Vec<Value>, states: Vec<Value>, settings: Value) -> Self {
        let handlers: Vec<Value> = handlers.into_iter().map(handler).collect();
        let states: Vec<Value> = states.into_iter().map(with_stamp).collect();
        let document = json!({"handlers": handlers, "states": states, "settings": settings});
        let document: Document = serde_json::from_value(document).expect("a document");
        let again: Document = serde_json::from_value(serde_json::to_value(&document).unwrap()).unwrap();
        assert_eq!(document, again, "a document survives being stored");
        Self {
            snapshot: Snapshot::new(document),
            chat: Chat::default(),
            bot: Map::new(),
            env: BTreeMap::new(),
            answer: AppResponse::failed("connect"),
            plans: Vec::new(),
            now: NOW,
        }
    }

    fn facts(&self, incoming: Incoming) -> Facts {
        Facts { incoming, env: self.env.clone(), bot: self.bot.clone(), now: self.now, explain: true }
    }

    fn take(&mut self, turn: Turn) -> Turn {
        self.chat = turn.chat.clone();
        self.bot.extend(turn.bot.clone());
        turn
    }

    fn hear(&mut self, incoming: Incoming) -> Turn {
        let facts = self.facts(incoming);
        let (answer, mut plans) = (self.answer.clone(), Vec::new());
        let turn = run(&self.snapshot, &self.chat, &facts, &mut Here, &mut |plan| {
            plans.push(plan.clone());
            answer.clone()
        });
        self.plans.extend(plans);
        self.take(turn)
    }

    fn say(&mut self, text: &str) -> Turn {
        let incoming = Incoming::nothing(Provider::Kik, "5", "ana", self.now);
        self.hear(Incoming { text: Some(text.into()), ..incoming })
    }

    fn texts(&mut self, text: &str) -> Vec<String> {
        self.say(text).replies.into_iter().map(|reply| reply.text).collect()
    }
}

#[test]
fn a_form_asks_checks_and_hands_over_what_it_was_told() {
    let form = json!({"slots": [
        {"name": "mail", "prompt": says("Mail?"), "kind": "email", "error": says("No mail.")},
        {"name": "age", "prompt": says("Age, {{ slots.mail }}?"), "kind": "integer"},
    ], "cancel_words": ["stop"], "on_done": "done"});
    let mut story = Story::new(
        vec![
            json!({"id": "begin", "pattern": "^join$", "says": "Welcome", "target_state": "asking"}),
            json!({"id": "done", "pattern": "^$never", "says": "{{ slots.mail }} {{ slots.age }}", "target_state": "home"}),
            json!({"id": "help", "pattern": "^help$", "says": "Helping", "global": true}),
        ],
        vec![
            json!({"id": "asking", "name": "Asking now", "settings": {"form": form}}),
            json!({"id": "home", "name": "Home"}),
        ],
        json!({}),
    );

    assert_eq!(story.texts("join"), ["Welcome", "Mail?"]);
    assert_eq!(story.texts("nonsense"), ["No mail."]);
    assert_eq!(story.texts("help"), ["Helping", "Mail?"], "a global handler interrupts, and the form goes on");
    assert_eq!(story.texts("a@b.org"), ["Age, a@b.org?"]);
    assert_eq!(story.texts("42"), ["a@b.org 42"]);
    assert_eq!(story.chat.state.as_deref(), Some("home"));
    assert_eq!(story.chat.context["asking_now"]["pattern"], json!({"mail": "a@b.org", "age": 42}));

    story.say("join");
    assert!(story.say("STOP").replies.is_empty());
    assert_eq!(story.chat.state, None, "cancelled");
}

#[test]
fn fallbacks_end_with_people_once_they_were_said_too_often() {
    let mut story = Story::new(vec![], vec![], json!({"fallback": says("Sorry?"), "max_attempts": 3}));

    assert_eq!(story.texts("a"), ["Sorry?"]);
    assert_eq!(story.texts("b"), ["Sorry?"]);
    let turn = story.say("c");
    assert_eq!(turn.handoff.unwrap().reason, "attempts");
    assert!(story.say("d").replies.is_empty(), "people hold the chat");
}

#[test]
fn variables_languages_and_hand_off_are_set_by_handlers() {
    let action = json!({"language": "{{ pattern.l }}", "variables": [
        {"scope": "user", "name": "n", "value_template": "{{ (user.n or 0) + 1 }}", "kind": "number"},
        {"scope": "bot", "name": "last", "value_template": "{{ pattern.l }}"},
    ]});
    let response = json!({"text_template": "Hello {{ user.n }}", "keyboard_template": null, "extras": {
        "typing_ms": 90_000, "translations": {"es": {"text_template": "Hola {{ user.n }}"}}}});
    let mut story = Story::new(
        vec![
            json!({"id": "speak", "pattern": "^speak (?P<l>.+)", "says": "ok", "action": action}),
            json!({"id": "hi", "pattern": "^hi", "response": response}),
            json!({"id": "person", "pattern": "^person", "says": "wait", "action": {"handoff": true, "handoff_to": "sales"}}),
        ],
        vec![],
        json!({"language": "en"}),
    );

    story.say("speak es-AR");
    story.say("speak es-AR");
    let turn = story.say("hi");
    assert_eq!((turn.replies[0].text.as_str(), turn.replies[0].typing_ms), ("Hola 2", 30_000));
    assert_eq!(story.bot["last"], json!("es-AR"));
    assert_eq!(story.say("person").handoff.unwrap().to.as_deref(), Some("sales"));
}

#[test]
fn a_state_times_out_and_zero_is_never() {
    let states =
        |timeout: u32| vec![json!({"id": "s", "name": "S", "settings": {"timeout_s": timeout, "on_timeout": "late"}})];
    let handlers = || {
        vec![
            json!({"id": "in", "pattern": "^in$", "says": "in", "target_state": "s"}),
            json!({"id": "late", "pattern": "x", "enabled": false, "says": "Still there?"}),
        ]
    };
    let mut story = Story::new(handlers(), states(60), json!({"timeout_s": 5}));
    story.say("in");
    assert_eq!(timeout_at(&story.snapshot, &story.chat), Some(NOW + 60_000_000));
    assert!(timed_out(&story.snapshot, &story.chat, NOW + 59_000_000).is_none());
    let selection = timed_out(&story.snapshot, &story.chat, NOW + 60_000_000).expect("it is time");
    let facts = story.facts(Incoming::nothing(Provider::Kik, "5", "ana", NOW));
    let jobs = reply_jobs(&story.snapshot, &selection, &story.chat, &facts, None);
    let turn = finish(&story.snapshot, &selection, &story.chat, &facts, None, Here.render(&jobs));
    assert_eq!(turn.replies[0].text, "Still there?");

    let mut story = Story::new(handlers(), states(0), json!({"timeout_s": 5}));
    story.say("in");
    assert_eq!(timeout_at(&story.snapshot, &story.chat), None);
}

#[test]
fn commands_restart_cancel_and_go_back_once_they_are_switched_on() {
    let handlers = vec![
        json!({"id": "a", "pattern": "^a$", "says": "a", "target_state": "A"}),
        json!({"id": "b", "pattern": "^b$", "says": "b", "target_state": "B"}),
    ];
    let states = vec![json!({"id": "A", "name": "A"}), json!({"id": "B", "name": "B"})];
    let mut story = Story::new(handlers, states, json!({"commands": true}));
    story.say("a");
    story.say("b");
    story.say("back");
    assert_eq!(story.chat.state.as_deref(), Some("A"));
    story.say("/restart");
    assert_eq!((story.chat.state.as_deref(), story.chat.context.len()), (None, 0));
}

fn asking(url: &str, data: Value) -> Story {
    let request = json!({"url_template": url, "method": "Post", "data": data,
        "url_parameters": [with_stamp(json!({"key": "q", "value_template": "{{ message.body }}"}))],
        "header_parameters": [with_stamp(json!({"key": "X-Key", "value_template": "{{ env.key }}"}))]});
    let handlers = vec![
        json!({"id": "h", "pattern": "(?P<w>.+)", "says": "{{ response.status }} {{ response.error }}{{ env.key }}",
        "keyboard": "[{{ pattern.w|q }}]", "request": request, "target_state": "s"}),
    ];
    let mut story = Story::new(handlers, vec![json!({"id": "s", "name": "S"})], json!({}));
    story.env.insert("key".into(), EnvValue { value: "sesame".into(), secret: true });
    story.env.insert("base".into(), EnvValue { value: "https://app.test".into(), secret: false });
    story
}

#[test]
fn a_value_never_leaves_its_text_in_the_data_of_a_call() {
    let mut story = asking(
        "{{ env.base }}/a b?x=1#top",
        json!("{\"w\": \"{{ pattern.w }}\", \"n\": {\"$number\": \"{{ pattern.w|length }}\"}}"),
    );
    story.answer = AppResponse::answered(201, b"[]");
    let turn = story.say("\", \"admin\": \"yes");
    let plan = &story.plans[0];
    assert_eq!(plan.url, "https://app.test/a%20b?x=1&q=");
    assert_eq!(
        serde_json::from_str::<Value>(plan.body.as_deref().unwrap()).unwrap(),
        json!({"w": "\", \"admin\": \"yes", "n": 16})
    );
    assert_eq!(plan.headers[0], ("X-Key".into(), "sesame".into()));
    assert_eq!(turn.replies[0].text, "201 ", "secrets are for requests only");
    assert_eq!(turn.replies[0].keyboard[0].label, "\", \"admin\": \"yes");
    assert!(!serde_json::to_string(&turn.trace).unwrap().contains("sesame"));
    assert_eq!(story.chat.state.as_deref(), Some("s"));
}

#[test]
fn hosts_are_literal_or_come_from_the_env() {
    let blocked = [
        "http://{{ pattern.w }}/",
        "http://x.org{{ pattern.w }}",
        "http://x.org:{{ pattern.w }}@y/",
        "{{ pattern.w }}",
        "ftp://x/",
        "{% if true %}http://x/{% endif %}",
        "//x/",
        "http://{{ env.nope }}/",
    ];
    for url in blocked {
        let mut story = asking(url, Value::Null);
        let turn = story.say("evil.org");
        assert!(story.plans.is_empty(), "{url}");
        assert_eq!((turn.replies[0].text.as_str(), story.chat.state.as_deref()), ("0 blocked", None), "{url}");
    }
    for url in [
        "http://x.org/{{ pattern.w }}",
        "{{ env.base }}/{{ pattern.w }}",
        "{{env['base']}}?a={{ pattern.w }}",
        "https://x.org",
    ] {
        let mut story = asking(url, Value::Null);
        story.say("fine");
        assert_eq!(story.plans.len(), 1, "{url}");
    }
}

#[test]
fn an_error_is_apologised_for_and_the_state_stays() {
    let broken = json!({"id": "h", "pattern": "^x$", "says": "{{ 1|nope }}", "target_state": "s"});
    let keyboard = json!({"id": "k", "pattern": "^k$", "says": "fine", "keyboard": "[", "target_state": "s"});
    let states = vec![json!({"id": "s", "name": "S"})];
    let mut story = Story::new(
        vec![broken, keyboard],
        states,
        json!({"handoff_on_failure": true, "error_response": says("Oh <b>no</b>")}),
    );
    let turn = story.say("k");
    assert_eq!((turn.replies[0].text.as_str(), turn.errors[0].step.as_str()), ("fine", "keyboard"));
    assert_eq!(turn.chat.state.as_deref(), Some("s"), "a broken keyboard costs the keyboard only");
    story.chat = Chat::default();
    let turn = story.say("x");
    assert_eq!((turn.replies[0].text.as_str(), turn.errors[0].step.as_str()), ("Oh no", "text"));
    assert_eq!((turn.chat.state, turn.handoff.unwrap().reason.as_str()), (None, "failure"));
}

#[test]
fn media_is_taken_by_handlers_that_name_it_or_said_to_be_unreadable() {
    let picture = |story: &Story| Incoming {
        media: vec![MediaIn { kind: "image".into(), url: Some("http://x/i".into()), ..MediaIn::default() }],
        ..Incoming::nothing(Provider::Kik, "5", "ana", story.now)
    };
    let mut story = Story::new(
        vec![json!({"id": "all", "pattern": ".*", "says": "x"})],
        vec![],
        json!({"unsupported": says("I cannot see.")}),
    );
    let turn = story.hear(picture(&story));
    assert_eq!(turn.replies[0].text, "I cannot see.");
    let takes = json!({"id": "see", "pattern": "x", "media": ["image"], "response": {
        "text_template": "{{ media[0].kind }}", "keyboard_template": null,
        "extras": {"media": [{"link": "{{ media[0].url }}", "kind": "image"}], "cards": [{"title": "T", "keyboard_template": "['go']"}]}}});
    let mut story = Story::new(vec![takes], vec![], json!({}));
    let turn = story.hear(picture(&story));
    let texts: Vec<&str> = turn.replies.iter().map(|reply| reply.text.as_str()).collect();
    assert_eq!(texts, ["image", "http://x/i", "T\n• go"]);
}

#[test]
fn the_trace_says_why_each_handler_did_or_did_not_match() {
    let handlers = vec![
        json!({"id": "off", "pattern": "a", "says": "", "enabled": false, "priority": 9}),
        json!({"id": "elsewhere", "pattern": "a", "says": "", "source_states": ["s"], "priority": 8}),
        json!({"id": "other", "pattern": "b", "says": "", "priority": 7}),
        json!({"id": "broken", "pattern": "(", "says": "", "priority": 6}),
        json!({"id": "this", "pattern": "(?P<x>a)", "says": "yes"}),
        json!({"id": "later", "pattern": "a", "says": "no"}),
    ];
    let mut story = Story::new(handlers, vec![json!({"id": "s", "name": "S"})], json!({}));
    let turn = story.say("a");
    let why: Vec<&Why> = turn.trace.tried.iter().map(|tried| &tried.why).collect();
    assert!(
        matches!(why[..], [Why::Disabled, Why::OtherState, Why::NotFound, Why::Broken(_), Why::Matched, Why::Shadowed]),
        "{why:?}"
    );
    assert_eq!((turn.replies[0].text.as_str(), turn.trace.chosen.as_str()), ("yes", "handler"));
}
