// What the fuzzer and the replay of its corpus do with an input: take it for a database image and
// read all of it, both ways. The metas' checksums are put right first, else nothing gets past them.
#pragma once

#include <cstring>
#include <string>

#include "etcdfile/image_world.h"

namespace keelson::etcdfile {

inline void repair_metas(std::string& bytes) {
  for (const size_t at : {size_t{0}, size_t{kPageBytesMin}}) {
    if (bytes.size() < at + kMetaEndBytes) return;
    const uint64_t sum = fnv1a64(std::string_view(bytes).substr(at + kPageHeaderBytes, 56));
    std::memcpy(bytes.data() + at + kMetaEndBytes - 8, &sum, sizeof sum);
  }
}

inline void fuzz_image(std::string bytes) {
  repair_metas(bytes);
  test::CrashFileSystem fs;
  fs.set_content("/f", bytes);
  const bool readable = read_buckets(fs, "/f").ok();
  const auto image = read_image(fs, "/f", {.digest = DigestCheck::kSkip});
  if (!image.ok()) return;
  // What the upper layer accepts is a sound tree over all buckets, and can be written again.
  CHECK(readable);
  ContentsSource source(*image);
  if (!write_image(fs, "/g", source).ok()) return;
  const auto again = read_image(fs, "/g");
  CHECK(again.ok());
  CHECK(again->versions == image->versions);
  CHECK(again->leases == image->leases);
}

}  // namespace keelson::etcdfile
