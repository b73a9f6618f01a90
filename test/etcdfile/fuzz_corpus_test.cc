// Every input that the fuzzer found worth keeping, read again.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "fuzz/etcdfile_image.h"

namespace keelson::etcdfile {
namespace {

TEST(EtcdfileFuzz, corpus_is_read_without_a_crash) {
  size_t files = 0;
  const std::filesystem::path corpus = KEELSON_TEST_DIR "/fuzz/corpus/etcdfile";
  for (const auto& entry : std::filesystem::directory_iterator(corpus)) {
    std::ifstream in(entry.path(), std::ios::binary);
    fuzz_image({std::istreambuf_iterator<char>(in), {}});
    ++files;
  }
  EXPECT_GT(files, 0u);
}

}  // namespace
}  // namespace keelson::etcdfile
