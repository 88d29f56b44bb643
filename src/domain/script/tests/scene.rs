//! A seat in a script, its messages and its log, as a seat and a store would keep them: what a walk or a rollback says
//! is carried out in the order in which it is said.

use serde_json::{Map, Value};

use super::super::answer::{self, Place};
use super::super::pool::{self, Applied, Entry};
use super::super::rollback::{self, Course, Rollback, Said, Wish};
use super::super::schema::Schema;
use super::super::template::Speaker;
use super::super::walk::{Ask, Astray, Moved, Run, Stand};
use crate::domain::FieldErrors;
use crate::domain::mode::{Mode, OnFinish};

/// The member, and who sends automated messages.
pub(super) const MEMBER: i64 = 1;
pub(super) const BOT: i64 = 6;

/// Why a post was refused.
#[derive(Debug, PartialEq)]
pub(super) enum Refused {
    Invalid(FieldErrors),
    Astray(Astray),
}

#[derive(Clone)]
pub(super) struct Scene<'a> {
    pub(super) schema: &'a Schema,
    pub(super) mode: Mode,
    pub(super) on_finish: OnFinish,
    pub(super) question: Option<i64>,
    pub(super) related: Option<i64>,
    pub(super) pool: Map<String, Value>,
    pub(super) said: Vec<Said>,
    pub(super) texts: Vec<String>,
    pub(super) log: Vec<Entry>,
    /// What chance gives next.
    pub(super) chance: u64,
}

impl<'a> Scene<'a> {
    pub(super) fn start(schema: &'a Schema, mode: Mode, on_finish: OnFinish) -> Result<Self, Astray> {
        let (pool, said, texts, log) = (Map::new(), Vec::new(), Vec::new(), Vec::new());
        let mut scene =
            Self { schema, mode, on_finish, question: None, related: None, pool, said, texts, log, chance: 7 };
        let chance = &mut scene.chance;
        let moved = run(schema, mode, on_finish).start(None, &scene.pool, &mut || draw(chance))?;
        scene.carry_out(moved, None);
        Ok(scene)
    }

    /// Answers the current question.
    pub(super) fn answers(&mut self, text: &str, answers: &[i64]) -> Result<(), Refused> {
        let question = self.question.expect("a script under way");
        self.answers_to(question, text, answers)
    }

    /// Answers a question that the front end names.
    pub(super) fn answers_to(&mut self, question: i64, text: &str, answers: &[i64]) -> Result<(), Refused> {
        let question = self.schema.question(question).expect("a question of the schema");
        let errors = answer::check(question, text, answers, Place::Script);
        if !errors.is_empty() {
            return Err(Refused::Invalid(errors));
        }
        let chance = &mut self.chance;
        let run = run(self.schema, self.mode, self.on_finish);
        let moved = run.answered(question, answers, &self.pool, &mut || draw(chance)).map_err(Refused::Astray)?;
        let is_stored = question.kind != super::super::QuestionKind::Control;
        let stored = is_stored.then(|| (question.id, answer::stored(question, text, answers, true).text));
        self.carry_out(moved, stored);
        Ok(())
    }

    fn carry_out(&mut self, moved: Moved, answer: Option<(i64, String)>) {
        if let Some(ask) = moved.before {
            self.asked(ask);
        }
        if let Some((question, text)) = answer {
            let id = self.say(Some(MEMBER), "message", Some(question), None, &text);
            moved.chosen.into_iter().for_each(|applied| self.note(id, Some(applied)));
        }
        let mut last = None;
        for ask in moved.asks {
            last = Some(self.asked(ask));
        }
        self.pool = moved.pool;
        match moved.stand {
            Stand::At(question) => {
                self.question = Some(question);
                self.related = last.or(self.related);
            }
            Stand::Ended(mode) => (self.mode, self.question, self.related) = (mode, None, None),
        }
    }

    fn asked(&mut self, ask: Ask) -> i64 {
        let question = self.schema.question(ask.question).expect("a question of the schema");
        let (kind, text) = (question.show_as_type.clone(), question.text.clone());
        let id = self.say(Some(BOT), &kind, Some(ask.question), ask.predecessor, &text);
        self.note(id, ask.applied);
        id
    }

    fn note(&mut self, message: i64, applied: Option<Applied>) {
        self.log.extend(applied.map(|applied| Entry { message, applied }));
    }

    pub(super) fn say(
        &mut self,
        sender: Option<i64>,
        kind: &str,
        question: Option<i64>,
        predecessor: Option<i64>,
        text: &str,
    ) -> i64 {
        let id = i64::try_from(self.said.len()).expect("few") + 1;
        self.said.push(Said { id, sender, kind: kind.to_owned(), question, predecessor, deleted: false });
        self.texts.push(text.to_owned());
        id
    }

    pub(super) fn plan(&self, wish: Wish) -> Result<Rollback, FieldErrors> {
        let (schema, mode, related_message) = (self.schema, self.mode, self.related);
        let course =
            Course { schema, mode, member: MEMBER, automated_sender: Some(BOT), related_message, said: &self.said };
        rollback::plan(wish, &course)
    }

    pub(super) fn goes_back(&mut self, wish: Wish) -> Result<Rollback, FieldErrors> {
        let plan = self.plan(wish)?;
        if let Rollback::Back { question, related_message, delete } = &plan {
            self.said.iter_mut().filter(|said| delete.contains(&said.id)).for_each(|said| said.deleted = true);
            (self.question, self.related) = (Some(*question), *related_message);
            let deleted = delete.clone();
            let said = self.said.clone();
            pool::prune(&mut self.log, &|id| deleted.contains(&id));
            self.pool = pool::replay(&self.log, &|id| is_deleted(&said, id), &mut || 0.5);
        }
        Ok(plan)
    }

    /// The pool as the log gives it.
    pub(super) fn replayed(&self) -> Map<String, Value> {
        pool::replay(&self.log, &|id| is_deleted(&self.said, id), &mut || 0.5)
    }

    /// The `qid` of the current question.
    pub(super) fn qid(&self) -> Option<i64> {
        self.question.and_then(|id| self.schema.question(id)).map(|question| question.qid)
    }

    /// What was asked, not taken back: the `qid` and that of the predecessor.
    pub(super) fn asked_qids(&self) -> Vec<(i64, Option<i64>)> {
        let qid = |id: Option<i64>| id.and_then(|id| self.schema.question(id)).map(|question| question.qid);
        let standing = self.said.iter().filter(|said| !said.deleted && said.sender == Some(BOT));
        standing.map(|said| (qid(said.question).expect("a question"), qid(said.predecessor))).collect()
    }
}

fn run(schema: &Schema, mode: Mode, on_finish: OnFinish) -> Run<'_> {
    Run { schema, mode, on_finish, initial_question: None, speaker: Speaker::NOBODY }
}

fn is_deleted(said: &[Said], id: i64) -> bool {
    said.iter().any(|said| said.id == id && said.deleted)
}

/// A small generator, so that a scene can be played again.
fn draw(state: &mut u64) -> f64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    f64::from(u32::try_from(*state >> 33).expect("31 bits")) / f64::from(1_u32 << 31)
}
