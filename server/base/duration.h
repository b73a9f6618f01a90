// Go's text of durations, which flags, logs and error texts carry: "1h2m3.5s", "1.5ms", "0s".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace keelson {

// "1.5ms", "2m0s", "0s". Reads back with parse_duration to the same value.
std::string duration_text(Duration d);

// One or more decimal numbers, each with a unit (ns, us, µs, ms, s, m, h), after an optional sign;
// or a bare "0". Fractions below a nanosecond are cut off. Nothing when the text is not that or the
// value does not fit into 64 bits of nanoseconds.
std::optional<Duration> parse_duration(std::string_view text);

}  // namespace keelson
