// libFuzzer's entry; built with -DKEELSON_FUZZ=ON by clang. Seeds: corpus/etcdfile.
#include "fuzz/etcdfile_image.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  keelson::etcdfile::fuzz_image(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
