// A slice of the node's turn: work that may be long looks at it between two pieces.
#pragma once

#include "base/clock.h"

namespace keelson::apply {

struct Slice {
  const Clock& clock;
  TimePoint deadline;
  bool over() const { return clock.now() >= deadline; }
};

}  // namespace keelson::apply
