//! Rows in columns: lines whose cells stand below each other.
//!
//! ```text
//! NAMESPACE  IN  OUT
//! payments   1   1
//! ```

use super::{Line, Shape};
use crate::model::untrusted;

/// Rows in columns that are as wide as what stands in them; every row has as many cells as the first.
pub fn lines(rows: Vec<Vec<String>>) -> impl Iterator<Item = Line> {
    let rows: Vec<Vec<String>> = rows.into_iter().map(|row| row.iter().map(|it| safe(it)).collect()).collect();
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    rows.into_iter().map(move |row| {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        Line { text: cells.join("  ").trim_end().to_owned(), shape: Shape::Row, ..Line::default() }
    })
}

fn safe(cell: &str) -> String {
    untrusted::show(cell).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Page;

    #[test]
    fn cells_stand_below_each_other_and_command_no_terminal() {
        let rows = [["NAME", "IN"], ["a\u{1b}", "10"], ["longer", ""]];
        let rows = rows.map(|it| it.map(str::to_owned).to_vec()).to_vec();
        let page = Page { lines: lines(rows).collect(), fold: None };
        assert_eq!(page.to_string(), "NAME     IN\na\\u{1b}  10\nlonger\n");
    }
}
