//! Opening a thread (contract, 5.3): what may be said, and the seat of whoever opens it.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::event::Change;
use super::form::{Form, TextRule};
use super::mode::{FrequencyUnit, Mode, OnFinish};
use super::refusal::FieldErrors;
use super::rights::{Notifications, Permissions};
use super::running::{self, Beginning};
use super::scene::{ScriptRules, Surroundings};
use super::script::{Dice, QuestionId, Schema, SchemaId};
use super::seat::{Repetition, Script};
use super::{Account, AccountId, Micros, Roster, Seat};

/// The longest title, in characters.
pub const MAX_TITLE: usize = 255;

/// A thread about to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct NewThread {
    /// Its type.
    pub kind: String,
    /// Its title.
    pub title: String,
    /// The seat of its creator; the thread's number is still unknown (0).
    pub seat: Seat,
    /// What begins the creator's script, if there is one.
    pub beginning: Vec<Change>,
    /// The creator's own name for the request, so that a repeat makes no second thread.
    pub idempotency_key: Option<String>,
    /// The key of a widget's conversation.
    pub widget_key: Option<String>,
    /// Whether bots or channels are owed what is said here.
    pub converses: bool,
}

/// The script settings of a seat, as they are sent for threads and members alike.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScriptForm {
    /// The mode.
    pub state: Option<Mode>,
    /// The schema named.
    pub schema: Option<Arc<Schema>>,
    /// Where to begin in it.
    pub question: Option<QuestionId>,
    /// Where `repeat` starts again.
    pub initial_question: Option<QuestionId>,
    /// The schemas of the two questions named, as far as they exist.
    homes: Vec<(&'static str, SchemaId)>,
    /// What happens at the end.
    pub on_finish: Option<OnFinish>,
    /// Who is to send automated messages.
    pub automated_sender: Option<AccountId>,
    /// The unit of the repetition.
    pub frequency_unit: Option<FrequencyUnit>,
    /// How many units.
    pub frequency_value: Option<i64>,
    /// No restart after this instant.
    pub repeat_until: Option<Micros>,
    /// The next restart.
    pub next_restart: Option<Micros>,
    /// The language in which the member is spoken to.
    pub language: Option<String>,
    /// Fields that were sent as null, which takes back what they said.
    cleared: Vec<&'static str>,
}

/// Fields that may be taken back with null.
const CLEARABLE: [&str; 7] = [
    "initial_question",
    "automated_sender",
    "frequency_unit",
    "frequency_value",
    "repeat_until",
    "next_restart",
    "language",
];

/// What is known of the things that a form names.
#[derive(Clone, Debug, Default)]
pub struct Named {
    /// Accounts, and whether each may send for others.
    pub bots: HashMap<AccountId, bool>,
    /// Schemas, and whether a new run may begin with each.
    pub schemas: HashMap<SchemaId, (Arc<Schema>, bool)>,
    /// Questions, and the schemas they belong to.
    pub questions: HashMap<QuestionId, SchemaId>,
}

impl ScriptForm {
    /// Begins a script at its beginning.
    pub fn beginning(schema: Arc<Schema>) -> Self {
        Self { state: Some(Mode::Scripted), schema: Some(schema), ..Self::default() }
    }

    /// Reads the settings. Schemas that are not out may not be used for a new run (contract, B-UNPUBLISHED), and only bots
    /// and the caller may send automated messages (B-IMPERSONATE).
    pub fn read(form: &mut Form, caller: AccountId, named: &Named) -> Self {
        let mut read = Self {
            state: form.choice("state", Mode::parse),
            schema: None,
            question: None,
            initial_question: None,
            homes: Vec::new(),
            language: form.language("language"),
            on_finish: form.choice("on_finish", OnFinish::parse),
            automated_sender: form.id("automated_sender"),
            frequency_unit: nullable(form, "frequency_unit", |form| {
                form.choice("frequency_unit", FrequencyUnit::parse)
            }),
            frequency_value: nullable(form, "frequency_value", |form| form.integer("frequency_value")),
            repeat_until: form.instant("repeat_until"),
            next_restart: form.instant("next_restart"),
            cleared: CLEARABLE.into_iter().filter(|field| form.raw(field).is_some_and(Value::is_null)).collect(),
        };
        if let Some(sender) = read.automated_sender {
            match named.bots.get(&sender) {
                None => form.no_such("automated_sender", sender),
                Some(bot) if !bot && sender != caller => form.complain("automated_sender", "NOT_ALLOWED"),
                Some(_) => {}
            }
        }
        read.schema = read_schema(form, named);
        read.question = read.read_question(form, "question", named);
        read.initial_question = read.read_question(form, "initial_question", named);
        read.read_group(form);
        read
    }

    fn read_question(&mut self, form: &mut Form, field: &'static str, named: &Named) -> Option<QuestionId> {
        let id = form.id(field)?;
        match named.questions.get(&id) {
            Some(home) => {
                self.homes.push((field, *home));
                Some(id)
            }
            None => {
                form.no_such(field, id);
                None
            }
        }
    }

