//! `tertulia schema`: the file of a schema, put in, taken out and checked.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use serde_json::json;
use tertulia::config::Config;
use tertulia::domain::script::review::review;
use tertulia::domain::script::{Schema, record};
use tertulia::store::messages::Comparison;
use tertulia::store::schema_list::{Condition, Order, SchemaQuery, Text, find};
use tertulia::store::{Connection, Files, StoreError, schema_edit, schemas};

use super::database::{now, open};

/// The largest file that is read, in bytes.
const MAX_FILE: u64 = 16 << 20;
/// The widest indent of a dump.
const MAX_INDENT: usize = 16;

/// Scripts and surveys.
#[derive(Subcommand)]
pub enum Schemas {
    /// Make a schema of a file; prints `{"id", "name", "version", "published"}`.
    #[command(
        after_help = "The version and whether it is published are taken from the file. What the checker finds is said on
standard error and does no harm. Example: tertulia schema load samples/satisfaction-survey.json --publish"
    )]
    Load(Load),
    /// Print a schema as a file.
    Dump(Dump),
    /// Say what is wrong with a schema, a finding a line; exit 1 when there is something.
    Check(Check),
}

/// What to load.
#[derive(Args)]
pub struct Load {
    /// The file; - for standard input.
    file: PathBuf,
    /// Publish it: every other published schema of its name is deprecated.
    #[arg(long)]
    publish: bool,
    /// Leave out fields that are not known, instead of refusing the file.
    #[arg(long, short = 'i')]
    skip_unknown: bool,
    /// Refuse the file when anything is wrong with the schema.
    #[arg(long)]
    strict: bool,
}

/// What to dump.
#[derive(Args)]
pub struct Dump {
    /// The schema's id.
    #[arg(required_unless_present = "name", conflicts_with = "name")]
    id: Option<i64>,
    /// The newest schema of this name instead.
    #[arg(long)]
    name: Option<String>,
    /// Write to this file, not to standard output.
    #[arg(long, short)]
    output: Option<PathBuf>,
    /// Spaces of each level.
    #[arg(long, default_value_t = record::INDENT)]
    indent: usize,
}

/// What to check.
#[derive(Args)]
pub struct Check {
    /// The file; - for standard input.
    #[arg(required_unless_present = "id", conflicts_with = "id")]
    file: Option<PathBuf>,
    /// A schema of the house instead.
    #[arg(long)]
    id: Option<i64>,
    /// Leave out fields that are not known, instead of refusing the file.
    #[arg(long, short = 'i')]
    skip_unknown: bool,
}

/// `tertulia schema …`
pub fn schema(config: &Config, command: Schemas) -> anyhow::Result<ExitCode> {
    match command {
        Schemas::Load(load) => put_in(config, &load)?,
        Schemas::Dump(dump) => take_out(config, dump)?,
        Schemas::Check(check) => return look_at(config, check),
    }
    Ok(ExitCode::SUCCESS)
}

/// A file, or standard input, as long as it is not too long.
fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        std::io::stdin().take(MAX_FILE + 1).read_to_end(&mut bytes)
    } else {
        let file = std::fs::File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
        file.take(MAX_FILE + 1).read_to_end(&mut bytes)
    };
    read.with_context(|| format!("cannot read {}", path.display()))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > MAX_FILE) {
        bail!("{} is larger than {MAX_FILE} bytes", path.display());
    }
    Ok(bytes)
}

fn from_file(config: &Config, path: &Path, skip_unknown: bool) -> anyhow::Result<Schema> {
    let bytes = read(path)?;
    schemas::read_file(&bytes, skip_unknown, &config.schemas.types).map_err(|lines| {
        let advice = if lines.iter().any(|line| line.contains("unknown field")) {
            "\n(--skip-unknown leaves out what is not known)"
        } else {
            ""
        };
        anyhow::anyhow!("{} is no schema that could be loaded:\n{}{advice}", path.display(), lines.join("\n"))
    })
}

