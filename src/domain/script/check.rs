//! The checker (contract, 13.6): walks all ways of a schema and says what is wrong with it, in the contract's words, and
//! on which way it came there.
//!
//! Two texts are Tertulia's own, where the original crashed: about an empty schema and about a missing `next_qid`. A
//! schema with more ways than [`MAX_VISITS`] is walked a second time without entering what was seen before; when even
//! that is too much, the report says so.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde::Serialize;
use serde_json::{Map, Value};

use super::super::expression::{self, Expression};
use super::Dice;
use super::schema::{Answer, Question, QuestionKind, Schema};

/// The most questions that one walk of the checker enters.
pub const MAX_VISITS: usize = 20_000;
/// How often a way may pass one question.
pub const MAX_PASSES: usize = 10;

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What, in the contract's words.
    pub text: String,
    /// The `qid`s of the questions on the way that leads there, from the first one; empty where no way does.
    pub path: Vec<i64>,
}

/// What the checker found, and how far it went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// All that is wrong, sorted by text; nothing is fine.
    pub findings: Vec<Finding>,
    /// How many questions were entered, each as often as it was.
    pub visits: usize,
}

/// All that is wrong, sorted; nothing is fine.
pub fn check(schema: &Schema, dice: Dice<'_>) -> Vec<String> {
    explore(schema, dice).findings.into_iter().map(|finding| finding.text).collect()
}

/// Walks all ways, with an account of the walk.
pub fn explore(schema: &Schema, dice: Dice<'_>) -> Report {
    let Some(first) = schema.first() else {
        let finding = Finding { text: "The schema has no questions.".to_owned(), path: Vec::new() };
        return Report { findings: vec![finding], visits: 0 };
    };
    let mut checker = Checker::new(schema, false);
    let mut visits = 0;
    if !checker.walk(first, dice) {
        visits = checker.visits;
        checker = Checker::new(schema, true);
        if !checker.walk(first, dice) {
            checker.found(format!("Too many ways to check. Stopped after {MAX_VISITS} questions."), None);
        }
    }
    visits += checker.visits;
    Report { findings: checker.report(), visits }
}

/// A question with the variables after its own modifications.
type State = (i64, String);

struct Step {
    state: State,
    /// Where it may go on, the last one first.
    ways: Vec<(i64, Map<String, Value>)>,
}

struct Checker<'a> {
    schema: &'a Schema,
    questions: HashMap<i64, &'a Question>,
    /// Where on the way each question was passed.
    passed: HashMap<i64, Vec<usize>>,
    /// Whether a state is entered only once.
    once: bool,
    entered: HashSet<State>,
    visits: usize,
    path: Vec<Step>,
    reached: BTreeSet<i64>,
    /// Rules of forks that were chosen, by `qid` and place.
    chosen: BTreeSet<(i64, usize)>,
    /// How each fork was reached first.
    forks: HashMap<i64, Vec<i64>>,
    /// What is wrong, and the first way that leads there.
    found: BTreeMap<String, Vec<i64>>,
}

impl<'a> Checker<'a> {
    fn new(schema: &'a Schema, once: bool) -> Self {
        Self {
            schema,
            questions: schema.questions.iter().map(|question| (question.qid, question)).collect(),
            passed: HashMap::new(),
            once,
            entered: HashSet::new(),
            visits: 0,
            path: Vec::new(),
            reached: BTreeSet::new(),
            chosen: BTreeSet::new(),
            forks: HashMap::new(),
            found: BTreeMap::new(),
        }
    }

    /// Notes what is wrong at the end of the way that was walked, or of that way with one more question.
    fn found(&mut self, text: String, at: Option<i64>) {
        let path = self.path.iter().map(|step| step.state.0).chain(at);
        self.found.entry(text).or_insert_with(|| path.collect());
    }

    /// Walks depth first; false if there were too many ways.
    fn walk(&mut self, first: &Question, dice: Dice<'_>) -> bool {
        self.enter(first.qid, Map::new(), dice);
        while let Some(step) = self.path.last_mut() {
            match step.ways.pop() {
                Some((next, pool)) => self.enter(next, pool, dice),
                None => self.back(),
            }
            if self.visits > MAX_VISITS {
                return false;
            }
        }
        true
    }

    fn back(&mut self) {
        let left = self.path.pop();
        if let Some(places) = left.and_then(|step| self.passed.get_mut(&step.state.0)) {
            places.pop();
        }
    }