    /// A group stands for its first question.
    fn read_group(&mut self, form: &mut Form) {
        let Some(id) = form.id("group") else { return };
        let Some(schema) = self.schema.clone() else { return form.complain("schema", "REQUIRED") };
        match schema.grouped(Some(id)).min_by_key(|question| question.position) {
            Some(first) if self.question.is_none() => {
                self.question = Some(first.id);
                self.homes.push(("group", schema.id));
            }
            Some(_) => form.complain("group", "NOT_ALLOWED"),
            None => form.complain("group", "GROUP_FROM_WRONG_SCHEMA"),
        }
    }

    /// Whether the settings put the member into a run, given the seat they have.
    pub fn begins(&self, before: Option<&Seat>) -> bool {
        // a question or schema without a state leads on in the mode that the member has
        let leads = self.schema.is_some() || self.question.is_some();
        let state = self.state.or_else(|| before.filter(|_| leads).map(|before| before.mode));
        let Some(state) = state.filter(|state| state.needs_schema()) else { return false };
        before.is_none_or(|before| before.mode != state) || self.schema.is_some() || self.question.is_some()
    }

    /// The checks of the whole: repetition needs its fields, scripts their schema (contract, 5.3). `own` is the schema that
    /// the seat has already.
    pub fn check(&self, own: Option<SchemaId>, now: Micros, errors: &mut FieldErrors) {
        let schema = self.schema.as_ref().map(|schema| schema.id).or(own);
        for (field, home) in &self.homes {
            if schema.is_some_and(|schema| schema != *home) {
                errors.add(field, "QUESTION_FROM_WRONG_SCHEMA");
            }
        }
        if let Some(until) = self.repeat_until {
            if until <= now {
                errors.add("repeat_until", "REPEAT_UNTIL_MUST_BE_IN_FUTURE");
            } else if self.frequency_unit.is_none() {
                errors.add("frequency_unit", "REQUIRED");
            }
            match self.frequency_value {
                // only one thing is said of a past instant, as recorded
                _ if until <= now => {}
                None => errors.add("frequency_value", "REQUIRED"),
                Some(value) if value < 1 => errors.add("frequency_value", "FREQUENCY_VALUE_MUST_BE_POSITIVE"),
                Some(_) => {}
            }
        }
        let needs_schema = self.state.is_some_and(Mode::needs_schema);
        if self.schema.is_some() && !needs_schema {
            errors.add("state", "WRONG_STATE_FOR_SCHEMA");
        }
        if needs_schema && schema.is_none() {
            errors.add("schema", "REQUIRED");
        }
    }

    /// Writes what was sent into a seat.
    pub fn apply(&self, seat: &mut Seat) {
        if let Some(state) = self.state {
            seat.mode = state;
        }
        let Script { schema, initial_question, on_finish, automated_sender, language, .. } = &mut seat.script;
        if let Some(other) = self.schema.as_ref().map(|schema| schema.id).filter(|id| *schema != Some(*id)) {
            // the old one's questions mean nothing in it
            (*schema, *initial_question) = (Some(other), None);
        }
        *initial_question = self.initial_question.or(*initial_question);
        *on_finish = self.on_finish.unwrap_or(*on_finish);
        *automated_sender = self.automated_sender.or(*automated_sender);
        if self.language.is_some() {
            language.clone_from(&self.language);
        }
        let Repetition { unit, value, until, next, anchor } = &mut seat.repetition;
        *unit = self.frequency_unit.or(*unit);
        *value = self.frequency_value.or(*value);
        *until = self.repeat_until.or(*until);
        *next = self.next_restart.or(*next);
        for field in &self.cleared {
            match *field {
                "initial_question" => *initial_question = None,
                "automated_sender" => *automated_sender = None,
                "language" => *language = None,
                "frequency_unit" => *unit = None,
                "frequency_value" => *value = None,
                "repeat_until" => *until = None,
                _ => *next = None,
            }
        }
        if self.next_restart.is_some() {
            *anchor = *next;
        }
    }
}

/// A field that may also be null, which stands for "not set".
fn nullable<T>(form: &mut Form, field: &str, read: impl Fn(&mut Form) -> Option<T>) -> Option<T> {
    if form.raw(field).is_none_or(Value::is_null) { None } else { read(form) }
}

fn read_schema(form: &mut Form, named: &Named) -> Option<Arc<Schema>> {
    let id = form.id("schema")?;
    match named.schemas.get(&id) {
        Some((schema, true)) => return Some(schema.clone()),
        Some((_, false)) => form.complain("schema", "NOT_ALLOWED"),
        None => form.no_such("schema", id),
    }
    None
}

