// The SHA-256 of an image and the 32 bytes that a saved snapshot carries behind it. Reads the file
// from front to back in pieces of 1 MiB. Any thread. Source: reference etcd-data.md section 7.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/status.h"
#include "io/fs.h"

namespace keelson::etcdfile {

using Digest = std::array<char, 32>;

// Over the file's first `bytes` bytes; DataLoss when it is shorter. `path` for error texts.
Result<Digest> digest_of(io::File& file, const std::string& path, uint64_t bytes);

enum class DigestFound : uint8_t { kNone, kGood };
// etcd's rule: a file of n * 512 + 32 bytes carries a digest in its last 32. DataLoss when it does
// not match what is in front of it.
Result<DigestFound> check_trailing_digest(io::File& file, const std::string& path);

}  // namespace keelson::etcdfile
