#include "etcdfile/digest.h"

#include <algorithm>

#include "base/bytes.h"
#include "io/sha.h"

namespace keelson::etcdfile {
namespace {

constexpr uint64_t kPieceBytes = 1024 * 1024;

Status cut_off(const std::string& path) {
  return Status(Code::kDataLoss, "etcdfile: " + path + " became shorter while it was read");
}

}  // namespace

Result<Digest> digest_of(io::File& file, const std::string& path, uint64_t bytes) {
  io::Sha256 sha;
  std::string piece(std::min(bytes, kPieceBytes), '\0');
  for (uint64_t at = 0; at < bytes;) {
    const uint64_t want = std::min(bytes - at, kPieceBytes);
    auto got = file.read_at(at, std::span(piece.data(), want));
    if (!got.ok()) return got.status();
    if (*got != want) return cut_off(path);
    sha.update({piece.data(), want});
    at += want;
  }
  return sha.finish();
}

Result<DigestFound> check_trailing_digest(io::File& file, const std::string& path) {
  auto size = file.size();
  if (!size.ok()) return size.status();
  Digest stored;
  if (*size % 512 != stored.size()) return DigestFound::kNone;
  auto got = file.read_at(*size - stored.size(), stored);
  if (!got.ok()) return got.status();
  if (*got != stored.size()) return cut_off(path);
  auto computed = digest_of(file, path, *size - stored.size());
  if (!computed.ok()) return computed.status();
  if (*computed == stored) return DigestFound::kGood;
  return Status(Code::kDataLoss, "etcdfile: " + path + ": the SHA-256 at its end is " +
                                     hex_bytes({stored.data(), stored.size()}) +
                                     ", its content has " +
                                     hex_bytes({computed->data(), computed->size()}));
}

}  // namespace keelson::etcdfile
