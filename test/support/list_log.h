// Keeps the lines that are written. Any thread.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/mutex.h"

namespace keelson::test {

class ListLog final : public Log {
 public:
  struct Line {
    LogLevel level;
    std::string text;
    std::vector<LogField> fields;
  };

  bool enabled(LogLevel) const override { return true; }
  void write(LogLevel level, std::string_view text, std::vector<LogField> fields,
             std::source_location) override {
    MutexLock hold(mutex_);
    lines_.push_back({level, std::string(text), std::move(fields)});
  }
  void flush() override {}

  std::vector<Line> lines() const {
    MutexLock hold(mutex_);
    return lines_;
  }
  // The lines that begin with `text`.
  std::vector<Line> lines_with(std::string_view text) const {
    std::vector<Line> out = lines();
    std::erase_if(out, [&](const Line& line) { return !line.text.starts_with(text); });
    return out;
  }

 private:
  mutable Mutex mutex_;
  std::vector<Line> lines_ GUARDED_BY(mutex_);
};

}  // namespace keelson::test
