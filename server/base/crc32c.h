// CRC-32C (Castagnoli, reflected polynomial 0x82F63B78, start and final xor of all ones), as etcd
// and our own log use it. crc32c(0, "123456789") == 0xe3069283.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace keelson {

// `crc` is the result so far (0 to begin): the checksum continues over `data`.
uint32_t crc32c(uint32_t crc, std::string_view data);

// The same by one bit at a time: the slow twin for tests.
uint32_t crc32c_slow(uint32_t crc, std::string_view data);

}  // namespace keelson
