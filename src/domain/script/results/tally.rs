//! Counting responses one by one.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use super::super::super::time;
use super::super::moments::{Month, month_of};
use super::super::schema::{Question, QuestionKind, Schema};
use super::super::{AnswerId, QuestionId};
use super::numbers::{Numbers, median};
use super::{
    Asked, Chosen, Completion, Given, InMonth, Micros, Origin, Response, Responses, Results, Stands, Texts, Written,
    share,
};

/// Which of the newest texts are wanted, of each question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// How many to leave out.
    pub offset: usize,
    /// How many at most.
    pub limit: usize,
}

/// Responses counted so far.
pub struct Tally<'a> {
    schema: &'a Schema,
    window: Window,
    responses: Responses,
    completed: u64,
    seconds: Vec<f64>,
    stands: BTreeMap<Option<(i64, QuestionId)>, u64>,
    counts: HashMap<QuestionId, Counts>,
}

#[derive(Default)]
struct Counts {
    seen: u64,
    answered: u64,
    skipped: u64,
    hidden: u64,
    chosen: HashMap<AnswerId, u64>,
    numbers: Vec<f64>,
    months: BTreeMap<Month, u64>,
    texts: u64,
    newest: Vec<(Reverse<Micros>, Origin, i64, String)>,
}

/// Whether something may be written that is neither a number nor a date.
fn takes_text(question: &Question) -> bool {
    match question.kind {
        QuestionKind::Choice | QuestionKind::Multichoice => question.choice_open,
        kind => !is_number(kind) && !is_date(kind),
    }
}

/// Whether numbers are asked for.
pub(super) fn is_number(kind: QuestionKind) -> bool {
    matches!(kind, QuestionKind::Int | QuestionKind::Float | QuestionKind::Range)
}

fn is_date(kind: QuestionKind) -> bool {
    matches!(kind, QuestionKind::Date | QuestionKind::Datetime)
}

/// Whether an answer is expected: messages are only said, and forks not even that.
fn is_asked(kind: QuestionKind) -> bool {
    !matches!(kind, QuestionKind::Message | QuestionKind::Fork)
}

impl Counts {
    fn note(&mut self, question: &Question, response: &Response, given: &Given, window: Window) {
        self.answered += 1;
        for answer in question.chosen(&given.answers) {
            *self.chosen.entry(answer.id).or_default() += 1;
        }
        if is_number(question.kind) {
            self.numbers.extend(given.text.trim().parse::<f64>().ok().filter(|number| number.is_finite()));
        } else if is_date(question.kind) {
            if let Some(month) = month_of(&given.text) {
                *self.months.entry(month).or_default() += 1;
            }
        } else if takes_text(question) && !given.text.is_empty() {
            self.texts += 1;
            self.newest.push((Reverse(given.at), response.origin, response.id, given.text.clone()));
            let kept = window.offset + window.limit;
            if self.newest.len() > kept * 2 + 16 {
                self.forget_old(kept);
            }
        }
    }

    fn forget_old(&mut self, kept: usize) {
        self.newest.sort_unstable();
        self.newest.truncate(kept);
    }

    fn written(mut self, window: Window) -> Texts {
        self.forget_old(window.offset + window.limit);
        let results = self.newest.into_iter().skip(window.offset).map(|(Reverse(at), origin, id, text)| Written {
            text,
            created: time::format(at),
            origin,
            id,
        });
        Texts { total: self.texts, offset: window.offset, results: results.collect() }
    }
}

impl<'a> Tally<'a> {
    /// Nothing counted yet.
    pub fn new(schema: &'a Schema, window: Window) -> Self {
        let (responses, seconds, stands, counts) = (Responses::default(), Vec::new(), BTreeMap::new(), HashMap::new());
        Self { schema, window, responses, completed: 0, seconds, stands, counts }
    }

    /// How many were counted.
    pub fn count(&self) -> u64 {
        self.responses.total
    }

