// The steps of parse(), each a function over the settings gathered so far. Internal to config.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/flag_table.h"
#include "config/parse.h"

namespace keelson::config {

// --- reading -------------------------------------------------------------------------------------

struct CommandLine {
  bool help = false;
  std::string error;              // Go's text; not empty: exit 2
  std::vector<std::string> rest;  // arguments that are no flags
};
CommandLine read_command_line(const std::vector<std::string>& args, Settings& settings);

// Sets what the command line has not set. False when the outcome is a refusal.
bool read_environment(const std::vector<std::string>& environment, Settings& settings,
                      Outcome& outcome);
// The value of one variable, empty when it is not set.
std::string lookup(const std::vector<std::string>& environment, std::string_view name);

// Sets flags from the text of a YAML or JSON file.
bool read_config_file(const std::string& text, Settings& settings, Outcome& outcome);

// --- judging -------------------------------------------------------------------------------------

// In etcd's order; the first that fails gives the text of "failed to verify flags".
Status resolve_log(Settings& settings);
Status check_urls(const Settings& settings);
Status check_discovery(const Settings& settings);
Status resolve_timers(Settings& settings);
Status check_features(const Settings& settings);
Status check_tls_versions(const Config& config);
// What etcd finds out only when it starts ("discovery failed").
Status resolve_compaction(Settings& settings);
Status check_certificates(const Config& config);

// Default data folder, default advertised URLs and initial cluster.
void fill_defaults(Settings& settings, const std::string& default_host, std::vector<Note>& notes);
// What was given and changes nothing, and what was given under an old name.
void add_notes(const Settings& settings, std::vector<Note>& notes);

inline void add_note(std::vector<Note>& notes, LogLevel level, std::string msg,
                     std::vector<LogField> fields,
                     std::source_location where = std::source_location::current()) {
  notes.emplace_back(level, std::move(msg), std::move(fields), where);
}

// --- texts ---------------------------------------------------------------------------------------

std::string usage_text();
std::string help_text();
std::string version_text();

}  // namespace keelson::config
