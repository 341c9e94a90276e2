//! `seawall hma compare`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use clap::Args;
use seawall_core::Hash;
use seawall_egress::{Egress, EgressLimits, Reach, Request};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::command::matching::read_lookups;
use crate::command::runtime;
use crate::output::{self, Exit};

/// Send each lookup to HMA and to Seawall, and name every difference.
///
/// Nothing is changed on either side. A lookup is `GET /m/lookup`; the answers are the same
/// where the same banks have matches at the same distances. The contents' numbers differ
/// between the two and are not compared. Ends with 1 where an answer differs or is none.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Compare {
    /// Where HMA answers, such as http://hma:5000.
    #[arg(long, value_name = "URL")]
    hma: Url,
    /// Where Seawall's API listens, such as http://127.0.0.1:8481.
    #[arg(long, value_name = "URL")]
    seawall: Url,
    /// A file with Seawall's token, whose scope is matcher.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// A file with a token for HMA, where something before it asks for one.
    #[arg(long, value_name = "FILE")]
    hma_token_file: Option<PathBuf>,
    /// One JSON line a difference, and one for the sum.
    #[arg(long)]
    json: bool,
    /// The hashes to look up, in any form that `seawall bank import` reads: one a line, PDQ and
    /// MD5 side by side, or CSV.
    #[arg(value_name = "LIST")]
    lookups: PathBuf,
}

/// One side that answers.
struct Side {
    name: &'static str,
    lookup: Url,
    token: Option<String>,
}

/// The distances of the matches of each bank, in order.
type Answer = BTreeMap<String, Vec<String>>;

#[derive(Deserialize)]
struct Match {
    distance: String,
}

/// Where the two differ.
#[derive(Serialize)]
struct Difference {
    /// The line of the list.
    line: u64,
    signal_type: &'static str,
    /// What each side has that the other has not: distances by bank.
    only_hma: Answer,
    only_seawall: Answer,
}

/// What came of all of them.
#[derive(Default, Serialize)]
struct Sum {
    lookups: usize,
    same: usize,
    different: usize,
    /// Of the same ones, those that matched something.
    matched: usize,
}

impl Compare {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        let list = read_lookups(&self.lookups)?;
        ensure!(!list.rows.is_empty(), "the list has no hashes");
        let hma = Side::new("HMA", &self.hma, self.hma_token_file.as_deref())?;
        let seawall = Side::new("Seawall", &self.seawall, self.token_file.as_deref())?;
        let egress = Egress::new().context("preparing to connect")?;
        let progress = indicatif::ProgressBar::new(list.rows.len() as u64);
        let mut sum = Sum::default();
        runtime()?.block_on(async {
            for row in &list.rows {
                let (theirs, ours) =
                    tokio::try_join!(hma.ask(&egress, &row.hash), seawall.ask(&egress, &row.hash))?;
                sum.lookups += 1;
                if theirs == ours {
                    sum.same += 1;
                    sum.matched += usize::from(!ours.is_empty());
                } else {
                    sum.different += 1;
                    let difference = Difference {
                        line: row.line,
                        signal_type: signal_type(&row.hash),
                        only_hma: without(&theirs, &ours),
                        only_seawall: without(&ours, &theirs),
                    };
                    progress.suspend(|| difference.print(self.json))?;
                }
                progress.inc(1);
            }
            anyhow::Ok(())
        })?;
        progress.finish_and_clear();
        sum.print(self.json)?;
        Ok(match list.rejected.is_empty() && sum.different == 0 {
            true => Exit::Ok,
            false => Exit::SomeFailed,
        })
    }
}

impl Side {
    fn new(name: &'static str, base: &Url, token: Option<&Path>) -> anyhow::Result<Self> {
        let lookup = base.join("/m/lookup").context("making the address")?;
        let token = token.map(|path| {
            let text = std::fs::read_to_string(path);
            text.with_context(|| format!("reading {}", path.display()))
        });
        let token = token.transpose()?.map(|text| text.trim().to_owned());
        Ok(Self {
            name,
            lookup,
            token,
        })
    }

    async fn ask(&self, egress: &Egress, hash: &Hash) -> anyhow::Result<Answer> {
        let mut url = self.lookup.clone();
        url.query_pairs_mut()
            .append_pair("signal", &hash.to_string())
            .append_pair("signal_type", signal_type(hash));
        let mut headers = http::HeaderMap::new();
        if let Some(token) = &self.token {
            let value = format!("Bearer {token}").parse();
            headers.insert(
                http::header::AUTHORIZATION,
                value.context("reading a token")?,
            );
        }
        let request = Request {
            method: http::Method::GET,
            url,
            headers,
            body: bytes::Bytes::new(),
            reach: Reach::Operator,
            limits: EgressLimits::default(),
        };
        let name = self.name;
        let answer = egress.send(request).await;
        let answer = answer.with_context(|| format!("asking {name}"))?;
        if answer.status != http::StatusCode::OK {
            bail!(
                "{name} answered {}: {}",
                answer.status,
                advice(answer.status)
            );
        }
        read_answer(&answer.body).with_context(|| format!("reading what {name} answered"))
    }
}

