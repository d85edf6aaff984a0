//! In which form an answer is wanted: objects, a table, or metadata alone.

use super::failure::Failure;

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerForm {
    Object,
    Table,
    /// Metadata of each object alone (`PartialObjectMetadata`, and its list).
    Metadata,
}

impl AnswerForm {
    /// The first form of an `Accept` header that is spoken here.
    pub fn wanted(accept: &str) -> Result<AnswerForm, Failure> {
        if accept.trim().is_empty() {
            return Ok(AnswerForm::Object);
        }
        accept.split(',').find_map(|range| AnswerForm::of_range(range.trim())).ok_or_else(Failure::not_acceptable)
    }

    fn of_range(range: &str) -> Option<AnswerForm> {
        let mut parts = range.split(';').map(str::trim);
        if !matches!(parts.next()?, "application/json" | "application/*" | "*/*") {
            return None;
        }
        let (mut wanted, mut version) = (None, "v1");
        for part in parts {
            match part.split_once('=') {
                Some(("as", name)) => wanted = Some(name),
                Some(("v", name)) => version = name,
                _ => {}
            }
        }
        match (wanted, version) {
            (None, _) => Some(AnswerForm::Object),
            (Some("Table"), "v1") => Some(AnswerForm::Table),
            (Some("PartialObjectMetadata" | "PartialObjectMetadataList"), "v1") => Some(AnswerForm::Metadata),
            _ => None,
        }
    }
}

/// Whether the client can read gzip.
pub fn reads_gzip(accept_encoding: &str) -> bool {
    accept_encoding.split(',').any(|coding| {
        let (name, quality) = coding.split_once(';').unwrap_or((coding, ""));
        matches!(name.trim(), "gzip" | "*") && quality.trim() != "q=0"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_form_that_is_spoken_is_taken() {
        let kubectl = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";
        assert_eq!(AnswerForm::wanted(kubectl), Ok(AnswerForm::Table));
        assert_eq!(AnswerForm::wanted("application/vnd.kubernetes.protobuf, application/json"), Ok(AnswerForm::Object));
        assert_eq!(
            AnswerForm::wanted("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"),
            Ok(AnswerForm::Metadata)
        );
        assert_eq!(AnswerForm::wanted(""), Ok(AnswerForm::Object));
        assert_eq!(AnswerForm::wanted("application/vnd.kubernetes.protobuf").map_err(|failure| failure.code), Err(406));
    }

    #[test]
    fn gzip_is_sent_only_to_those_who_read_it() {
        assert!(reads_gzip("gzip, deflate") && reads_gzip("br;q=1, gzip;q=0.5"));
        assert!(!reads_gzip("identity") && !reads_gzip("gzip;q=0"));
    }
}
