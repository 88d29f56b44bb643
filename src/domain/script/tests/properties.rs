//! What holds of every schema and every walk: no panic, an end, no stop at a fork, and logs that give the pool.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::super::check::check;
use super::super::moments::is_moment;
use super::super::record::{dump, load};
use super::super::rollback::{Rollback, Wish};
use super::super::schema::{Answer, Group, Question, QuestionKind, Schema};
use super::super::survey::{Items, state};
use super::super::walk::{Astray, MAX_STEPS};
use super::super::{Pairs, wire};
use super::scene::{Refused, Scene};
use crate::domain::mode::{Mode, OnFinish};

const SOURCES: [&str; 8] = ["x + 1", "y * 2", "0", "x / y", "1 / 0", "rand()", "randint(5)", "oops ("];
const CONDITIONS: [&str; 7] = ["x > 1", "y == 0", "rand() < 0.5", "1 / 0", "x < y", "1 == 1", "not x"];

fn modifications() -> impl Strategy<Value = Pairs> {
    let pair = (prop::sample::select(vec!["x", "y", "z"]), prop::sample::select(SOURCES.to_vec()));
    let owned = |(name, source): (&str, &str)| (name.to_owned(), source.to_owned());
    prop::collection::vec(pair.prop_map(owned), 0..3)
}

fn target() -> impl Strategy<Value = Option<i64>> {
    prop_oneof![8 => (0_i64..8).prop_map(Some), 2 => Just(Some(-1)), 1 => Just(None), 1 => Just(Some(99))]
}

fn rules() -> impl Strategy<Value = Pairs> {
    let pair = (target(), prop::sample::select(CONDITIONS.to_vec()));
    let owned = |(target, condition): (Option<i64>, &str)| (target.unwrap_or(-1).to_string(), condition.to_owned());
    prop::collection::vec(pair.prop_map(owned), 0..4)
}

fn answer() -> impl Strategy<Value = Answer> {
    (target(), modifications(), any::<bool>(), "[a-z<]{1,4}").prop_map(
        |(next_qid, variable_modifications, exclusive, text)| Answer {
            next_qid,
            variable_modifications,
            exclusive,
            text,
            ..Answer::default()
        },
    )
}

fn question() -> impl Strategy<Value = Question> {
    let kind = prop::sample::select(QuestionKind::ALL.to_vec());
    let answers = prop::collection::vec(answer(), 1..4);
    (kind, target(), modifications(), rules(), answers, any::<(bool, bool, bool)>()).prop_map(
        |((kind, _), next_qid, variable_modifications, forking_rules, answers, (choice_open, required, grouped))| {
            Question {
                next_qid,
                variable_modifications,
                forking_rules,
                answers: if kind.is_choice() { answers } else { Vec::new() },
                choice_open,
                required,
                group: grouped.then_some(500),
                ..Question::new(0, 0, kind)
            }
        },
    )
}

pub(in crate::domain) fn schema() -> impl Strategy<Value = Schema> {
    prop::collection::vec(question(), 1..8).prop_map(|mut questions| {
        for (qid, question) in (0..).zip(&mut questions) {
            (question.id, question.qid, question.position) = (qid + 10, qid, qid + 1);
            for (at, answer) in (1..).zip(&mut question.answers) {
                (answer.id, answer.position) = ((qid + 1) * 100 - at, at);
            }
        }
        let groups = vec![Group { id: 500, name: "g".into(), position: 1 }];
        Schema { id: 1, name: "any".into(), kind: "survey".into(), version: 1, groups, questions, ..Schema::default() }
    })
}

fn on_finish() -> impl Strategy<Value = OnFinish> {
    prop::sample::select(OnFinish::ALL.to_vec())
}

fn scripted() -> impl Strategy<Value = Mode> {
    prop::sample::select(vec![Mode::Scripted, Mode::FeControlled])
}

/// An answer that the question takes: some of its answers, or a text that is a number and a moment by turns.
pub(in crate::domain) fn fitting(question: &Question, dice: usize) -> (String, Vec<i64>) {
    let text = match question.kind {
        QuestionKind::Date | QuestionKind::Time | QuestionKind::Datetime => "7:30",
        kind if kind.is_choice() => "",
        _ => "7",
    };
    let answers: Vec<i64> = question.answers.iter().map(|answer| answer.id).collect();
    let multi =
        question.kind == QuestionKind::Multichoice && dice % 2 == 1 && !question.answers.iter().any(|a| a.exclusive);
    let chosen = if multi { answers } else { answers.get(dice % answers.len().max(1)).copied().into_iter().collect() };
    (text.to_owned(), chosen)
}

/// Answers on; false when the script is over or leads astray.
fn goes_on(scene: &mut Scene<'_>, dice: usize) -> bool {
    if !scene.mode.is_scripted() {
        return false;
    }
    let Some(question) = scene.question.and_then(|id| scene.schema.question(id)) else { return false };
    let (text, answers) = fitting(question, dice);
    match scene.answers(&text, &answers) {
        Ok(()) => true,
        Err(Refused::Astray(_)) => false,
        Err(Refused::Invalid(errors)) => panic!("a fitting answer was refused: {errors:?}"),
    }
}

