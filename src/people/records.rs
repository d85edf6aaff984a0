//! CSV to records (RFC 4180), each with the line that it begins at.
//!
//! The `csv` crate reads an unended quote as a field that goes on to the end of the file. Of a directory that would be
//! half of the people gone without a word, and what they may do would be told of nobody: here it is an error.

/// The records of a CSV with the line each begins at; blank lines are none. An unended quote gives its line.
pub(super) fn records(text: &str) -> Result<Vec<(usize, Vec<String>)>, usize> {
    let (mut records, mut fields, mut field) = (Vec::new(), Vec::new(), String::new());
    let (mut line, mut begin) = (1, 1);
    let mut quoted = false;
    let mut characters = text.chars().peekable();
    while let Some(it) = characters.next() {
        line += usize::from(it == '\n');
        match it {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                field.push('"');
            }
            '"' if quoted => quoted = false,
            '"' if field.is_empty() => quoted = true,
            ',' if !quoted => fields.push(std::mem::take(&mut field)),
            '\r' if !quoted && characters.peek() == Some(&'\n') => {}
            '\n' if !quoted => {
                fields.push(std::mem::take(&mut field));
                push_record(&mut records, begin, std::mem::take(&mut fields));
                begin = line;
            }
            other => field.push(other),
        }
    }
    if quoted {
        return Err(begin);
    }
    fields.push(field);
    push_record(&mut records, begin, fields);
    Ok(records)
}

fn push_record(records: &mut Vec<(usize, Vec<String>)>, line: usize, fields: Vec<String>) {
    if fields.iter().any(|it| !it.is_empty()) {
        records.push((line, fields));
    }
}
