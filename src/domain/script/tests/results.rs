//! What answers add up to: tables, runs found in messages, cells of CSV, and a naive recount.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::results::runs::{Member, Said, runs};
use super::super::results::{Given, Numbers, Origin, Response, Results, Tally, Window, table};
use super::super::schema::{Question, QuestionKind, Schema};
use super::super::survey::{Items, state};
use super::properties::schema;
use super::seed;

const WINDOW: Window = Window { offset: 0, limit: 20 };

fn json_of(results: &Results) -> Value {
    serde_json::to_value(results).expect("results are JSON")
}

fn added(schema: &Schema, responses: &[Response]) -> Value {
    let mut tally = Tally::new(schema, WINDOW);
    responses.iter().for_each(|response| tally.add(response));
    json_of(&tally.results())
}

fn given(answers: &[i64], text: &str, seconds: i64) -> Given {
    Given { answers: answers.to_vec(), text: text.to_owned(), at: seconds * 1_000_000 }
}

/// A survey of the schema in which these questions, by `qid`, are answered so.
fn survey(schema: &Schema, id: i64, answers: &[(i64, Given)]) -> Response {
    let by_qid = |qid: i64| schema.by_qid(qid).expect("a question");
    let given: BTreeMap<i64, Given> = answers.iter().map(|(qid, given)| (by_qid(*qid).id, given.clone())).collect();
    let items: Items = given.iter().map(|(question, given)| (*question, given.answers.clone())).collect();
    let shown = state(schema, &items);
    let seen = shown.visibility.iter().map(|qid| by_qid(*qid).id).collect();
    Response { origin: Origin::Survey, id, account: 1, began: 0, seen, given, finished: shown.completed }
}

#[test]
fn numbers_add_up_as_by_hand() {
    let of = |numbers: &[f64]| serde_json::to_value(Numbers::of(numbers.to_vec())).expect("JSON");
    let none = json!({"count": 0, "min": null, "max": null, "mean": null, "median": null, "histogram": []});
    assert_eq!(of(&[]), none);
    let bar = |from: f64, to: f64, count: u64| json!({"from": from, "to": to, "count": count});
    let few = of(&[3.0, 1.0, 1.0, 4.0]);
    assert_eq!(
        (&few["min"], &few["max"], &few["mean"], &few["median"]),
        (&json!(1.0), &json!(4.0), &json!(2.25), &json!(2.0))
    );
    assert_eq!(few["histogram"], json!([bar(1.0, 1.0, 2), bar(2.0, 2.0, 0), bar(3.0, 3.0, 1), bar(4.0, 4.0, 1)]));
    let wide = of(&[0.0, 9.99, 10.0, 55.0, 100.0]);
    let counts: Vec<u64> =
        wide["histogram"].as_array().expect("bars").iter().map(|bar| bar["count"].as_u64().expect("a count")).collect();
    assert_eq!(counts, [2, 1, 0, 0, 0, 1, 0, 0, 0, 1]);
    assert_eq!(of(&[2.5])["histogram"], json!([bar(2.5, 2.5, 1)]));
    let huge = Numbers::of(vec![f64::MAX, f64::MAX, -f64::MAX, 1e300]);
    assert!(huge.mean.is_some_and(f64::is_finite) && huge.median.is_some_and(f64::is_finite));
    assert_eq!(huge.histogram.iter().map(|bar| bar.count).sum::<u64>(), 4);
}

#[test]
fn the_health_survey_adds_up() {
    let schema = seed::schema("health");
    let answer = |qid, at| seed::answer(&schema, qid, at);
    let responses = [
        survey(&schema, 1, &[(1, given(&[answer(1, 1)], "", 10)), (2, given(&[], "20", 20)), (4, given(&[], "3", 40))]),
        survey(&schema, 2, &[(1, given(&[answer(1, 2)], "", 0)), (4, given(&[], "5", 8)), (2, given(&[], "99", 4))]),
        survey(&schema, 3, &[(1, given(&[answer(1, 1)], "", 5))]),
        survey(&schema, 4, &[]),
    ];

    let results = added(&schema, &responses);

    assert_eq!(results["responses"], json!({"surveys": 4, "runs": 0, "total": 4}));
    assert_eq!(results["completion"], json!({"started": 4, "completed": 2, "rate": 0.5, "median_seconds": 19.0}));
    let by_qid = |qid: i64| schema.by_qid(qid).expect("there").id;
    assert_eq!(
        results["drop_off"],
        json!([
            {"question": by_qid(1), "qid": 1, "count": 1}, {"question": by_qid(2), "qid": 2, "count": 1},
        ])
    );
    let counts = |at: usize| {
        let asked = &results["questions"][at];
        ["seen", "answered", "skipped", "waiting", "hidden"].map(|name| asked[name].as_u64().expect("a count"))
    };
    assert_eq!(counts(0), [4, 3, 0, 1, 0]);
    assert_eq!(counts(1), [2, 1, 0, 1, 1], "the second is not asked any more how many");
    assert_eq!(counts(2), [2, 0, 1, 1, 0], "the first went on");
    assert_eq!(counts(3), [3, 2, 0, 1, 0]);
    assert_eq!(results["questions"][0]["answers"][0]["count"], 2);
    assert_eq!(results["questions"][0]["answers"][1]["share"], json!(1.0 / 3.0));
    assert_eq!(results["questions"][1]["numbers"]["max"], 20.0, "what is hidden does not count");
    assert_eq!(results["questions"][3]["numbers"]["mean"], 4.0);
}