    /// Counts a response.
    pub fn add(&mut self, response: &Response) {
        self.responses.total += 1;
        match response.origin {
            Origin::Survey => self.responses.surveys += 1,
            Origin::Run => self.responses.runs += 1,
        }
        let complete = response.is_complete();
        let reached = self.reached(response);
        let mut stands = None;
        for question in &self.schema.questions {
            let given = response.given.get(&question.id);
            if !response.seen.contains(&question.id) {
                if given.is_some() {
                    self.counts.entry(question.id).or_default().hidden += 1;
                }
                continue;
            }
            let counts = self.counts.entry(question.id).or_default();
            counts.seen += 1;
            match given {
                Some(given) => counts.note(question, response, given, self.window),
                None if complete || reached.is_some_and(|reached| question.position < reached) => counts.skipped += 1,
                None => {}
            }
            if given.is_none() && stands.is_none() && is_asked(question.kind) {
                stands = Some((question.position, question.id));
            }
        }
        if complete {
            self.completed += 1;
            self.seconds.extend(duration(response));
        } else {
            *self.stands.entry(stands).or_default() += 1;
        }
    }

    /// The position of the last question that was answered.
    fn reached(&self, response: &Response) -> Option<i64> {
        let answered = |question: &&Question| response.counted().any(|(id, _)| id == question.id);
        // questions are in the order of their positions
        let given = !response.given.is_empty();
        self.schema.questions.iter().rev().filter(|_| given).find(answered).map(|question| question.position)
    }

    /// What all of them add up to.
    pub fn results(mut self) -> Results {
        self.seconds.sort_by(f64::total_cmp);
        let completion = Completion {
            started: self.responses.total,
            completed: self.completed,
            rate: share(self.completed, self.responses.total),
            median_seconds: median(&self.seconds),
        };
        // "nowhere" sorts first and stands last
        let nowhere = self.stands.remove(&None);
        let somewhere = self.stands.into_iter().map(|(at, count)| (at.map(|(_, id)| id), count));
        let drop_off = somewhere.chain(nowhere.map(|count| (None, count))).map(|(question, count)| {
            let qid = question.and_then(|id| self.schema.question(id)).map(|question| question.qid);
            Stands { question, qid, count }
        });
        let drop_off = drop_off.collect();
        let questions = self.schema.questions.iter().map(|question| {
            let counts = self.counts.remove(&question.id).unwrap_or_default();
            asked(question, counts, self.window)
        });
        Results { responses: self.responses, completion, drop_off, questions: questions.collect() }
    }
}

/// From the first to the last answer, in seconds.
fn duration(response: &Response) -> Option<f64> {
    let times = || response.counted().map(|(_, given)| given.at);
    let micros = times().max()?.saturating_sub(times().min()?);
    // a float holds the microseconds of centuries
    Some(micros as f64 / 1e6)
}

fn asked(question: &Question, counts: Counts, window: Window) -> Asked {
    let Counts { seen, answered, skipped, hidden, .. } = counts;
    let chosen = |id: AnswerId| counts.chosen.get(&id).copied().unwrap_or_default();
    let answers = question.kind.is_choice().then(|| {
        let labels = question.answers.iter().map(|answer| {
            let count = chosen(answer.id);
            Chosen { answer: answer.id, text: answer.text.clone(), count, share: share(count, answered) }
        });
        labels.collect()
    });
    let months = is_date(question.kind).then(|| {
        let named = counts.months.iter().map(|((year, month), count)| {
            let month = format!("{year:04}-{month:02}");
            InMonth { month, count: *count }
        });
        named.collect()
    });
    Asked {
        question: question.id,
        qid: question.qid,
        position: question.position,
        r#type: question.kind.as_str(),
        text: question.text.clone(),
        required: question.required,
        seen,
        answered,
        skipped,
        waiting: seen - answered - skipped,
        hidden,
        answers,
        numbers: is_number(question.kind).then(|| Numbers::of(counts.numbers.clone())),
        months,
        texts: takes_text(question).then(|| counts.written(window)),
    }
}
