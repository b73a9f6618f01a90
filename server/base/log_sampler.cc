#include "base/log_sampler.h"

#include <functional>

namespace keelson {

bool LogSampler::admit(LogLevel level, std::string_view msg, std::chrono::nanoseconds wall) {
  const size_t hash = std::hash<std::string_view>()(msg) * 31 + static_cast<size_t>(level);
  Slot& slot = slots_[hash % slots_.size()];
  const bool clock_went_back = slot.ends - wall > std::chrono::seconds(1);
  if (wall >= slot.ends || clock_went_back) {
    slot.ends = wall + std::chrono::seconds(1);
    slot.count = 0;
  }
  ++slot.count;
  return slot.count <= kFirst || (slot.count - kFirst) % kThereafter == 0;
}

}  // namespace keelson
