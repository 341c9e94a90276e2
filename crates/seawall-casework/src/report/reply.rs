//! Reads what the receiver answers.

use quick_xml::Reader;
use quick_xml::events::Event;
use seawall_core::Redacted;

use super::ledger::{CallKind, CallOutcome};
use super::official::code;

/// What the receiver said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The response code; 0 is success.
    pub code: i64,
    /// The receiver's words, cut to [`DESCRIPTION_CHARS_MAX`] characters. It may echo what
    /// was reported, so it is kept out of logs.
    pub description: Redacted<String>,
    /// The receiver's number of the report.
    pub report_id: Option<u64>,
    /// The receiver's id of a file, after an upload.
    pub file_id: Option<String>,
    /// The MD5 of the bytes received, after an upload, in lower-case hexadecimal.
    pub md5: Option<Redacted<String>>,
    /// The ids of all files of the report, after a finish.
    pub file_ids: Vec<String>,
}

/// An answer that is no reply to the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplyError {
    /// The answer is larger than any reply.
    #[error("reading the receiver's reply: it is larger than {bytes_max} bytes")]
    TooLarge {
        /// The limit.
        bytes_max: usize,
    },
    /// The answer is not well-formed XML, or declares a document type.
    #[error("reading the receiver's reply: it is not well-formed xml")]
    Malformed,
    /// The answer is XML, but not the reply that belongs to the call.
    #[error("reading the receiver's reply: it does not belong to the call {}", call.name())]
    Unexpected {
        /// The call.
        call: CallKind,
    },
}

/// The longest answer that is read: far above a reply that lists a thousand files.
pub const REPLY_BYTES_MAX: usize = 256 << 10;

/// How many characters of a description are kept.
pub const DESCRIPTION_CHARS_MAX: usize = 200;

/// Reads the body of an answer to a call.
///
/// # Errors
/// [`ReplyError`] where it is no reply to that call: too large, no well-formed XML, with a
/// document type, another root element, or without what every reply to the call has.
pub fn parse_reply(call: CallKind, body: &[u8]) -> Result<Reply, ReplyError> {
    if body.len() > REPLY_BYTES_MAX {
        return Err(ReplyError::TooLarge {
            bytes_max: REPLY_BYTES_MAX,
        });
    }
    let text = std::str::from_utf8(body).map_err(|_| ReplyError::Malformed)?;
    let leaves = read_leaves(text)?;
    reply_from(call, &leaves).ok_or(ReplyError::Unexpected { call })
}

/// What an HTTP answer means for the ledger.
///
/// `sent_md5` is the MD5 of the bytes that an upload sent, in hexadecimal; where the
/// receiver says which MD5 it received, the two have to be equal.
///
/// A status without a readable reply is counted as the code nearest to it: 401 (which this
/// interface sends with an empty body) as 2000, 403 as 3000, 408 and 429 as 1000, any other
/// status of the classes 3xx and 4xx as 4000: the request was turned away and nothing was
/// done. Everything else that cannot be read is [`CallOutcome::Unknown`].
///
/// Where no answer came at all, the caller alone knows whether that is
/// [`CallOutcome::NotSent`] or [`CallOutcome::Unknown`].
#[must_use]
pub fn outcome_of_answer(
    call: CallKind,
    status: u16,
    body: &[u8],
    sent_md5: Option<&str>,
) -> CallOutcome {
    match parse_reply(call, body) {
        Ok(reply) => outcome_of_reply(reply, sent_md5),
        Err(_) => outcome_of_status(status),
    }
}

fn outcome_of_reply(reply: Reply, sent_md5: Option<&str>) -> CallOutcome {
    if reply.code != code::OK {
        return CallOutcome::Refused { code: reply.code };
    }
    if let (Some(sent), Some(received)) = (sent_md5, &reply.md5)
        && !sent.eq_ignore_ascii_case(received.reveal())
    {
        return CallOutcome::Altered;
    }
    CallOutcome::Accepted {
        report_id: reply.report_id,
        file_id: reply.file_id,
        md5: reply.md5,
    }
}

fn outcome_of_status(status: u16) -> CallOutcome {
    let code = match status {
        401 => code::AUTHENTICATION_REQUIRED,
        403 => code::NOT_AUTHORISED,
        408 | 429 => code::SERVER_ERROR,
        300..=499 => code::INVALID_REQUEST,
        _ => return CallOutcome::Unknown,
    };
    CallOutcome::Refused { code }
}

/// One element that holds text and no element: its path and the text.
struct Leaf {
    path: String,
    text: String,
}

