//! Decides whether output is coloured.

use anstream::{AutoStream, ColorChoice};
use edgeroute_analysis::render::Color;

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
    /// Returns the stream and the colours to use on it.
    pub(crate) fn stream<S: anstream::stream::RawStream>(self, stream: S) -> (AutoStream<S>, Color) {
        let choice = match self.color {
            When::Auto => AutoStream::choice(&stream),
            When::Always => ColorChoice::AlwaysAnsi,
            When::Never => ColorChoice::Never,
        };
        let color = if choice == ColorChoice::Never { Color::Never } else { Color::Ansi };
        (AutoStream::new(stream, choice), color)
    }

    /// The equivalent of `--color auto`, for commands without that argument.
    pub(crate) const fn auto() -> Self {
        Self { color: When::Auto }
    }
}
