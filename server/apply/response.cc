#include "apply/response.h"

#include "base/wire.h"

namespace keelson::apply {

void put_header(std::string& out, const HeaderFacts& facts, Revision revision) {
  char buffer[4 * (kVarintBytesMax + 1) + 2];
  char* p = buffer + 2;
  const auto field = [&p](char tag, uint64_t v) {
    if (v == 0) return;
    *p++ = tag;
    p = write_varint(p, v);
  };
  field(0x08, facts.cluster.value);
  field(0x10, facts.member.value);
  field(0x18, static_cast<uint64_t>(revision.value));
  field(0x20, facts.term.value);
  buffer[0] = 0x0a;
  buffer[1] = static_cast<char>(p - buffer - 2);  // below 128: four varints of ten bytes at most
  out.append(buffer, static_cast<size_t>(p - buffer));
}

void put_nested_header(std::string& out, Revision revision) {
  put_header(out, HeaderFacts{}, revision);
}

std::string header_only(const HeaderFacts& facts, Revision revision) {
  std::string out;
  put_header(out, facts, revision);
  return out;
}

}  // namespace keelson::apply
