//! Mixed traffic with the server killed in the middle of it, for a stated time: no accepted write
//! is lost and no answer is wrong.
//!
//! The traffic and the model that every answer is held against are those of the test `soak` of
//! seawall-cli (`tests/e2e/hma/soak.rs`), run here on the release build and for longer.

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::Bench;
use super::record::Line;
use crate::repository::{cargo, describe};

/// Runs it for as many minutes as were asked for (ten; one in a short run).
///
/// # Errors
/// Where an answer is not what the model says, or a write is lost.
pub(crate) fn measure(bench: &mut Bench) -> Result<()> {
    let minutes = match (bench.options.minutes, bench.options.quick) {
        (Some(minutes), _) => minutes,
        (None, true) => 1,
        (None, false) => 10,
    };
    let seconds = (minutes * 60).to_string();
    let mut command = cargo();
    command
        .args(["test", "--release", "--package", "seawall-cli"])
        .args(["--test", "hma", "--", "soak::", "--nocapture"])
        .env("SEAWALL_SOAK_SECONDS", seconds);
    let name = describe(&command);
    println!("  {name}, for {minutes} minutes");
    let run = command
        .output()
        .with_context(|| format!("starting `{name}`"))?;
    let said = String::from_utf8_lossy(&run.stderr);
    let closing = said.lines().find_map(|line| line.split_once(MARK));
    let Some((_, closing)) = closing.filter(|_| run.status.success()) else {
        bail!("`{name}` ended with {}: {said}", run.status);
    };
    println!("  {MARK}{closing}");
    let closing: Value = serde_json::from_str(closing).context("reading its closing line")?;
    bench.keep(line(&closing, minutes)?);
    Ok(())
}

fn line(closing: &Value, minutes: u64) -> Result<Line> {
    let kills = number(closing, "kills")?;
    let answers = closing["answers"].as_object().context("no answers")?;
    let count = |kind: &str| answers.get(kind).and_then(Value::as_f64).unwrap_or(0.0);
    let right: f64 = answers.keys().map(|kind| count(kind)).sum();
    let writes: f64 = WRITES.map(count).iter().sum();
    let work = format!("mixed traffic for {minutes} minutes, killed in the middle");
    let checked = "every answer against a model; at the end every write that was accepted";
    let line = Line::new("soak-traffic", &work, "", checked)
        .with("Seawall, answers, all of them right", true, vec![right])
        .with("Seawall, accepted writes, none lost", true, vec![writes])
        .with("Seawall, kills", true, vec![kills]);
    Ok(line)
}

fn number(object: &Value, field: &str) -> Result<f64> {
    let number = object[field].as_f64();
    number.with_context(|| format!("no {field}"))
}

const WRITES: [&str; 3] = ["added", "withdrawn", "cases opened"];

/// What the closing line of the test begins with.
const MARK: &str = "soak: ";

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn answers_and_writes_are_summed() {
        let answers = json!({ "added": 7, "found": 9, "cases opened": 2 });
        let closing = json!({ "seconds": 61, "seed": 1, "kills": 3, "answers": answers });
        let line = line(&closing, 1).expect("a closing line");
        let medians: Vec<f64> = line.contenders.iter().map(|one| one.median).collect();
        assert_eq!(medians, [18.0, 9.0, 3.0]);
        assert!(super::line(&json!({ "kills": 1 }), 1).is_err());
    }
}