/// The leaves of a small document, in order. Attributes do not matter and are passed over.
fn read_leaves(text: &str) -> Result<Vec<Leaf>, ReplyError> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut leaves = Vec::new();
    let mut path: Vec<String> = Vec::new();
    let mut gathered = String::new();
    let mut after_child = false;
    let mut roots = 0;
    loop {
        match reader.read_event().map_err(|_| ReplyError::Malformed)? {
            Event::Start(start) => {
                roots += usize::from(path.is_empty());
                path.push(start.local_name().as_ref().to_owned());
                if path.len() > DEPTH_MAX || roots > 1 {
                    return Err(ReplyError::Malformed);
                }
                gathered.clear();
                after_child = false;
            }
            Event::End(_) => {
                if !after_child {
                    leaves.push(Leaf {
                        path: path.join("/"),
                        text: gathered.trim().to_owned(),
                    });
                }
                gathered.clear();
                after_child = true;
                path.pop();
            }
            Event::Text(text) => gathered.push_str(&text.xml10_content()),
            Event::CData(text) => gathered.push_str(&text.xml10_content()),
            Event::GeneralRef(reference) => gathered.push(resolved(&reference)?),
            Event::Decl(_) | Event::Comment(_) | Event::PI(_) => {}
            Event::DocType(_) => return Err(ReplyError::Malformed),
            Event::Eof => break,
            Event::Empty(_) => unreachable!("the reader expands empty elements"),
        }
        if path.is_empty() && !gathered.trim().is_empty() {
            return Err(ReplyError::Malformed);
        }
    }
    if path.is_empty() && roots == 1 {
        Ok(leaves)
    } else {
        Err(ReplyError::Malformed)
    }
}

/// The character that a reference stands for: a numbered one or one of the five of XML.
fn resolved(reference: &quick_xml::events::BytesRef<'_>) -> Result<char, ReplyError> {
    if let Ok(Some(c)) = reference.resolve_char_ref() {
        return Ok(c);
    }
    match reference.xml10_content().as_ref() {
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "amp" => Ok('&'),
        "apos" => Ok('\''),
        "quot" => Ok('"'),
        _ => Err(ReplyError::Malformed),
    }
}

/// The reply that these leaves spell; `None` where they are not the reply to the call.
fn reply_from(call: CallKind, leaves: &[Leaf]) -> Option<Reply> {
    let root = match call {
        CallKind::Finish => FINISH_ROOTS
            .into_iter()
            .find(|root| leaves.iter().any(|leaf| leaf.path.starts_with(root)))?,
        CallKind::Submit | CallKind::Upload | CallKind::FileInfo | CallKind::Retract => {
            "reportResponse"
        }
    };
    let all = |name: &str| {
        let path = format!("{root}/{name}");
        let texts: Vec<&str> = leaves
            .iter()
            .filter(|leaf| leaf.path == path && !leaf.text.is_empty())
            .map(|leaf| leaf.text.as_str())
            .collect();
        texts
    };
    let one = |name: &str| all(name).first().copied();
    let reply = Reply {
        code: one("responseCode")?.parse().ok()?,
        description: Redacted(cut(one("responseDescription").unwrap_or_default())),
        report_id: one("reportId").map(str::parse).transpose().ok()?,
        file_id: match one("fileId") {
            Some(text) => Some(file_id(text)?),
            None => None,
        },
        md5: one("hash").map(|text| Redacted(cut(&text.to_lowercase()))),
        file_ids: all("files/fileId")
            .into_iter()
            .map(file_id)
            .collect::<Option<_>>()?,
    };
    is_whole(call, &reply).then_some(reply)
}

/// Whether a reply that says "done" has what the next call needs.
fn is_whole(call: CallKind, reply: &Reply) -> bool {
    if reply.code != code::OK {
        return true;
    }
    match call {
        CallKind::Submit => reply.report_id.is_some(),
        CallKind::Upload => reply.file_id.is_some(),
        CallKind::FileInfo | CallKind::Finish | CallKind::Retract => true,
    }
}

/// A file id is opaque, but it is short and plain.
fn file_id(text: &str) -> Option<String> {
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    (plain && text.len() <= FILE_ID_BYTES_MAX).then(|| text.to_owned())
}

fn cut(text: &str) -> String {
    text.chars().take(DESCRIPTION_CHARS_MAX).collect()
}

/// A finish is answered by its own document; where it is refused, maybe by the common one.
const FINISH_ROOTS: [&str; 2] = ["reportDoneResponse", "reportResponse"];
const DEPTH_MAX: usize = 8;
const FILE_ID_BYTES_MAX: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    const UPLOAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>
<reportResponse>
    <responseCode>0</responseCode>
    <responseDescription>Success &amp; more</responseDescription>
    <reportId>4564654987</reportId>
    <fileId>b0754af766b426f2928c02c651ed4b99</fileId>
    <hash>FAFA5EFEAF3CBE3B23B2748D13E629A1</hash>