/// What is wrong with a schema, a line each: the text, and the way there.
fn findings(schema: &Schema) -> Vec<String> {
    let review = review(schema, &mut rand::random::<f64>);
    let found = review.findings.iter().map(|finding| match finding.path.as_slice() {
        [] => finding.text.clone(),
        path => {
            let path: Vec<String> = path.iter().map(i64::to_string).collect();
            format!("{} [by way of {}]", finding.text, path.join(", "))
        }
    });
    review.broken.iter().map(|(text, _)| text.clone()).chain(found).collect()
}

fn put_in(config: &Config, load: &Load) -> anyhow::Result<()> {
    let mut schema = from_file(config, &load.file, load.skip_unknown)?;
    let found = findings(&schema);
    for line in &found {
        eprintln!("{line}");
    }
    if load.strict && !found.is_empty() {
        bail!("nothing was loaded, because of what was found");
    }
    let mut connection = open(config)?;
    let files = Files::open(&config.media_dir(), &config.media)?;
    schemas::copy_files(&files, &mut schema)?;
    let made = connection.immediate_transaction(|connection| store(connection, &schema, load.publish));
    let made = made.map_err(|error| {
        let templates = schema.questions.iter().flat_map(|question| &question.attachments);
        files.remove(&templates.flat_map(|template| template.files()).cloned().collect::<Vec<_>>());
        match error {
            StoreError::Conflict(_) => anyhow::anyhow!(
                "there is a schema \"{}\" of version {} already; write another version into the file",
                schema.name,
                schema.version
            ),
            other => other.into(),
        }
    })?;
    let told = json!({"id": made.id, "name": made.name, "version": made.version, "published": made.published});
    println!("{told}");
    Ok(())
}

fn store(connection: &mut Connection, schema: &Schema, publish: bool) -> Result<Schema, StoreError> {
    if schema_edit::is_taken(connection, &Schema { id: 0, ..schema.clone() })? {
        return Err(StoreError::Conflict("a schema of that name and version".to_owned()));
    }
    let made = schemas::create(connection, schema, now())?;
    if publish {
        schemas::publish(connection, made.id, now())?;
    }
    schemas::summary(connection, made.id)
}

/// A schema that does not exist is said so in words.
fn stored(connection: &mut Connection, id: i64) -> anyhow::Result<Schema> {
    schemas::load(connection, id).map_err(|error| match error {
        StoreError::Missing => anyhow::anyhow!("there is no schema {id}"),
        other => other.into(),
    })
}

/// The newest schema of a name.
fn newest(connection: &mut Connection, name: &str) -> anyhow::Result<i64> {
    let conditions = vec![Condition::Text(Text::Name, Comparison::In, vec![name.to_owned()])];
    let query = SchemaQuery { conditions, order: vec![Order::Id(true)], limit: 1, ..SchemaQuery::default() };
    let found = find(connection, query)?;
    found.first().map(|schema| schema.id).with_context(|| format!("there is no schema \"{name}\""))
}

fn take_out(config: &Config, dump: Dump) -> anyhow::Result<()> {
    if dump.indent > MAX_INDENT {
        bail!("--indent {}: write a number from 0 to {MAX_INDENT}", dump.indent);
    }
    let mut connection = open(config)?;
    let id = match (dump.id, &dump.name) {
        (Some(id), _) => id,
        (None, Some(name)) => newest(&mut connection, name)?,
        (None, None) => bail!("name the schema by its id, or with --name"),
    };
    let text = record::dump(&stored(&mut connection, id)?, dump.indent)?;
    match &dump.output {
        Some(path) => std::fs::write(path, text + "\n").with_context(|| format!("cannot write {}", path.display()))?,
        None => println!("{text}"),
    }
    Ok(())
}

fn look_at(config: &Config, check: Check) -> anyhow::Result<ExitCode> {
    let schema = match (&check.file, check.id) {
        (Some(path), _) => from_file(config, path, check.skip_unknown)?,
        (None, Some(id)) => stored(&mut open(config)?, id)?,
        (None, None) => bail!("name a file, or a schema with --id"),
    };
    let found = findings(&schema);
    for line in &found {
        println!("{line}");
    }
    if found.is_empty() {
        eprintln!("nothing is wrong with \"{}\"", schema.name);
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::FAILURE)
}