    fn enter(&mut self, next: i64, mut pool: Map<String, Value>, dice: Dice<'_>) {
        if next < 0 {
            return;
        }
        let Some(question) = self.questions.get(&next).copied() else {
            return self.found(format!("Question with QID {next} does not exists."), None);
        };
        self.visits += 1;
        self.reached.insert(question.qid);
        if question.kind != QuestionKind::Fork {
            // what fails changes nothing, as in a run
            let _ = expression::apply(&question.variable_modifications, &mut pool, dice);
        }
        let state = (question.qid, Value::Object(pool.clone()).to_string());
        if self.is_loop(&state) || (self.once && !self.entered.insert(state.clone())) {
            return;
        }
        let mut ways = self.ways(question, pool, dice);
        ways.reverse();
        self.passed.entry(question.qid).or_default().push(self.path.len());
        self.path.push(Step { state, ways });
    }

    /// Whether the way comes back to where it was; then it is reported, cut to the loop.
    fn is_loop(&mut self, state: &State) -> bool {
        let places = self.passed.get(&state.0).map(Vec::as_slice).unwrap_or_default();
        let same = places.iter().find(|place| self.path.get(**place).is_some_and(|step| step.state == *state));
        let last = places.last().filter(|_| places.len() >= MAX_PASSES);
        let Some(begin) = same.or(last).copied() else { return false };
        let around = self.path.iter().skip(begin).map(|step| step.state.0).chain([state.0]);
        let around: Vec<String> = around.map(|qid| qid.to_string()).collect();
        self.found(format!("Infinite loop detected. Path: {}", around.join(", ")), Some(state.0));
        true
    }

    fn ways(
        &mut self,
        question: &Question,
        pool: Map<String, Value>,
        dice: Dice<'_>,
    ) -> Vec<(i64, Map<String, Value>)> {
        match question.kind {
            QuestionKind::Fork => vec![(self.fork(question, &pool, dice), pool)],
            QuestionKind::Choice | QuestionKind::Multichoice => {
                let picks = picks(question);
                picks.into_iter().filter_map(|pick| self.pick(question, &pick, pool.clone(), dice)).collect()
            }
            _ => self.named(question, question.next_qid).map(|next| (next, pool)).into_iter().collect(),
        }
    }

    fn named(&mut self, question: &Question, next: Option<i64>) -> Option<i64> {
        if next.is_none() {
            let text = format!("Question with QID {} has no next question.", question.qid);
            self.found(text, Some(question.qid));
        }
        next
    }

    fn pick(
        &mut self,
        question: &Question,
        pick: &[&Answer],
        mut pool: Map<String, Value>,
        dice: Dice<'_>,
    ) -> Option<(i64, Map<String, Value>)> {
        let next = self.named(question, pick.first()?.next_qid)?;
        let mut ordered = pick.to_vec();
        ordered.sort_by_key(|answer| answer.id);
        for answer in ordered {
            let _ = expression::apply(&answer.variable_modifications, &mut pool, dice);
        }
        Some((next, pool))
    }

    /// The first rule that holds, noted; a condition that fails does not hold.
    fn fork(&mut self, question: &Question, pool: &Map<String, Value>, dice: Dice<'_>) -> i64 {
        let way = || self.path.iter().map(|step| step.state.0).chain([question.qid]).collect();
        self.forks.entry(question.qid).or_insert_with(way);
        for (place, (target, condition)) in question.forking_rules.iter().enumerate() {
            let holds = Expression::parse(condition).and_then(|condition| condition.evaluate(pool, dice));
            if holds.is_ok_and(|value| value.truthy()) {
                self.chosen.insert((question.qid, place));
                let always = [(target.clone(), "True".to_owned())];
                return expression::choose_fork(&always, pool, dice).0;
            }
        }
        expression::NO_TARGET
    }

    fn report(mut self) -> Vec<Finding> {
        for question in &self.schema.questions {
            if !self.reached.contains(&question.qid) {
                self.found.insert(format!("No path to question with QID {}.", question.qid), Vec::new());
            }
            for (place, (_, condition)) in question.forking_rules.iter().enumerate() {
                if question.kind == QuestionKind::Fork && !self.chosen.contains(&(question.qid, place)) {
                    let qid = question.qid;
                    let way = self.forks.get(&qid).cloned().unwrap_or_default();
                    self.found.insert(format!("Unreachable condition \"{condition}\" in fork with QID {qid}"), way);
                }
            }
        }
        self.found.into_iter().map(|(text, path)| Finding { text, path }).collect()
    }
}

/// What is picked at a choice: each answer, and for several choices all that modify and are not exclusive together.
fn picks(question: &Question) -> Vec<Vec<&Answer>> {
    let mut picks: Vec<Vec<&Answer>> = question.answers.iter().map(|answer| vec![answer]).collect();
    let modifies = |answer: &&Answer| !answer.exclusive && !answer.variable_modifications.is_empty();
    let together: Vec<&Answer> = question.answers.iter().filter(modifies).collect();
    if question.kind == QuestionKind::Multichoice && together.len() >= 2 {
        picks.push(together);
    }
    picks
}
