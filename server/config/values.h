// Go's texts of simple values: numbers, booleans, quoted strings, lists.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/status.h"

namespace keelson::config {

// Errors of the next three carry "parse error" or "value out of range", as Go's flag package says.
// Numbers may have a base prefix (0x, 0o, 0b, 0) and, with one, underscores between digits.
Result<int64_t> parse_int(std::string_view text);
Result<uint64_t> parse_uint(std::string_view text);
Result<bool> parse_bool(std::string_view text);

// Why parse_duration refused `text`: "time: missing unit in duration "5"".
std::string duration_error(std::string_view text);

std::string trim(std::string_view text);
// "" gives one empty part, as in Go.
std::vector<std::string> split(std::string_view text, char separator);
std::string join(const std::vector<std::string>& parts, std::string_view separator);
// Go's %q: quotes, backslashes and control characters escaped.
std::string quote(std::string_view text);

// The smallest number of insertions, deletions and replacements between the two.
size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace keelson::config