/// What must be true of a scene at every moment.
fn holds(scene: &Scene<'_>) {
    assert_eq!(scene.replayed(), scene.pool, "the log gives the pool");
    if scene.mode.is_scripted() {
        let question = scene.question.and_then(|id| scene.schema.question(id)).expect("a script has a question");
        assert!(!matches!(question.kind, QuestionKind::Fork | QuestionKind::Message), "{:?}", question.kind);
    } else {
        assert_eq!((scene.question, scene.related), (None, None));
    }
    if scene.mode == Mode::Scripted {
        let related = scene.said.iter().find(|said| Some(said.id) == scene.related).expect("a related message");
        assert_eq!((related.question, related.deleted), (scene.question, false));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn a_walk_ends_and_never_stops_where_nothing_is_asked(
        schema in schema(), mode in scripted(), on_finish in on_finish(),
        dice in prop::collection::vec(0_usize..12, 1..30),
    ) {
        let mut scene = match Scene::start(&schema, mode, on_finish) {
            Ok(scene) => scene,
            Err(astray) => {
                prop_assert!(matches!(astray, Astray::NoSuchQuestion | Astray::Endless));
                return Ok(());
            }
        };
        holds(&scene);
        for dice in dice {
            let before = scene.said.len();
            if !goes_on(&mut scene, dice) {
                break;
            }
            prop_assert!(scene.said.len() - before <= MAX_STEPS + 2);
            holds(&scene);
        }
    }

    #[test]
    fn back_and_forth_again_is_where_it_was(
        schema in schema(), on_finish in on_finish(), dice in prop::collection::vec(0_usize..12, 1..12),
    ) {
        let Ok(mut scene) = Scene::start(&schema, Mode::Scripted, on_finish) else { return Ok(()) };
        let mut before = Vec::new();
        for dice in dice {
            let earlier = scene.clone();
            if !goes_on(&mut scene, dice) || !scene.mode.is_scripted() {
                scene = earlier;
                break;
            }
            before.push((earlier, dice));
        }
        while let Some((earlier, dice)) = before.pop() {
            let later = scene.clone();
            let plan = scene.goes_back(Wish::default()).expect("a step back");
            prop_assert!(!matches!(plan, Rollback::Nothing));
            holds(&scene);
            prop_assert_eq!((scene.question, scene.related), (earlier.question, earlier.related));
            prop_assert_eq!(&scene.pool, &earlier.pool);
            let mut again = scene.clone();
            again.chance = earlier.chance;
            prop_assert!(goes_on(&mut again, dice));
            prop_assert_eq!((again.question, again.asked_qids()), (later.question, later.asked_qids()));
            prop_assert_eq!(&again.pool, &later.pool);
        }
    }

    #[test]
    fn what_is_visible_is_what_a_naive_search_finds(
        mut schema in schema(), turn in 0_i64..8, picks in prop::collection::vec((0_i64..8, prop::collection::vec(90_i64..800, 0..4)), 0..8),
    ) {
        // any question may be the first one
        let length = i64::try_from(schema.questions.len()).expect("a few");
        for question in &mut schema.questions {
            question.position = (question.position + turn) % length;
        }
        let first = schema.questions.iter().find(|question| question.position == 0).expect("a first one").qid;
        schema.sort();
        let mut items: Items = picks.into_iter().map(|(qid, answers)| (qid + 10, answers)).collect();
        for (id, answers) in &mut items {
            let known = schema.question(*id).map(|question| question.answers.iter().map(|answer| answer.id));
            answers.extend(known.into_iter().flatten().take(answers.len()));
        }
        let found = state(&schema, &items);
        let mut naive = BTreeSet::from([first]);
        for _ in 0..=schema.questions.len() {
            let seen = naive.clone();
            for question in schema.questions.iter().filter(|question| seen.contains(&question.qid)) {
                let ids = items.get(&question.id).cloned().unwrap_or_default();
                let chosen = question.answers.iter().filter(|answer| ids.contains(&answer.id));
                let next = chosen.map(|answer| answer.next_qid).chain([question.next_qid]).flatten();
                naive.extend(next.filter(|qid| schema.by_qid(*qid).is_some()));
            }
        }
        prop_assert_eq!(&found.visibility, &naive.iter().copied().collect::<Vec<_>>());
        let open = schema.questions.iter().any(|q| q.required && naive.contains(&q.qid) && !items.contains_key(&q.id));
        prop_assert_eq!(found.completed, !open);
    }

    #[test]
    fn any_schema_can_be_checked_shown_dumped_and_loaded(schema in schema()) {
        let findings = check(&schema, &mut || 0.25);
        prop_assert!(findings.is_sorted());
        let file = dump(&schema, 2).expect("a file");
        prop_assert_eq!(load(&file, false), Ok(schema.clone()));
        prop_assert_eq!(wire::summary(&schema)["version"].as_i64(), Some(1));
    }

    #[test]
    fn any_text_is_a_moment_or_none(text in "[0-9a-zA-Z:./, +TZä-]{0,24}") {
        let _ = is_moment(&text);
    }

    #[test]
    fn any_file_is_loaded_or_explained(text in r#"[\[\]{}"a-z:,0-9]{0,40}"#) {
        prop_assert!(load(&text, true).is_err());
    }
}
