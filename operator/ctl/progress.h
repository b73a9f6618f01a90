// A line of progress on standard error, drawn only when that is a terminal.
#pragma once

#include <chrono>
#include <mutex>
#include <string>

#include "ctl/console.h"

namespace keelson::ctl {

// Thread-safe. Drawn at most a few times a second.
class Progress {
 public:
  Progress(Console& console, bool visible) : console_(console), visible_(visible) {}
  ~Progress() { clear(); }

  // Shows the text in place of the one before.
  void show(const std::string& text);
  // Takes the line away.
  void clear();

 private:
  Console& console_;
  const bool visible_;
  std::mutex mutex_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point next_{};
};

}  // namespace keelson::ctl
