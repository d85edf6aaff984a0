//! How an answer is printed: in words the same way for all, in every other form as its kind has it.
//!
//! ```text
//! Question ──World::answer──► Answer ──text──► its page          outcome ──► the exit code
//!                                    ──json, csv, …──► a file here for each kind of answer
//! ```

use std::io;

use crate::ask::question::list::Titles;
use crate::ask::{Answer, Question};

use super::{Asked, Exit, Failure, can, explain, list, map, matrix, paint, permissions, reach, touch, trace, who_can};

/// All forms that answers are printed in; a command offers those that its answer has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// Lines, as the screen shows them.
    Text,
    /// Lists with all their columns.
    Wide,
    Json,
    Yaml,
    Csv,
    /// A graph, as Graphviz reads it.
    Dot,
    /// Markdown.
    Md,
}

/// A form, and whether its tables have titles.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Layout {
    pub form: Form,
    pub titles: Titles,
}

impl From<Form> for Layout {
    fn from(form: Form) -> Self {
        Self { form, titles: Titles::Shown }
    }
}

impl Asked<'_> {
    /// Asks a question and prints the answer.
    ///
    /// # Errors
    /// It cannot be asked, or stdout cannot be written.
    pub fn print(
        &self,
        question: &Question,
        layout: impl Into<Layout>,
        out: &mut dyn io::Write,
    ) -> Result<Exit, Failure> {
        let answer = self.world.answer(question, &self.context.here)?;
        self.write(&answer, layout.into(), out)?;
        Ok(answer.outcome().map_or(Exit::Yes, Exit::from))
    }

    fn write(&self, answer: &Answer<'_>, layout: Layout, out: &mut dyn io::Write) -> Result<(), Failure> {
        if layout == Layout::from(Form::Text) {
            return Ok(paint::write(&answer.page(self.world), self.context.look, out)?);
        }
        let form = layout.form;
        match answer {
            Answer::Trace(it) => trace::write(it, self, out),
            Answer::Map(it) => map::write(it, form, self, out),
            Answer::Reach(it) => reach::write(it, form, self, out),
            Answer::Can(it) => can::write(it, form, self, out),
            Answer::WhoCan(it) => who_can::write(it, form, self, out),
            Answer::Permissions(it) => permissions::write(it, form, self, out),
            Answer::Compared(it) => permissions::write_compared(it, form, self, out),
            Answer::Explanation(it) => explain::write(it, self, out),
            Answer::Touched(it) => touch::write(it, self, out),
            Answer::Namespaces(it) => matrix::write_namespaces(it, self, out),
            Answer::Access(it) => matrix::write_access(it, self, out),
            Answer::List(it) => list::write(it, layout, self, out),
        }
    }
}