impl NewThread {
    /// Reads and checks the body of a thread of type `kind` that `caller` opens, and begins the script it asks for.
    pub fn read(
        body: &Map<String, Value>,
        kind: &str,
        caller: &Account,
        named: &Named,
        (rules, now): (ScriptRules, Micros),
        dice: Dice<'_>,
    ) -> Result<NewThread, FieldErrors> {
        let mut form = Form::new(body);
        let title = form.text("title", TextRule { max: MAX_TITLE, blank: false }).unwrap_or_default();
        let notifications = form.bits("notifications");
        let script = ScriptForm::read(&mut form, caller.id, named);
        let mut whole = FieldErrors::new();
        script.check(None, now, &mut whole);
        form.errors.merge_weaker(whole);
        if !form.errors.is_empty() {
            return Err(form.errors);
        }
        let mut seat = Seat::new(0, caller.id, Permissions::CREATOR, now);
        seat.notifications = notifications.map_or(Notifications::DEFAULT, Notifications::from_bits_retain);
        script.apply(&mut seat);
        let thread = NewThread {
            kind: kind.to_owned(),
            title,
            seat,
            beginning: Vec::new(),
            idempotency_key: None,
            widget_key: None,
            converses: false,
        };
        match &script.schema {
            Some(schema) => thread.with_script(caller, schema, script.question, (rules, now), dice),
            None => Ok(thread),
        }
    }

    /// The thread with its creator in a run of that schema; the seat has its mode already.
    pub fn with_script(
        mut self,
        creator: &Account,
        schema: &Arc<Schema>,
        question: Option<QuestionId>,
        (rules, now): (ScriptRules, Micros),
        dice: Dice<'_>,
    ) -> Result<NewThread, FieldErrors> {
        let (roster, schemas) = (Roster::default(), HashMap::from([(schema.id, schema.clone())]));
        let around = Surroundings { roster: &roster, schemas: &schemas, seq: 0, rules, now };
        let beginning = Beginning { question, ..Beginning::default() };
        self.seat.script.schema = Some(schema.id);
        self.beginning = running::begin(self.seat.clone(), creator, schema, beginning, &around, dice)?;
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::form;
    use super::*;

    const NOW: Micros = 1_893_499_200_000_000;

    fn read(body: Value) -> Result<NewThread, Value> {
        let body = body.as_object().expect("an object").clone();
        let named = Named { bots: (1..9).map(|id| (id, id == 6)).collect(), ..Named::default() };
        let caller = Account {
            id: 1,
            email: None,
            first_name: String::new(),
            last_name: String::new(),
            role: crate::domain::Role::Member,
            avatar: None,
            language: None,
        };
        let rules = ScriptRules { escape: true, reset_on_repeat: false, remind_after: None };
        NewThread::read(&body, "chat", &caller, &named, (rules, NOW), &mut || 0.5)
            .map_err(|errors| serde_json::to_value(errors).expect("errors are JSON"))
    }

    #[test]
    fn a_bad_opening_is_refused_in_the_contracts_words() {
        let until = "2031-01-01T00:00:00Z";
        let table = [
            (json!({"title": ""}), json!({"title": [form::BLANK]})),
            (
                json!({"state": "weird", "on_finish": "explode", "frequency_unit": "years"}),
                json!({"state": ["\"weird\" is not a valid choice."], "on_finish": ["\"explode\" is not a valid choice."],
                       "frequency_unit": ["\"years\" is not a valid choice."]}),
            ),
            (
                json!({"repeat_until": "2029-01-01T00:00:00Z", "frequency_unit": "days", "frequency_value": 1}),
                json!({"repeat_until": ["REPEAT_UNTIL_MUST_BE_IN_FUTURE"]}),
            ),
            (json!({"repeat_until": until}), json!({"frequency_unit": ["REQUIRED"], "frequency_value": ["REQUIRED"]})),
            (
                json!({"repeat_until": until, "frequency_unit": "days", "frequency_value": 0}),
                json!({"frequency_value": ["FREQUENCY_VALUE_MUST_BE_POSITIVE"]}),
            ),
            (json!({"state": "scripted"}), json!({"schema": ["REQUIRED"]})),
            (json!({"notifications": null}), json!({"notifications": [form::NULL]})),
            (json!({"automated_sender": 2}), json!({"automated_sender": ["NOT_ALLOWED"]})),
            (
                json!({"automated_sender": 99}),
                json!({"automated_sender": ["Invalid pk \"99\" - object does not exist."]}),
            ),
        ];
        for (body, errors) in table {
            assert_eq!(read(body.clone()).expect_err("refused"), errors, "{body}");
        }
    }

    #[test]
    fn an_opening_gives_the_creators_seat_whatever_rights_are_asked_for() {
        let thread = read(json!({"title": "tracker", "permissions": 8191, "notifications": 7, "on_finish": "repeat",
            "automated_sender": 6, "next_restart": "2030-06-01T10:00:00+02:00", "unknown": true}))
        .expect("fine");
        assert_eq!(thread.seat.permissions, Permissions::CREATOR);
        assert_eq!(thread.seat.notifications.bits(), 7);
        assert_eq!(thread.seat.script.on_finish, OnFinish::Repeat);
        assert_eq!(thread.seat.script.automated_sender, Some(6));
        assert!(thread.seat.repetition.next.is_some());
    }
}
