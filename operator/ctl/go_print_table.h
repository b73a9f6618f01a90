// The ranges of printable runes, ascending and apart from each other.
#pragma once

#include <cstddef>

namespace keelson::ctl {

struct RuneRange {
  char32_t first;
  char32_t last;
};

extern const RuneRange kPrintable[];
extern const size_t kPrintableCount;

}  // namespace keelson::ctl
