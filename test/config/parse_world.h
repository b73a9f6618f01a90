// A command line, an environment and files for config::parse.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "config/parse.h"

namespace keelson::config::test {

struct World {
  std::vector<std::string> environment;
  std::map<std::string, std::string> files;
  std::string host;

  Outcome parse(std::vector<std::string> args) const {
    Inputs inputs;
    inputs.args = std::move(args);
    inputs.environment = environment;
    inputs.read_file = [this](const std::string& path) -> Result<std::string> {
      const auto it = files.find(path);
      if (it == files.end())
        return Status(Code::kNotFound, "open " + path + ": no such file or directory");
      return it->second;
    };
    inputs.default_host = [this] { return host; };
    return config::parse(inputs);
  }
};

inline Outcome parse(std::vector<std::string> args) { return World().parse(std::move(args)); }
inline Outcome parse_nothing() { return World().parse({}); }

inline Outcome parse_file(std::string text) {
  World world;
  world.files["c.yml"] = std::move(text);
  return world.parse({"--config-file=c.yml"});
}

// The config, or a failure that shows why there is none.
inline Config good(const Outcome& outcome) {
  EXPECT_TRUE(outcome.config.has_value()) << outcome.err;
  for (const Note& note : outcome.notes)
    for (const LogField& field : note.fields)
      if (!outcome.config && field.key == "error")
        ADD_FAILURE() << std::get<std::string>(field.value);
  return outcome.config.value_or(Config());
}

// Value of a field of the first note with this message; empty when there is none.
inline std::string note_field(const Outcome& outcome, const std::string& msg,
                              const std::string& key) {
  for (const Note& note : outcome.notes) {
    if (note.msg != msg) continue;
    for (const LogField& field : note.fields)
      if (field.key == key) return std::get<std::string>(field.value);
  }
  return "";
}

inline bool has_note(const Outcome& outcome, const std::string& msg) {
  for (const Note& note : outcome.notes)
    if (note.msg == msg) return true;
  return false;
}

// What "failed to verify flags" says.
inline std::string refusal(const Outcome& outcome) {
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_FALSE(outcome.config.has_value());
  return note_field(outcome, "failed to verify flags", "error");
}

inline std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace keelson::config::test
