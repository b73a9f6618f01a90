// From the command line, the environment and perhaps a file to one Config, or to the reason why
// not.
#pragma once

#include <functional>
#include <optional>
#include <source_location>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/status.h"
#include "config/config.h"

namespace keelson::config {

// A line for the log, made before there is one.
struct Note {
  LogLevel level = LogLevel::kInfo;
  std::string msg;
  std::vector<LogField> fields;
  std::source_location where;

  Note(LogLevel l, std::string m, std::vector<LogField> f,
       std::source_location w = std::source_location::current())
      : level(l), msg(std::move(m)), fields(std::move(f)), where(w) {}
};

// Without a config the process prints `out` and `err`, logs the notes and leaves with exit_code:
// 0 help and version, 1 values that do not fit together, 2 a command line that cannot be read.
struct Outcome {
  std::optional<Config> config;
  int exit_code = 0;
  std::string out;
  std::string err;
  std::vector<Note> notes;  // warnings, and what does nothing here; log them once at the start
  bool console = false;     // the form of the log, good without a config, too
};

// All that parsing sees of the world, so that tests make their own.
struct Inputs {
  std::vector<std::string> args;         // without the program's name
  std::vector<std::string> environment;  // "NAME=value"
  std::function<Result<std::string>(const std::string& path)> read_file;
  // This host's address on its default route, empty when there is none.
  std::function<std::string()> default_host;
};

Outcome parse(const Inputs& inputs);
Outcome parse(int argc, char** argv, char** environment);

void write_notes(Log& log, const std::vector<Note>& notes);
// Prints and logs an outcome without a config to stdout and stderr; returns its exit code.
int leave(const Outcome& outcome, const Clock& clock);

LogOptions log_options(const Config& config);

}  // namespace keelson::config