#[test]
fn dates_are_counted_by_month_and_the_newest_texts_come_first() {
    let mut schema = Schema { id: 1, ..Schema::default() };
    schema.questions = vec![Question::new(1, 1, QuestionKind::Date), Question::new(2, 2, QuestionKind::Text)];
    schema.questions[0].next_qid = Some(2);
    let dates = ["3 Feb 2001", "2001-02-28T10:00:00Z", "12/31/2000", "7:30 pm"];
    let responses: Vec<Response> = (0..)
        .zip(dates)
        .map(|(id, date)| survey(&schema, id, &[(1, given(&[], date, 1)), (2, given(&[], &format!("text {id}"), id))]))
        .collect();
    let mut tally = Tally::new(&schema, Window { offset: 1, limit: 2 });
    responses.iter().for_each(|response| tally.add(response));
    let results = json_of(&tally.results());
    assert_eq!(
        results["questions"][0]["months"],
        json!([{"month": "2000-12", "count": 1}, {"month": "2001-02", "count": 2}])
    );
    let texts = &results["questions"][1]["texts"];
    let newest: Vec<&str> =
        texts["results"].as_array().expect("texts").iter().filter_map(|written| written["text"].as_str()).collect();
    assert_eq!((newest, &texts["total"]), (vec!["text 2", "text 1"], &json!(4)));
}

fn asks(question: i64, predecessor: Option<i64>) -> Said {
    Said { question, predecessor, ..Said::default() }
}

fn says(question: i64, text: &str, answers: &[i64]) -> Said {
    Said {
        question,
        is_answer: true,
        text: text.to_owned(),
        answers: answers.to_vec(),
        markup: true,
        ..Said::default()
    }
}

