//! A record as one SVG picture: bars from zero, so that lengths compare as the figures do.
//!
//! No script; its colours follow the reader's choice of light or dark.

use std::fmt::Write as _;

use super::page::figure;
use super::record::{Line, Record};
use super::robustness::Robustness;

/// The picture of a record.
pub(crate) fn svg(record: &Record) -> String {
    let mut picture = Picture::default();
    for line in &record.lines {
        picture.line(line);
    }
    if let Some(table) = &record.robustness {
        picture.robustness(table);
    }
    picture.finish(record)
}

#[derive(Default)]
struct Picture {
    body: String,
    y: f64,
}

impl Picture {
    fn line(&mut self, line: &Line) {
        self.y += GAP;
        self.text(0.0, "title", &format!("{} ({})", line.work, line.unit));
        let medians = line.contenders.iter().map(|one| one.median);
        let limits = line.targets.iter().map(|target| target.limit);
        let most = medians.chain(limits).fold(f64::MIN_POSITIVE, f64::max);
        for one in &line.contenders {
            self.y += ROW;
            let class = if one.is_ours { "ours" } else { "peer" };
            let length = one.median / most * BAR;
            self.text(0.0, "name", &one.name);
            self.bar(class, length);
            let targets = line.targets.iter().filter(|target| target.of == one.name);
            let marks: Vec<f64> = targets.map(|target| target.limit / most * BAR).collect();
            marks.iter().for_each(|&mark| self.mark(mark));
            // Not on top of a mark that stands just behind the bar.
            let near = marks.into_iter().filter(|&mark| mark < length + FIGURE);
            let end = near.fold(length, f64::max);
            self.text(LEFT + end + 6.0, "figure", &figure(one.median));
        }
        for target in &line.targets {
            self.y += ROW;
            let word = if target.is_reached {
                "reached"
            } else {
                "not reached"
            };
            let limit = format!("{} {}", figure(target.limit), line.unit);
            let side = if target.is_least { "least" } else { "most" };
            let text = format!("target {}: at {side} {limit}, {word}", target.text);
            self.text(LEFT, "name", &text);
        }
        self.y += ROW / 2.0;
    }

    fn robustness(&mut self, table: &Robustness) {
        self.y += GAP;
        let text = format!("found at 31 bits, % of {} pictures", table.pictures);
        self.text(0.0, "title", &text);
        for row in &table.rows {
            self.y += ROW / 2.0;
            for (place, (program, &share)) in table.programs.iter().zip(&row.found).enumerate() {
                self.y += ROW;
                let class = if place == 0 { "peer" } else { "ours" };
                self.text(0.0, "name", &format!("{}: {program}", row.edit));
                self.bar(class, share * BAR);
                let share = format!("{:.0}", share * 100.0);
                self.text(LEFT + BAR * row.found[place] + 6.0, "figure", &share);
            }
        }
        self.y += ROW / 2.0;
    }

    fn text(&mut self, x: f64, class: &str, text: &str) {
        let (y, text) = (self.y, escaped(text));
        writeln!(
            self.body,
            "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{text}</text>"
        )
        .expect("text can be written to");
    }

    fn bar(&mut self, class: &str, length: f64) {
        let (y, length) = (self.y - 10.0, length.max(1.0));
        writeln!(self.body, "<rect class=\"{class}\" x=\"{LEFT}\" y=\"{y:.1}\" width=\"{length:.1}\" height=\"12\"/>"
        )
        .expect("text can be written to");
    }

    fn mark(&mut self, length: f64) {
        let (x, top, bottom) = (LEFT + length, self.y - 13.0, self.y + 5.0);
        writeln!(
            self.body,
            "<path class=\"target\" d=\"M{x:.1} {top:.1}V{bottom:.1}\"/>"
        )
        .expect("text can be written to");
    }

    fn finish(self, record: &Record) -> String {
        let height = self.y + GAP;
        let day = record.date.get(..10).unwrap_or_default();
        let title = escaped(&format!(
            "Benchmark of {day}, {}, {} cores. Shorter is better.",
            record.machine.processor, record.machine.cores
        ));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"-10 -10 {WIDTH} {height:.0}\" \
             width=\"{WIDTH}\" height=\"{height:.0}\" role=\"img\">\n<title>{title}</title>\n\
             <style>{STYLE}</style>\n<rect class=\"ground\" x=\"-10\" y=\"-10\" \
             width=\"100%\" height=\"100%\"/>\n{}</svg>\n",
            self.body
        )
    }
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}

const WIDTH: f64 = 900.0;
/// Where bars begin.
const LEFT: f64 = 345.0;
/// The longest one.
const BAR: f64 = 450.0;
/// Room for a figure.
const FIGURE: f64 = 40.0;
const ROW: f64 = 18.0;
const GAP: f64 = 22.0;

const STYLE: &str = "\
text{font:13px system-ui,sans-serif;fill:#1c2430}.title{font-weight:600}.name{fill:#3d4856}\
.figure{font-variant-numeric:tabular-nums}.ours{fill:#1769aa}.peer{fill:#8a94a3}\
.target{stroke:#b3261e;stroke-width:2.5;fill:none}.ground{fill:#ffffff}\
@media(prefers-color-scheme:dark){text{fill:#e8ecf1}.name{fill:#bcc6d2}.ours{fill:#6cb6f5}\
.peer{fill:#77818f}.target{stroke:#ff8a80}.ground{fill:#12161c}}";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_a_bar_for_each_program_and_a_mark_for_each_target() {
        let picture = svg(&super::super::page::tests::record());
        let count = |text: &str| picture.matches(text).count();
        assert_eq!(count("<rect class=\"ours\""), 2 + 2);
        assert_eq!(count("<rect class=\"peer\""), 1 + 1);
        assert_eq!(count("<path class=\"target\""), 1);
        assert!(picture.contains("prefers-color-scheme:dark") && !picture.contains("<script"));
        assert!(picture.contains("reached") && picture.contains("recompress"));
    }

    #[test]
    fn lengths_are_as_the_figures() {
        let picture = svg(&super::super::page::tests::record());
        // 5 and 100 milliseconds: the longest bar is the peer's, ours a twentieth of it.
        assert!(picture.contains("width=\"450.0\"") && picture.contains("width=\"22.5\""));
    }

    #[test]
    fn names_cannot_leave_their_place() {
        let mut record = super::super::page::tests::record();
        record.lines[0].contenders[0].name = "<script>\"&".to_owned();
        assert!(svg(&record).contains("&lt;script&gt;&quot;&amp;"));
    }
}
