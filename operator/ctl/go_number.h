// Numbers, booleans and durations as Go's strconv and time packages read and print them. The texts
// of their errors are part of what etcdctl prints.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "ctl/result.h"

namespace keelson::ctl {

using Duration = std::chrono::nanoseconds;

// strconv.ParseInt and ParseUint with 64 bits; base 0 takes 0x, 0o, 0b, a leading 0 and `_`.
// A failure has only the text set, e.g. `strconv.ParseInt: parsing "x": invalid syntax`.
Result<int64_t> parse_int(std::string_view text, int base);
Result<uint64_t> parse_uint(std::string_view text, int base);
// strconv.ParseBool: 1, t, T, TRUE, true, True and their opposites.
Result<bool> parse_bool(std::string_view text);
// time.ParseDuration: `1h2m3.5s`, units ns us ms s m h.
Result<Duration> parse_duration(std::string_view text);

// time.Duration.String: `1h2m3.5s`, `1.234567ms`, `0s`.
std::string format_duration(Duration value);

// %x and %016x.
std::string hex(uint64_t value);
std::string hex16(uint64_t value);

// Sizes in powers of 1000 with two digits, e.g. `20 kB`, `2.1 GB`.
std::string humanize_bytes(uint64_t bytes);

// The bytes in lower-case hexadecimal as `\x61\x62`.
std::string escape_hex(std::string_view bytes);

}  // namespace keelson::ctl
