//! A walk through a schema without anybody in it: what would be said, answer by answer, by the same rules as in a run.
//!
//! Nothing is kept between two walks: the whole of it comes with each request. Chance is drawn from a seed, so the same
//! answers give the same way.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::Account;
use super::super::form::{self, Form, TextRule};
use super::super::mode::{Mode, OnFinish};
use super::super::refusal::FieldErrors;
use super::super::view::Look;
use super::answer::{self, Place};
use super::schema::Schema;
use super::template::Speaker;
use super::walk::{Ask, Astray, Moved, Run, Stand};
use super::{AnswerId, QuestionId, language, wire};

/// The most answers of a preview.
pub const MAX_STEPS: usize = 1_000;
/// The longest answer, in characters.
const MAX_TEXT: usize = 20_000;

/// What is answered at one step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    /// The text.
    pub text: String,
    /// The chosen answers.
    pub answers: Vec<AnswerId>,
    /// The question, which only a front end in control may choose; the one at hand otherwise.
    pub question: Option<QuestionId>,
}

/// What is to be walked.
#[derive(Clone, Debug, PartialEq)]
pub struct Wish {
    /// The language of the reader.
    pub language: Option<String>,
    /// Who leads: the script or a front end.
    pub mode: Mode,
    /// The answers, in order.
    pub steps: Vec<Step>,
    /// Where chance begins.
    pub seed: u64,
}

impl Wish {
    /// Reads a body.
    pub fn read(body: &Map<String, Value>) -> Result<Self, FieldErrors> {
        let mut form = Form::new(body);
        let code = form.text("language", TextRule { max: language::MAX_CODE, blank: true }).filter(|it| !it.is_empty());
        if code.as_deref().is_some_and(|code| !language::is_code(code)) {
            form.complain("language", language::NO_CODE);
        }
        let scripted = |name: &str| Mode::parse(name).filter(|mode| mode.is_scripted());
        let mode = form.choice("mode", scripted).unwrap_or(Mode::Scripted);
        let seed = form.integer("seed").unwrap_or(1).unsigned_abs();
        let list = form.list("steps").map(Vec::as_slice).unwrap_or_default();
        if list.len() > MAX_STEPS {
            form.complain("steps", format!("Ensure this field has no more than {MAX_STEPS} elements."));
            return Err(form.errors);
        }
        let read: Vec<(Step, FieldErrors)> = list.iter().map(step).collect();
        let mut errors = form.errors;
        let (steps, complaints): (Vec<Step>, Vec<FieldErrors>) = read.into_iter().unzip();
        super::parts::set_list(&mut errors, "steps", complaints);
        if errors.is_empty() { Ok(Self { language: code, mode, steps, seed }) } else { Err(errors) }
    }
}

fn step(body: &Value) -> (Step, FieldErrors) {
    let map = match form::object(body) {
        Ok(map) => map,
        Err(errors) => return (Step::default(), errors),
    };
    let mut form = Form::new(map);
    let text = form.text("text", TextRule { max: MAX_TEXT, blank: true }).unwrap_or_default();
    let answers = form.ids("answers").unwrap_or_default();
    if answers.len() > super::bounds::MAX_ANSWERS {
        form.complain("answers", "TOO_MANY");
    }
    let question = form.id("question");
    (Step { text, answers, question }, form.errors)
}

/// A walk under way.
struct Walk<'a> {
    schema: &'a Schema,
    wish: &'a Wish,
    user: &'a Account,
    /// What was answered, by `qid`.
    given: BTreeMap<i64, String>,
    messages: Vec<Value>,
    stand: Stand,
    pool: Map<String, Value>,
    dice: Chance,
}

fn run<'a>(schema: &'a Schema, wish: &'a Wish, user: &'a Account, given: &'a BTreeMap<i64, String>) -> Run<'a> {
    let language = wish.language.as_deref();
    let speaker = Speaker { user: Some(user), answers: given, language, escape: false };
    Run { schema, mode: wish.mode, on_finish: OnFinish::Open, initial_question: None, speaker }
}