fn advice(status: http::StatusCode) -> &'static str {
    match status.as_u16() {
        401 | 403 => "give a token whose scope is matcher (--token-file, --hma-token-file)",
        404 => "is the address that of its API?",
        503 => "is its index built?",
        _ => "its log may say why",
    }
}

/// HMA's answer: lists of matches by the bank's name. A bank without any is as if not there.
fn read_answer(body: &[u8]) -> anyhow::Result<Answer> {
    let banks: BTreeMap<String, Vec<Match>> = serde_json::from_slice(body)?;
    let distances = |found: Vec<Match>| {
        let mut distances: Vec<String> = found.into_iter().map(|one| one.distance).collect();
        distances.sort_unstable();
        distances
    };
    let filled = banks.into_iter().filter(|(_, found)| !found.is_empty());
    Ok(filled
        .map(|(bank, found)| (bank, distances(found)))
        .collect())
}

/// What one side has and the other has not.
fn without(all: &Answer, others: &Answer) -> Answer {
    let rest = all.iter().map(|(bank, distances)| {
        let mut rest = distances.clone();
        for other in others.get(bank).into_iter().flatten() {
            if let Some(place) = rest.iter().position(|one| one == other) {
                rest.remove(place);
            }
        }
        (bank.clone(), rest)
    });
    rest.filter(|(_, rest)| !rest.is_empty()).collect()
}

/// HMA knows MD5 as `video_md5` alone; Seawall takes both names for one.
fn signal_type(hash: &Hash) -> &'static str {
    match hash {
        Hash::Pdq(_) => "pdq",
        Hash::Md5(_) => "video_md5",
        Hash::Sha1(_) => "sha1",
        Hash::Sha256(_) => "sha256",
    }
}

impl Difference {
    fn print(&self, json: bool) -> anyhow::Result<()> {
        if json {
            return output::json(self);
        }
        for (side, answer) in [("HMA", &self.only_hma), ("Seawall", &self.only_seawall)] {
            for (bank, distances) in answer {
                let (line, distances) = (self.line, distances.join(", "));
                output::line(format_args!(
                    "line {line}: only {side}: {bank} at {distances}"
                ));
            }
        }
        Ok(())
    }
}

impl Sum {
    fn print(&self, json: bool) -> anyhow::Result<()> {
        if json {
            return output::json(self);
        }
        let Self {
            lookups,
            same,
            different,
            matched,
        } = self;
        output::line(format_args!(
            "{lookups} lookups: {same} answered alike ({matched} of them with matches), {different} differently"
        ));
        Ok(())
    }
}

const EXAMPLES: &str = "Examples:
  seawall hma compare --hma http://hma:5000 --seawall http://127.0.0.1:8481 \\
      --token-file token.txt lookups.txt
  seawall hma compare --hma http://hma:5000 --seawall http://127.0.0.1:8481 \\
      --token-file token.txt --json lookups.csv > differences.jsonl";

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(text: &str) -> Answer {
        read_answer(text.as_bytes()).expect("an answer")
    }

    #[test]
    fn numbers_and_order_do_not_count_and_distances_do() {
        let theirs = answer(
            r#"{"A":[{"bank_content_id":1,"distance":"4"},{"bank_content_id":2,"distance":"0"}],"B":[]}"#,
        );
        let ours = answer(
            r#"{"A":[{"bank_content_id":9,"distance":"0"},{"bank_content_id":8,"distance":"4"}]}"#,
        );
        assert_eq!(theirs, ours);
        let other = answer(
            r#"{"A":[{"bank_content_id":9,"distance":"0"},{"bank_content_id":8,"distance":"6"}],"C":[{"bank_content_id":7,"distance":"-"}]}"#,
        );
        let by_bank = |answer: &Answer| format!("{answer:?}");
        assert_eq!(by_bank(&without(&theirs, &other)), r#"{"A": ["4"]}"#);
        assert_eq!(
            by_bank(&without(&other, &theirs)),
            r#"{"A": ["6"], "C": ["-"]}"#
        );
    }

    #[test]
    fn the_same_match_twice_is_not_the_same_as_once() {
        let twice = answer(r#"{"A":[{"distance":"0"},{"distance":"0"}]}"#);
        let once = answer(r#"{"A":[{"distance":"0"}]}"#);
        assert_ne!(twice, once);
        assert_eq!(format!("{:?}", without(&twice, &once)), r#"{"A": ["0"]}"#);
        assert!(read_answer(b"<html>").is_err());
    }
}
