//! Whether what is written is in colours.

use anstream::{AutoStream, ColorChoice};
use edgeroute::render::Color;

/// When to use color.
#[derive(Copy, Clone, Debug, clap::Args)]
pub(crate) struct ColorArguments {
    /// When to use color
    #[arg(long, value_enum, value_name = "WHEN", default_value_t)]
    color: When,
}

#[derive(Copy, Clone, PartialEq, Eq, Debug, Default, clap::ValueEnum)]
enum When {
    #[value(help = "On a terminal, unless NO_COLOR is set or TERM is dumb")]
    #[default]
    Auto,
    /// Always, for pagers and logs that show color
    Always,
    /// Never
    Never,
}

impl ColorArguments {
    /// The stream, and in what colours to write to it.
    pub(crate) fn stream<S: anstream::stream::RawStream>(self, stream: S) -> (AutoStream<S>, Color) {
        let choice = match self.color {
            When::Auto => AutoStream::choice(&stream),
            When::Always => ColorChoice::AlwaysAnsi,
            When::Never => ColorChoice::Never,
        };
        let color = if choice == ColorChoice::Never { Color::Never } else { Color::Ansi };
        (AutoStream::new(stream, choice), color)
    }

    /// As `--color auto`, for commands that have no such argument.
    pub(crate) const fn auto() -> Self {
        Self { color: When::Auto }
    }
}
