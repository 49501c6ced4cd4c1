//! Reading lines of limited length, so that no client can fill the memory with one that never ends.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt};

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// Without its line end.
    Text(Vec<u8>),
    /// It was read to its end and thrown away.
    TooLong,
    End,
}

/// Reads up to the next line feed; a line cut off by the end of the stream counts as the end.
pub(super) async fn read_line(
    reader: &mut (impl AsyncBufRead + Unpin),
    limit_bytes: usize,
) -> io::Result<Line> {
    let mut text = Vec::new();
    let mut is_too_long = false;
    loop {
        let available = reader.fill_buf().await?;
        if available.is_empty() {
            return Ok(Line::End);
        }
        let end = available.iter().position(|byte| *byte == b'\n');
        let taken = end.map_or(available.len(), |end| end + 1);
        if text.len() + taken > limit_bytes {
            is_too_long = true;
            text.clear();
        }
        if !is_too_long {
            text.extend(available.iter().take(taken));
        }
        reader.consume(taken);
        if end.is_some() {
            break;
        }
    }
    if is_too_long {
        return Ok(Line::TooLong);
    }
    text.pop();
    if text.last() == Some(&b'\r') {
        text.pop();
    }
    Ok(Line::Text(text))
}

#[cfg(test)]
mod tests {
    use tokio::io::BufReader;

    use super::{Line, read_line};

    #[tokio::test]
    async fn lines_end_with_either_form_and_long_ones_are_skipped() {
        let bytes: &[u8] = b"EHLO a\r\nNOOP\naaaaaaaaaaaaaaaaaaaaaaaaaa\r\nQUIT\r\ncut";
        // A tiny buffer, so that lines come in pieces.
        let mut reader = BufReader::with_capacity(4, bytes);
        let mut lines = Vec::new();
        loop {
            match read_line(&mut reader, 12).await.unwrap() {
                Line::End => break,
                line => lines.push(line),
            }
        }
        let text = |text: &str| Line::Text(text.as_bytes().to_vec());
        assert_eq!(
            lines,
            [text("EHLO a"), text("NOOP"), Line::TooLong, text("QUIT")]
        );
    }
}