#[test]
fn runs_are_found_again_in_the_messages() {
    let schema = seed::schema("mini");
    let [first, second] = [1, 2].map(|qid| schema.by_qid(qid).expect("there").id);
    let (over, on) = (Member { is_through: true, repeats: false }, Member { is_through: false, repeats: false });
    let repeats = Member { is_through: false, repeats: true };
    let end = seed::answer(&schema, 2, 1);
    let once =
        vec![asks(first, None), says(first, "a", &[]), asks(second, Some(first)), says(second, "Finish", &[end])];
    let back = [once.clone(), vec![asks(first, Some(second)), says(first, "b", &[])]].concat();
    let again = [once.clone(), vec![asks(first, None)]].concat();
    let table = [
        ("over", &once, Some(over), vec![(2, true)]),
        ("on its way", &once, Some(on), vec![(2, false)]),
        ("who left had answered all", &once, None, vec![(2, true)]),
        ("a loop is one run", &back, Some(on), vec![(2, false)]),
        ("a script that repeats has many", &back, Some(repeats), vec![(2, true), (1, true)]),
        ("a restart begins another", &again, Some(on), vec![(2, true), (0, false)]),
        ("nothing", &vec![], Some(on), vec![]),
    ];
    for (name, said, member, expected) in table {
        let found: Vec<(usize, bool)> =
            runs(&schema, (1, 1), said, member).iter().map(|run| (run.given.len(), run.finished)).collect();
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn what_was_added_to_choices_is_found_behind_their_labels() {
    let schema = seed::schema("onboarding");
    let question = schema.by_qid(3).expect("colours");
    let answers = [seed::answer(&schema, 3, 1), seed::answer(&schema, 3, 2)];
    let table = [
        ("Red, Green, and &lt;blue&gt;", "and <blue>"),
        ("Green, Red, and blue", "and blue"),
        ("Red, Green", ""),
        ("Rojo, Verde, y azul", ""),
        ("", ""),
    ];
    for (text, expected) in table {
        let found = runs(&schema, (1, 1), &[asks(question.id, None), says(question.id, text, &answers)], None);
        assert_eq!(found[0].given[&question.id].text, expected, "{text}");
    }
}

#[test]
fn cells_are_quoted_and_no_text_is_a_formula() {
    let mut schema = Schema { id: 1, ..Schema::default() };
    schema.questions = vec![Question::new(1, 1, QuestionKind::Text), Question::new(2, 2, QuestionKind::Int)];
    schema.questions[0].next_qid = Some(2);
    let cases = [
        ("plain", "plain"),
        ("=1+1", "'=1+1"),
        ("+49", "'+49"),
        ("-x", "'-x"),
        ("@me", "'@me"),
        ("\tx", "'\tx"),
        ("a,b", "\"a,b\""),
        ("say \"hi\"", "\"say \"\"hi\"\"\""),
        ("two\nlines", "\"two\nlines\""),
        ("=a,b", "\"'=a,b\""),
    ];
    for (text, cell) in cases {
        let response = survey(&schema, 7, &[(1, given(&[], text, 0)), (2, given(&[], "-5", 60))]);
        let line = table::answers_line(&schema, &response, "=Ana");
        let expected = format!("survey,7,1,'=Ana,1970-01-01T00:00:00Z,1970-01-01T00:01:00Z,true,{cell},-5\r\n");
        assert_eq!(line, expected);
    }
}

/// A response in which chance saw and answered.
fn response() -> impl Strategy<Value = Response> {
    let answer = (prop::collection::vec(90_i64..800, 0..3), "[0-9a-z]{0,3}", 0_i64..100);
    let given = prop::collection::btree_map(10_i64..18, answer, 0..8);
    (given, prop::collection::btree_set(10_i64..18, 0..8), any::<(bool, bool)>()).prop_map(
        |(answers, seen, (survey, finished))| {
            let given = answers.into_iter().map(|(id, (answers, text, at))| (id, Given { answers, text, at }));
            let origin = if survey { Origin::Survey } else { Origin::Run };
            Response { origin, id: 1, account: 1, began: 0, seen, given: given.collect(), finished }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn counts_add_up_and_are_what_a_naive_recount_finds(
        schema in schema(), mut responses in prop::collection::vec(response(), 0..20),
    ) {
        let known: BTreeSet<i64> = schema.questions.iter().map(|question| question.id).collect();
        for response in &mut responses {
            response.seen.retain(|id| known.contains(id));
            for (id, given) in &mut response.given {
                let own = schema.question(*id).into_iter().flat_map(|question| &question.answers);
                given.answers.extend(own.map(|answer| answer.id).take(given.answers.len()));
            }
        }
        let mut tally = Tally::new(&schema, WINDOW);
        responses.iter().for_each(|response| tally.add(response));
        let results = tally.results();
        let mut turned = Tally::new(&schema, WINDOW);
        responses.iter().rev().for_each(|response| turned.add(response));
        prop_assert_eq!(json_of(&turned.results()), json_of(&results), "order makes no difference");

        let total = responses.len() as u64;
        prop_assert_eq!((results.responses.total, results.responses.surveys + results.responses.runs), (total, total));
        let fallen: u64 = results.drop_off.iter().map(|stands| stands.count).sum();
        prop_assert_eq!(results.completion.completed + fallen, total);
        for asked in &results.questions {
            let seen = || responses.iter().filter(|response| response.seen.contains(&asked.question));
            let answered = || seen().filter_map(|response| response.given.get(&asked.question));
            prop_assert_eq!((asked.seen, asked.answered), (seen().count() as u64, answered().count() as u64));
            prop_assert_eq!(asked.seen, asked.answered + asked.skipped + asked.waiting);
            let all = responses.iter().filter(|response| response.given.contains_key(&asked.question)).count() as u64;
            prop_assert_eq!(asked.answered + asked.hidden, all);
            for chosen in asked.answers.iter().flatten() {
                let naive = answered().filter(|given| given.answers.contains(&chosen.answer)).count() as u64;
                prop_assert_eq!(chosen.count, naive);
            }
            if let Some(numbers) = &asked.numbers {
                let naive: Vec<f64> = answered().filter_map(|given| given.text.parse().ok()).filter(|n: &f64| n.is_finite()).collect();
                prop_assert_eq!(numbers.count, naive.len() as u64);
                prop_assert_eq!(numbers.histogram.iter().map(|bar| bar.count).sum::<u64>(), numbers.count);
                prop_assert_eq!(numbers.max, naive.iter().copied().reduce(f64::max));
                if let Some(mean) = numbers.mean {
                    prop_assert!((mean - naive.iter().sum::<f64>() / naive.len() as f64).abs() < 1e-6);
                }
            }
            let texts = answered().filter(|given| !given.text.is_empty()).count() as u64;
            prop_assert!(asked.texts.as_ref().is_none_or(|written| written.total == texts && written.results.len() <= 20));
        }
    }
}
