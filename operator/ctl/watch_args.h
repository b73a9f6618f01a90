// Which words of a watch command are the key, and which the command to run for each event.
#pragma once

#include <string>
#include <vector>

#include "ctl/result.h"

namespace keelson::ctl {

struct WatchWords {
  std::vector<std::string> keys;     // key and, perhaps, range end
  std::vector<std::string> command;  // behind `--`; may be empty
};

// `line` holds the words behind `watch` as typed, with flags and `--`; `arguments` those that are
// no flags, without the `--`. `env_key` and `env_end` are ETCDCTL_WATCH_KEY and
// ETCDCTL_WATCH_RANGE_END; a key given in both ways is an error.
Result<WatchWords> split_watch_words(const std::vector<std::string>& line,
                                     const std::vector<std::string>& arguments,
                                     const std::string& env_key, const std::string& env_end);

}  // namespace keelson::ctl
