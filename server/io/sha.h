// Digests, behind one header so that OpenSSL stays in io/.
#pragma once

#include <array>
#include <memory>
#include <string_view>

namespace keelson::io {

std::array<char, 20> sha1(std::string_view data);

// SHA-256 over data that comes in pieces.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  void update(std::string_view data);
  std::array<char, 32> finish();  // the next update() begins a new digest

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace keelson::io