/// Walks, and says what would have been said to `user`.
pub fn preview(schema: &Schema, wish: &Wish, user: &Account, look: &Look) -> Value {
    let nothing = BTreeMap::new();
    let run = run(schema, wish, user, &nothing);
    let mut dice = Chance(wish.seed);
    let mut walk = Walk {
        schema,
        wish,
        user,
        given: BTreeMap::new(),
        messages: Vec::new(),
        stand: Stand::Ended(Mode::Open),
        pool: Map::new(),
        dice: Chance(wish.seed),
    };
    let begun = run.start(None, &Map::new(), &mut || dice.draw());
    walk.dice = dice;
    let errors = match begun {
        Ok(moved) => {
            walk.takes(moved);
            wish.steps.iter().find_map(|step| walk.answers(step).err())
        }
        Err(astray) => Some(astray.into()),
    };
    walk.told(errors, look)
}

impl Walk<'_> {
    fn answers(&mut self, step: &Step) -> Result<(), FieldErrors> {
        let Stand::At(at) = self.stand else { return Err(FieldErrors::one("non_field_errors", "ENDED")) };
        let named = step.question.filter(|_| self.wish.mode == Mode::FeControlled).unwrap_or(at);
        let question =
            self.schema.question(named).ok_or_else(|| FieldErrors::one("question", "QUESTION_FROM_WRONG_SCHEMA"))?;
        let errors = answer::check(question, &step.text, &step.answers, Place::Script);
        if !errors.is_empty() {
            return Err(errors);
        }
        let spoken = question.in_language(self.wish.language.as_deref());
        let said = answer::stored(&spoken, &step.text, &step.answers, false).text;
        let mut given = self.given.clone();
        given.insert(question.qid, said.clone());
        let pool = std::mem::take(&mut self.pool);
        let dice = &mut self.dice;
        let run = run(self.schema, self.wish, self.user, &given);
        let moved = run.answered(question, &step.answers, &pool, &mut || dice.draw());
        let moved = moved.map_err(|astray: Astray| {
            self.pool = pool;
            FieldErrors::from(astray)
        })?;
        if let Some(ask) = &moved.before {
            self.asks(ask);
        }
        if question.kind != super::QuestionKind::Control {
            self.messages.push(json!({"sender": "you", "text": said, "question": question.id}));
        }
        self.given = given;
        self.takes(moved);
        Ok(())
    }

    fn takes(&mut self, moved: Moved) {
        moved.asks.iter().for_each(|ask| self.asks(ask));
        self.stand = moved.stand;
        self.pool = moved.pool;
    }

    fn asks(&mut self, ask: &Ask) {
        self.messages.push(json!({"sender": "script", "text": ask.text, "question": ask.question}));
    }

    fn told(self, errors: Option<FieldErrors>, look: &Look) -> Value {
        let next = match self.stand {
            Stand::At(id) => self.schema.question(id),
            Stand::Ended(_) => None,
        };
        let next = next.map(|question| {
            let spoken = question.in_language(self.wish.language.as_deref());
            wire::question(self.schema.id, &spoken, look)
        });
        let mut told = json!({
            "messages": self.messages,
            "question_data": next,
            "variables_pool": self.pool,
            "ended": matches!(self.stand, Stand::Ended(_)) && errors.is_none(),
        });
        if let (Some(errors), Value::Object(fields)) = (errors, &mut told) {
            fields.insert("errors".to_owned(), json!(errors));
        }
        told
    }
}

/// Draws `0 <= r < 1` from a seed (splitmix64); good enough to look at, and the same every time.
struct Chance(u64);

impl Chance {
    fn draw(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        f64::from(u32::try_from(mixed >> 32).unwrap_or_default()) / (f64::from(u32::MAX) + 1.0)
    }
}