</reportResponse>";

    const FINISH: &str = "<reportDoneResponse><responseCode>0</responseCode>\
        <reportId>4564654987</reportId><files><fileId>aa</fileId><fileId>bb</fileId></files>\
        </reportDoneResponse>";

    fn outcome(call: CallKind, status: u16, body: &str) -> CallOutcome {
        outcome_of_answer(call, status, body.as_bytes(), None)
    }

    #[test]
    fn an_upload_reply_is_read_whole() {
        let reply = parse_reply(CallKind::Upload, UPLOAD.as_bytes()).expect("a reply");
        assert_eq!(reply.code, 0);
        assert_eq!(reply.description.reveal(), "Success & more");
        assert_eq!(reply.report_id, Some(4_564_654_987));
        let id = "b0754af766b426f2928c02c651ed4b99";
        assert_eq!(reply.file_id.as_deref(), Some(id));
        let md5 = reply.md5.expect("an md5");
        assert_eq!(md5.reveal(), "fafa5efeaf3cbe3b23b2748d13e629a1");
    }

    #[test]
    fn a_finish_reply_lists_the_files() {
        let reply = parse_reply(CallKind::Finish, FINISH.as_bytes()).expect("a reply");
        assert_eq!(reply.report_id, Some(4_564_654_987));
        assert_eq!(reply.file_ids, ["aa", "bb"]);
    }

    #[test]
    fn a_refused_finish_may_come_in_the_common_document() {
        let body = "<reportResponse><responseCode>5102</responseCode></reportResponse>";
        assert_eq!(
            outcome(CallKind::Finish, 200, body),
            CallOutcome::Refused { code: 5102 }
        );
    }

    #[test]
    fn what_is_no_reply_is_refused() {
        let malformed = [
            "",
            "not xml",
            "<reportResponse><responseCode>0</responseCode>",
            "<reportResponse><responseCode>0</reportResponse>",
            "<a/><b/>",
            "<reportResponse/>trailing",
            "<!DOCTYPE reportResponse><reportResponse><responseCode>0</responseCode></reportResponse>",
            "<reportResponse><responseCode>&code;</responseCode></reportResponse>",
            "<a><a><a><a><a><a><a><a><a/></a></a></a></a></a></a></a></a>",
        ];
        for body in malformed {
            let reply = parse_reply(CallKind::Submit, body.as_bytes());
            assert_eq!(reply, Err(ReplyError::Malformed), "{body}");
        }
        let unexpected = [
            FINISH,
            "<html/>",
            "<reportResponse/>",
            "<reportResponse><responseCode>no</responseCode></reportResponse>",
            "<reportResponse><responseCode>0</responseCode></reportResponse>",
            "<reportResponse><responseCode>0</responseCode><reportId>-1</reportId></reportResponse>",
        ];
        for body in unexpected {
            let reply = parse_reply(CallKind::Submit, body.as_bytes());
            let call = CallKind::Submit;
            assert_eq!(reply, Err(ReplyError::Unexpected { call }), "{body}");
        }
    }

    #[test]
    fn a_reply_that_is_too_large_is_not_read() {
        let body = vec![b' '; REPLY_BYTES_MAX + 1];
        let bytes_max = REPLY_BYTES_MAX;
        assert_eq!(
            parse_reply(CallKind::Submit, &body),
            Err(ReplyError::TooLarge { bytes_max })
        );
    }

    #[test]
    fn a_long_description_is_cut() {
        let body = format!(
            "<reportResponse><responseCode>4100</responseCode><responseDescription>{}\
             </responseDescription></reportResponse>",
            "é".repeat(5000)
        );
        let reply = parse_reply(CallKind::Submit, body.as_bytes()).expect("a reply");
        assert_eq!(reply.description.reveal().chars().count(), 200);
    }

    #[test]
    fn an_md5_that_differs_is_told_apart_from_success() {
        let kind = |sent| outcome_of_answer(CallKind::Upload, 200, UPLOAD.as_bytes(), Some(sent));
        assert!(matches!(
            kind("fafa5efeaf3cbe3b23b2748d13e629a1"),
            CallOutcome::Accepted { .. }
        ));
        assert_eq!(
            kind("00000000000000000000000000000000"),
            CallOutcome::Altered
        );
    }

    #[test]
    fn a_status_without_a_reply_counts_as_the_nearest_code() {
        let refused = |code| CallOutcome::Refused { code };
        let answers = [
            (401, refused(2000)),
            (403, refused(3000)),
            (429, refused(1000)),
            (404, refused(4000)),
            (302, refused(4000)),
            (200, CallOutcome::Unknown),
            (500, CallOutcome::Unknown),
            (503, CallOutcome::Unknown),
        ];
        for (status, expected) in answers {
            assert_eq!(outcome(CallKind::Submit, status, ""), expected, "{status}");
        }
    }

    #[test]
    fn half_a_reply_is_no_answer() {
        let half = &FINISH[..FINISH.len() / 2];
        assert_eq!(outcome(CallKind::Finish, 200, half), CallOutcome::Unknown);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_the_reader_fall(body: Vec<u8>) {
            for call in CallKind::ALL {
                let _ = parse_reply(call, &body);
            }
        }
    }
}
