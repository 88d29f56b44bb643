//! How far a member has come: what is behind them of the longest way through the schema.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use serde_json::Map;

use super::super::expression::{self, Expression};
use super::QuestionId;
use super::schema::{Question, QuestionKind, Schema};

/// How far each question is, worked out when first asked for. It says nothing that the schema does not say: copies begin
/// without it, and it makes no difference between two schemas.
#[derive(Debug, Default)]
pub struct HowFar(OnceLock<HashMap<QuestionId, f64>>);

impl Clone for HowFar {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for HowFar {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Schema {
    /// From 0 (at the first question) towards 1 (the end): one less the longest way still ahead, as a part of the longest way
    /// there is. Loops are not counted. `None` for a question that is not in the schema.
    pub fn progress(&self, at: QuestionId) -> Option<f64> {
        self.how_far.0.get_or_init(|| self.distances()).get(&at).copied()
    }

    fn distances(&self) -> HashMap<QuestionId, f64> {
        let by_qid: HashMap<i64, &Question> = self.questions.iter().map(|question| (question.qid, question)).collect();
        let mut ahead = HashMap::new();
        let whole = self.first().map_or(0, |first| longest(first, &by_qid, &mut ahead));
        let far = |question: &Question| {
            let here = longest(question, &by_qid, &mut ahead);
            (question.id, 1.0 - f64::from(here) / f64::from(whole.max(here).max(1)))
        };
        self.questions.iter().map(far).collect()
    }
}

/// Questions still to be answered on the longest way from here, this one included. Depth first with a stack of its own: a
/// schema may be deeper than a thread's stack.
fn longest<'a>(from: &'a Question, by_qid: &HashMap<i64, &'a Question>, ahead: &mut HashMap<i64, u32>) -> u32 {
    if let Some(known) = ahead.get(&from.qid) {
        return *known;
    }
    let mut open: Vec<(&Question, Vec<&Question>)> = vec![(from, ways(from, by_qid))];
    let mut on_the_way = HashSet::from([from.qid]);
    while let Some((question, left)) = open.last_mut() {
        match left.pop() {
            // what is on the way already is a loop
            Some(next) if ahead.contains_key(&next.qid) || on_the_way.contains(&next.qid) => {}
            Some(next) => {
                on_the_way.insert(next.qid);
                open.push((next, ways(next, by_qid)));
            }
            None => {
                let next = ways(question, by_qid).into_iter().filter_map(|next| ahead.get(&next.qid)).max();
                ahead.insert(question.qid, next.copied().unwrap_or(0) + u32::from(takes_an_answer(question)));
                on_the_way.remove(&question.qid);
                open.pop();
            }
        }
    }
    ahead.get(&from.qid).copied().unwrap_or(0)
}

fn takes_an_answer(question: &Question) -> bool {
    !matches!(question.kind, QuestionKind::Fork | QuestionKind::Message)
}

/// Where a question may lead. The targets of a fork count as far as they are plain numbers.
fn ways<'a>(question: &Question, by_qid: &HashMap<i64, &'a Question>) -> Vec<&'a Question> {
    let numbers: Vec<i64> = match question.kind {
        QuestionKind::Fork => question.forking_rules.iter().filter_map(|(target, _)| constant(target)).collect(),
        QuestionKind::Choice | QuestionKind::Multichoice => {
            question.answers.iter().filter_map(|answer| answer.next_qid).collect()
        }
        _ => question.next_qid.into_iter().collect(),
    };
    numbers.into_iter().filter_map(|qid| by_qid.get(&qid).copied()).collect()
}

/// A target that names no variable.
fn constant(target: &str) -> Option<i64> {
    let parsed = Expression::parse(target).ok()?;
    let always = [(target.to_owned(), "True".to_owned())];
    let (number, faults) = expression::choose_fork(&always, &Map::new(), &mut || 0.0);
    (parsed.names().is_empty() && faults.is_empty()).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_counts_what_is_ahead_on_the_longest_way() {
        let question = |id, kind, next| Question { next_qid: Some(next), ..Question::new(id, id, kind) };
        let mut fork = question(3, QuestionKind::Fork, -1);
        fork.forking_rules = vec![("2 + 2".into(), "x > 1".into()), ("5".into(), "True and True".into())];
        let questions = vec![
            question(1, QuestionKind::Text, 2),
            question(2, QuestionKind::Message, 3),
            fork,
            question(4, QuestionKind::Text, 5),
            question(5, QuestionKind::Text, -1),
        ];
        let schema = Schema { questions, ..Schema::default() };
        let far = |id| schema.progress(id).map(|far| (far * 100.0).round());
        assert_eq!([far(1), far(3), far(4), far(5)], [Some(0.0), Some(33.0), Some(33.0), Some(67.0)]);
        assert_eq!(far(9), None);
        let mut around = schema.clone();
        around.questions.iter_mut().filter(|question| question.id == 5).for_each(|last| last.next_qid = Some(1));
        assert!(around.progress(5).is_some_and(|far| (0.0..=1.0).contains(&far)), "a loop ends");
    }

    #[test]
    fn a_long_schema_needs_no_deep_stack() {
        let questions =
            (1..=20_000).map(|id| Question { next_qid: Some(id + 1), ..Question::new(id, id, QuestionKind::Text) });
        let schema = Schema { questions: questions.collect(), ..Schema::default() };
        assert_eq!(schema.progress(10_001), Some(0.5));
    }
}
