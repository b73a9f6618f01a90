// Ends of key ranges.
#pragma once

#include <string>

namespace keelson::ctl {

// The first key behind all keys with the prefix; "\0", which is the open end, if there is none.
inline std::string prefix_end(std::string prefix) {
  while (!prefix.empty() && prefix.back() == '\xff') prefix.pop_back();
  if (prefix.empty()) return std::string(1, '\0');
  prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

// Makes the range of `request` all keys with its key as prefix; an empty key means all keys.
template <class Request>
void make_prefix_range(Request* request) {
  if (request->key().empty()) request->set_key(std::string(1, '\0'));
  bool all = request->key() == std::string(1, '\0');
  request->set_range_end(all ? std::string(1, '\0') : prefix_end(request->key()));
}

// Makes the range of `request` all keys from its key on.
template <class Request>
void make_open_range(Request* request) {
  if (request->key().empty()) request->set_key(std::string(1, '\0'));
  request->set_range_end(std::string(1, '\0'));
}

}  // namespace keelson::ctl
