//! Opening a thread (contract, 5.3): what may be said, and the seat of whoever opens it.

use serde_json::{Map, Value};

use super::form::{Form, TextRule};
use super::mode::{FrequencyUnit, Mode, OnFinish};
use super::refusal::FieldErrors;
use super::rights::{Notifications, Permissions};
use super::seat::{Repetition, Script};
use super::{AccountId, Micros, Seat};

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
    /// The creator's own name for the request, so that a repeat makes no second thread.
    pub idempotency_key: Option<String>,
    /// The key of a widget's conversation.
    pub widget_key: Option<String>,
}

/// The script settings of a seat, as they are sent for threads and members alike.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScriptForm {
    /// The mode.
    pub state: Option<Mode>,
    /// The schema named; whether it may be used is not the form's to know.
    pub schema: Option<i64>,
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
}

impl ScriptForm {
    /// Reads the settings; `is_bot` says of an account whether it may send for others (contract, B-IMPERSONATE).
    pub fn read(form: &mut Form, caller: AccountId, is_bot: &dyn Fn(AccountId) -> Option<bool>) -> Self {
        let read = Self {
            state: form.choice("state", Mode::parse),
            schema: form.id("schema"),
            on_finish: form.choice("on_finish", OnFinish::parse),
            automated_sender: form.id("automated_sender"),
            frequency_unit: nullable(form, "frequency_unit", |form| {
                form.choice("frequency_unit", FrequencyUnit::parse)
            }),
            frequency_value: nullable(form, "frequency_value", |form| form.integer("frequency_value")),
            repeat_until: form.instant("repeat_until"),
            next_restart: form.instant("next_restart"),
        };
        if let Some(sender) = read.automated_sender {
            match is_bot(sender) {
                None => form.no_such("automated_sender", sender),
                Some(bot) if !bot && sender != caller => form.complain("automated_sender", "NOT_ALLOWED"),
                Some(_) => {}
            }
        }
        // schemas come with the scripts; until then none exists
        for field in ["schema", "question", "initial_question"] {
            if let Some(id) = form.id(field) {
                form.no_such(field, id);
            }
        }
        read
    }

    /// The checks of the whole: repetition needs its fields, scripts their schema (contract, 5.3).
    pub fn check(&self, now: Micros, errors: &mut FieldErrors) {
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
        if needs_schema && self.schema.is_none() {
            errors.add("schema", "REQUIRED");
        }
    }

    /// Writes what was sent into a seat.
    pub fn apply(&self, seat: &mut Seat) {
        if let Some(state) = self.state {
            seat.mode = state;
        }
        let Script { on_finish, automated_sender, .. } = &mut seat.script;
        *on_finish = self.on_finish.unwrap_or(*on_finish);
        *automated_sender = self.automated_sender.or(*automated_sender);
        let Repetition { unit, value, until, next } = &mut seat.repetition;
        *unit = self.frequency_unit.or(*unit);
        *value = self.frequency_value.or(*value);
        *until = self.repeat_until.or(*until);
        *next = self.next_restart.or(*next);
    }
}

/// A field that may also be null, which stands for "not set".
fn nullable<T>(form: &mut Form, field: &str, read: impl Fn(&mut Form) -> Option<T>) -> Option<T> {
    if form.raw(field).is_none_or(Value::is_null) { None } else { read(form) }
}

impl NewThread {
    /// Reads and checks the body of a thread of type `kind` that `caller` opens.
    pub fn read(
        body: &Map<String, Value>,
        kind: &str,
        caller: AccountId,
        now: Micros,
        is_bot: &dyn Fn(AccountId) -> Option<bool>,
    ) -> Result<NewThread, FieldErrors> {
        let mut form = Form::new(body);
        let title = form.text("title", TextRule { max: MAX_TITLE, blank: false }).unwrap_or_default();
        let notifications = form.bits("notifications");
        let script = ScriptForm::read(&mut form, caller, is_bot);
        let mut whole = FieldErrors::new();
        script.check(now, &mut whole);
        form.errors.merge_weaker(whole);
        if !form.errors.is_empty() {
            return Err(form.errors);
        }
        let mut seat = Seat::new(0, caller, Permissions::CREATOR, now);
        seat.notifications = notifications.map_or(Notifications::DEFAULT, Notifications::from_bits_retain);
        script.apply(&mut seat);
        Ok(NewThread { kind: kind.to_owned(), title, seat, idempotency_key: None, widget_key: None })
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
        let is_bot = |id: AccountId| if id < 9 { Some(id == 6) } else { None };
        NewThread::read(&body, "chat", 1, NOW, &is_bot)
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
