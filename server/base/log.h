// Structured log lines in etcd's form: one JSON object (or a console line) each, keys in the order
// level, ts, caller, msg, then the fields. Any thread may call. A logger thread writes; when it
// cannot keep up, lines are dropped and counted, never waited for.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/duration.h"
#include "base/status.h"

namespace keelson {

enum class LogLevel : uint8_t { kDebug, kInfo, kWarn, kError, kPanic, kFatal };

// One field of a line. Durations print as Go does ("1.5ms"), ids as lower-case hex when given by
// hex().
struct LogField {
  using Value = std::variant<std::string, int64_t, uint64_t, double, bool, Duration,
                             std::vector<std::string>>;
  std::string key;
  Value value;

  LogField(std::string k, std::string v) : key(std::move(k)), value(std::move(v)) {}
  LogField(std::string k, std::string_view v) : key(std::move(k)), value(std::string(v)) {}
  LogField(std::string k, const char* v) : key(std::move(k)), value(std::string(v)) {}
  LogField(std::string k, int v) : key(std::move(k)), value(static_cast<int64_t>(v)) {}
  LogField(std::string k, int64_t v) : key(std::move(k)), value(v) {}
  LogField(std::string k, uint64_t v) : key(std::move(k)), value(v) {}
  LogField(std::string k, double v) : key(std::move(k)), value(v) {}
  LogField(std::string k, bool v) : key(std::move(k)), value(v) {}
  LogField(std::string k, Duration v) : key(std::move(k)), value(v) {}
  LogField(std::string k, std::vector<std::string> v) : key(std::move(k)), value(std::move(v)) {}
};

class Log {
 public:
  virtual ~Log() = default;
  virtual bool enabled(LogLevel level) const = 0;
  virtual void write(LogLevel level, std::string_view msg, std::vector<LogField> fields,
                     std::source_location where) = 0;
  // Returns when all lines written so far have reached their outputs.
  virtual void flush() = 0;

  using Where = std::source_location;
  using Fields = std::initializer_list<LogField>;
  void debug(std::string_view m, Fields f = {}, Where w = Where::current()) {
    put(LogLevel::kDebug, m, f, w);
  }
  void info(std::string_view m, Fields f = {}, Where w = Where::current()) {
    put(LogLevel::kInfo, m, f, w);
  }
  void warn(std::string_view m, Fields f = {}, Where w = Where::current()) {
    put(LogLevel::kWarn, m, f, w);
  }
  void error(std::string_view m, Fields f = {}, Where w = Where::current()) {
    put(LogLevel::kError, m, f, w);
  }
  // Writes, flushes and leaves the process to the caller (exit code 1 belongs to main).
  void fatal(std::string_view m, Fields f = {}, Where w = Where::current()) {
    put(LogLevel::kFatal, m, f, w);
    flush();
  }

 private:
  void put(LogLevel level, std::string_view m, Fields f, Where w) {
    if (enabled(level)) write(level, m, f, w);
  }
};

// Swallows everything: for tests.
class NullLog final : public Log {
 public:
  bool enabled(LogLevel) const override { return false; }
  void write(LogLevel, std::string_view, std::vector<LogField>, std::source_location) override {}
  void flush() override {}
};

// --- the log of the process ---------------------------------------------------------------------

struct LogRotation {
  bool enabled = false;
  int64_t max_size_mb = 100, max_age_days = 0, max_backups = 0;  // 0 = no bound for the last two
  bool local_time = false, compress = false;                     // of the names; gzip of old files
};

struct LogOptions {
  // "default" and "stderr", "stdout", "systemd/journal", or the path of a file that is appended to.
  std::vector<std::string> outputs{"default"};
  LogLevel level = LogLevel::kInfo;
  bool console = false;  // else JSON
  LogRotation rotation;  // of the one file among the outputs
};

// Where finished lines go. Called by the logger thread alone.
class LogOutput {
 public:
  virtual ~LogOutput() = default;
  // `line` ends with a newline. Failures are the output's own matter: a log must not stop a server.
  virtual void write(LogLevel level, std::string_view line) = 0;
};

// A Log with a thread of its own. Of equal messages of one level in one second the first 100 are
// written, then each 100th. Destroying it flushes.
class Logger : public Log {
 public:
  // Any thread; counts from the next line on.
  virtual void set_level(LogLevel level) = 0;
  // Lines lost because the thread could not keep up (a line says so, too).
  virtual uint64_t dropped() const = 0;
};

// `clock` must outlive the logger. Fails when an output cannot be opened.
Result<std::unique_ptr<Logger>> make_log(const LogOptions& options, const Clock& clock);
// The same with outputs made by the caller; options.outputs and options.rotation are not looked at.
std::unique_ptr<Logger> make_log(const LogOptions& options, const Clock& clock,
                                 std::vector<std::unique_ptr<LogOutput>> outputs);

// "info": the lower-case name, as lines and --log-level carry it.
std::string_view log_level_name(LogLevel level);

}  // namespace keelson
