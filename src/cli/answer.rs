//! How an answer is printed: in words the same way for all, in every other form as its kind has it.
//!
//! ```text
//! Question ──World::answer──► Answer ──text──► its page          outcome ──► the exit code
//!                                    ──json, csv, …──► a file here for each kind of answer
//! ```

use std::io;

use crate::ask::{Answer, Fault, Question};

use super::form::{Form, Layout, Titles};
use super::{
    Asked, Exit, can, choke, explain, fix, list, map, matrix, permissions, reach, sidestep, touch, trace, trust,
    who_can,
};

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
    ) -> Result<Exit, Fault> {
        let answer = self.world.answer(question, &self.context.here)?;
        self.write(&answer, layout.into(), out)?;
        Ok(answer.outcome().map_or(Exit::Yes, Exit::from))
    }

    fn write(&self, answer: &Answer<'_>, layout: Layout, out: &mut dyn io::Write) -> Result<(), Fault> {
        if layout.form == Form::Text {
            return Ok(self.context.write_within(&answer.page(self.world), layout.extent, out)?);
        }
        let form = layout.form;
        // Rows without titles are for other programs.
        if layout.titles == Titles::Shown {
            self.context.head(form, out)?;
        }
        match answer {
            Answer::Trace(it) => trace::write(it, form, self, out),
            Answer::Map(it) => map::write(it, layout, self, out),
            Answer::Reach(it) => reach::write(it, layout, self, out),
            Answer::Choke(it) => choke::write(it, form, self, out),
            Answer::Fix(it) => fix::write(it, form, self, out),
            Answer::Sidestep(it) => sidestep::write(it, layout, self, out),
            Answer::Trust(id, found) => trust::write((id, found.as_ref()), layout, self, out),
            Answer::Can(it) => can::write(it, form, self, out),
            Answer::WhoCan(it) => who_can::write(it, layout, self, out),
            Answer::Permissions(it) => permissions::write(it, layout, self, out),
            Answer::Compared(it) => permissions::write_compared(it, layout, self, out),
            Answer::Explanation(it) => explain::write(it, form, self, out),
            Answer::Touched(it) => touch::write(it, form, self, out),
            Answer::Namespaces(it) => matrix::write_namespaces(it, layout, self, out),
            Answer::Access(it) => matrix::write_access(it, layout, self, out),
            Answer::List(it) => list::write(it, layout, self, out),
        }
    }
}
