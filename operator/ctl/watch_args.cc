#include "ctl/watch_args.h"

#include <algorithm>

namespace keelson::ctl {

Result<WatchWords> split_watch_words(const std::vector<std::string>& line,
                                     const std::vector<std::string>& arguments,
                                     const std::string& env_key, const std::string& env_end) {
  auto mark = std::find(line.begin(), line.end(), "--");
  bool marked = mark != line.end();
  WatchWords words;
  if (marked) words.command.assign(mark + 1, line.end());
  if (marked && words.command.empty()) {
    return bad_args("bad number of arguments (found separator --, but no commands)");
  }
  if (arguments.size() < words.command.size()) return bad_args("bad number of arguments");
  words.keys.assign(arguments.begin(),
                    arguments.end() - static_cast<std::ptrdiff_t>(words.command.size()));
  if (!env_key.empty() && !words.keys.empty()) {
    return bad_args("bad number of arguments (found conflicting environment key)");
  }
  if (!env_key.empty()) {
    words.keys = {env_key};
    if (!env_end.empty()) words.keys.push_back(env_end);
  }
  if (words.keys.empty()) return bad_args("bad number of arguments");
  return words;
}

}  // namespace keelson::ctl
