//! Tables: what templates print, what is refused on saving, what is bounded.

use serde_json::{Value, json};

use super::{Escape, RenderError, check, env_names, render};

/// 2030-01-01 12:34:56 UTC.
const NOW: i64 = 1_893_501_296_000_000;

fn print(source: &str, context: &Value) -> Result<String, RenderError> {
    render(source, context, Escape::None, NOW)
}

#[test]
fn templates_print_what_jinja_prints() {
    let context = json!({
        "n": 3, "t": true, "none": null, "list": ["a", "b"], "name": "Ann Bee", "o": {"z": 1, "a": 2}, "page": "x\n",
    });
    let rows = [
        ("{{ t }} {{ none }} {{ missing }}|{{ missing.deeper.still }}", "True None |"),
        ("{% for x in list %}{{ loop.index }}{{ x }}{% endfor %}", "1a2b"),
        ("{% for k, v in o.items() %}{{ k }}{{ v }}{% endfor %}", "z1a2"),
        ("{{ name.split(' ')[1].upper() }} {{ o.get('z') }}", "BEE 1"),
        ("{{ list|join(', ') }} {{ name|replace('n', 'm') }} {{ '%s!'|format(n) }}", "a, b Amm Bee 3!"),
        (
            "{{ 'a b c d e f'|truncate(5, true, '…', leeway=0) }} {{ name|wordcount }} {{ '<b>x</b>'|striptags }}",
            "a b … 2 x",
        ),
        ("{% now 'UTC', '%H:%M' %} {% now 'local' %} {%- now 'Europe/Madrid', '%H' -%} .", "12:34 2030-01-0113."),
        ("{{ now('utc') }}{% raw %}{% now %}{% endraw %}", "2030-01-01{% now %}"),
        ("{{ emoji.heavy_black_heart }}{{ emoji.nothing }}", "\u{2764}"),
        ("{{ \"it's\"|q }} {{ list|tojson }}", "'it\\'s' [\"a\",\"b\"]"),
        ("one\n", "one"),
        ("one\n\n", "one\n"),
        ("{% set x = 2 %}{{ x + n }} {{ 'x' * 2 }} {{ 7 // 2 }}", "5 xx 3"),
        ("{{ 'a\\nb'|indent(2) }}", "a\n  b"),
    ];
    for (source, wanted) in rows {
        assert_eq!(print(source, &context).as_deref(), Ok(wanted), "{source}");
    }
}

#[test]
fn values_are_escaped_for_telegram_and_tags_left_out_elsewhere() {
    let context = json!({"v": "<Ann> & \"co\" it's a/b"});
    let shown = |source: &str, escape| render(source, &context, escape, NOW).expect("a text");
    assert_eq!(shown("<b>{{ v }}</b>", Escape::Html), "<b>&lt;Ann&gt; &amp; &quot;co&quot; it's a/b</b>");
    assert_eq!(shown("{{ v|safe }} {{ v|e }}", Escape::Html).matches("&lt;").count(), 1);
    assert_eq!(shown("<b>{{ v }}</b> &lt;", Escape::Plain), "<Ann> & \"co\" it's a/b <");
}

#[test]
fn unknown_names_are_refused_on_saving_even_in_branches_not_taken() {
    let bad = [
        "{{ x|nope }}",
        "{% if false %}{{ x|nope }}{% endif %}",
        "{{ nope() }}",
        "{{ x.nope() }}",
        "{{ x is nope }}",
        "{% include 'x' %}",
        "{% extends 'x' %}",
        "{% import 'x' as y %}",
        "{% macro m() %}{% endmacro %}",
        "{{ namespace() }}",
        "{{",
        "{% for %}",
        "{% nope %}",
        "{{ x|map('upper')|wordwrap }}",
        "{{ debug() }}",
    ];
    for source in bad {
        assert!(check(source).is_err_and(|error| error.starts_with("Jinja error")), "{source}");
    }
    let good = [
        "{{ x|upper }}",
        "{% now 'UTC' %}",
        "{{ x.split(',')|first }}",
        "{{ range(3)|list }}",
        "{{ loop.cycle('a') }}",
        "",
    ];
    for source in good {
        assert_eq!(check(source), Ok(()), "{source}");
    }
    let long = [
        "x".repeat(16 * 1024 + 1),
        format!("{{{{ 1{} }}}}", "+1".repeat(8_000)),
        format!("{{{{ x{} }}}}", ".a".repeat(8_000)),
        format!("{{{{ {}1{} }}}}", "(".repeat(7_000), ")".repeat(7_000)),
        format!("{{{{ {}1 }}}}", "-".repeat(900)),
        format!("{{% if a %}}{}{{% endif %}}", "{%elif a%}".repeat(1_500)),
        "{% if a %}".repeat(900),
    ];
    for source in long {
        assert!(check(&source).is_err(), "{source:.40}");
    }
}

#[test]
fn every_name_that_saving_allows_exists_when_rendering() {
    let named =
        |source: &str| print(source, &json!({"x": [1]})).err().map(|error| error.to_string()).unwrap_or_default();
    for filter in super::names::FILTERS.iter().chain(super::filters::NAMES) {
        let error = named(&format!("{{{{ x|{filter} }}}}"));
        assert!(!error.contains("unknown filter"), "{filter}: {error}");
    }
    for test in super::names::TESTS.iter().filter(|test| test.chars().all(char::is_alphabetic)) {
        let error = named(&format!("{{{{ x is {test} }}}}"));
        assert!(!error.contains("unknown test"), "{test}: {error}");
    }
}

#[test]
fn steps_and_output_and_growth_are_bounded() {
    let context = json!({"a": "x".repeat(1_000)});
    let endless = "{% for a in range(10000) %}{% for b in range(10000) %}{% endfor %}{% endfor %}";
    assert_eq!(print(endless, &context), Err(RenderError::Steps));
    assert_eq!(print("{% for b in range(1000) %}{{ a }}{% endfor %}", &context), Err(RenderError::Output));
    let growing = [
        "{{ a|replace('x', a)|length }}",
        "{{ a.replace('x', a)|length }}",
        "{{ range(1000)|map('string')|join(a)|length }}",
        "{{ a.join(range(1000)|map('string'))|length }}",
        "{{ '%099999d'|format(1)|length }}",
        "{{ '{:099999}'.format(1)|length }}",
        "{{ a|indent(100000, true)|length }}",
        "{{ ''|indent(100000, true)|length }}",
    ];
    for source in growing {
        assert!(matches!(print(source, &context), Err(RenderError::Template(_))), "{source}");
    }
}

#[test]
fn the_env_vars_of_a_template_are_found() {
    assert_eq!(env_names("{{ env.a }}{% if x %}{{ env['b']|upper }}{% endif %}"), ["a", "b"]);
    assert_eq!(env_names("{{ env|tojson }}"), ["*"]);
}
