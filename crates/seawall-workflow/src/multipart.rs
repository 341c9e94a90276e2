//! A form with a file, as RFC 7578 describes it.

use bytes::{BufMut, Bytes, BytesMut};
use seawall_core::Random;

/// The body of a form with one text field and one file, and its content type.
pub(crate) fn form_with_file(
    text: (&str, &str),
    file: (&str, &[u8]),
    random: &dyn Random,
) -> (String, Bytes) {
    let mut bytes = [0_u8; 16];
    random.fill(&mut bytes);
    let boundary: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut body = BytesMut::with_capacity(file.1.len() + 512);
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n{}\r\n\
         --{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{}\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n",
        text.0, text.1, file.0
    );
    body.put_slice(head.as_bytes());
    body.put_slice(file.1);
    body.put_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    (
        format!("multipart/form-data; boundary={boundary}"),
        body.freeze(),
    )
}
