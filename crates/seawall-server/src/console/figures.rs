//! `/figures`: what happened, in numbers.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use seawall_casework::figures::Figures;
use seawall_workflow::WorkflowError;

use super::block;
use super::fault::Fault;
use super::page::{Page, Part, html};
use super::session::Visitor;
use super::texts::Texts;
use super::words::span;
use crate::App;

/// `GET /figures`
pub(super) async fn show(State(app): State<App>, visitor: Visitor) -> Result<Response, Fault> {
    let workflow = app.workflow.clone();
    let figures = block(move || workflow.figures().map_err(WorkflowError::from)).await?;
    let page =
        Page::new(&app, Texts::english().text("figures-title"), Some(&visitor)).part(Part::Figures);
    Ok(html(&FiguresPage::new(page, &figures)))
}

#[derive(Template)]
#[template(path = "figures.html")]
struct FiguresPage {
    page: Page,
    through: String,
    heads: [Line; 4],
    tables: [Table; 7],
}

/// A name and its number.
struct Line {
    name: String,
    value: String,
}

struct Table {
    name: String,
    lines: Vec<Line>,
}

impl FiguresPage {
    fn new(page: Page, figures: &Figures) -> Self {
        let t = page.t;
        let decided = figures.cases_decided.values().sum::<u64>();
        let line = |key: &str, value: u64| Line {
            name: t.text(key),
            value: number(value),
        };
        let median = figures
            .open_ms_median
            .map_or_else(|| t.text("figures-none-yet"), |ms| span(t, ms));
        let table = |key: &str, family: &str, counts: &BTreeMap<String, u64>| Table {
            name: t.text(key),
            lines: counts
                .iter()
                .map(|(name, count)| named(t, family, name, *count))
                .collect(),
        };
        let mut scans = table("figures-scans", "outcome", &figures.scans);
        if !scans.lines.is_empty() {
            scans
                .lines
                .push(line("figures-without-match", figures.scans_without_match));
            scans
                .lines
                .push(line("figures-suppressed", figures.scans_suppressed));
        }
        Self {
            through: t.fill("figures-through", [("event", figures.through_event.into())]),
            heads: [
                line("figures-cases", figures.cases_opened.values().sum()),
                line("figures-decided", decided),
                line("figures-filed", figures.reports_filed),
                Line {
                    name: t.text("figures-median"),
                    value: median,
                },
            ],
            tables: [
                scans,
                table("figures-cases-by-channel", "channel", &figures.cases_opened),
                table("figures-decisions", "verdict", &figures.cases_decided),
                table(
                    "figures-confirmed",
                    "manifestation",
                    &figures.confirmed_by_manifestation,
                ),
                looks(
                    t,
                    figures,
                    decided,
                    table("figures-looks", "mode", &figures.reveals),
                ),
                seen(t, figures),
                Table {
                    name: t.text("figures-reports"),
                    lines: vec![
                        line("figures-asked", figures.reports_asked),
                        line("figures-filed", figures.reports_filed),
                    ],
                },
            ],
            page,
        }
    }
}

fn seen(t: &Texts, figures: &Figures) -> Table {
    let line = |key: &str, value: u64| Line {
        name: t.text(key),
        value: number(value),
    };
    let is_used = figures.seen_kept + figures.seen_lookups > 0;
    let lines = is_used.then(|| {
        vec![
            line("figures-seen-kept", figures.seen_kept),
            line("figures-seen-lookups", figures.seen_lookups),
        ]
    });
    Table {
        name: t.text("figures-seen"),
        lines: lines.unwrap_or_default(),
    }
}

fn looks(t: &Texts, figures: &Figures, decided: u64, mut table: Table) -> Table {
    if decided > 0 {
        let name = t.text("figures-without-full-view");
        let args = [
            ("count", figures.decided_without_full_view.into()),
            ("all", decided.into()),
        ];
        table.lines.push(Line {
            name,
            value: t.fill("figures-of", args),
        });
    }
    table
}

fn named(t: &Texts, family: &str, name: &str, count: u64) -> Line {
    let shown = t.known(family, name).unwrap_or_else(|| name.to_owned());
    let name = if family == "manifestation" {
        format!("{name} \u{b7} {shown}")
    } else {
        shown
    };
    Line {
        name,
        value: number(count),
    }
}

/// With thin spaces between thousands.
pub(super) fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(number(0), "0");
        assert_eq!(number(999), "999");
        assert_eq!(number(1_234_567), "1\u{202f}234\u{202f}567");
    }
}
