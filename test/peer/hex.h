// Bytes as the reference writes them down: hex with blanks.
#pragma once

#include <cstdlib>
#include <string>
#include <string_view>

namespace keelson::peer::test {

inline std::string unhex(std::string_view text) {
  std::string digits, out;
  for (const char c : text) {
    if (c != ' ') digits += c;
  }
  for (size_t i = 0; i + 1 < digits.size(); i += 2)
    out += static_cast<char>(std::strtoul(digits.substr(i, 2).c_str(), nullptr, 16));
  return out;
}

// Ids of the recorded cluster, as they stand in messages.
inline const std::string kA = "eabf82a59fc193a32d";
inline const std::string kB = "d893aeb2dea3dbddff01";
inline const std::string kC = "c5a3b6d1c0b7ed968701";
inline constexpr uint64_t kIdA = 0x2d464e09f4a09fea;
inline constexpr uint64_t kIdB = 0xffbb6d1de64b89d8;
inline constexpr uint64_t kIdC = 0x872db5bc0a2d91c5;

}  // namespace keelson::peer::test
