// One branch or leaf page, or the leaf that stands inline in a bucket's value, with every number in
// it checked. Keys and values stay in the file until they are asked for, so that a page costs its
// element array only (1 MiB at most). One owner.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "etcdfile/page_input.h"

namespace keelson::etcdfile {

struct Element {
  uint64_t at = 0;  // of the key, from the page's start; the value follows it
  uint32_t key_bytes = 0;
  uint32_t value_bytes = 0;
  bool is_bucket = false;
  uint64_t child = 0;  // of a branch
};

class NodePage {
 public:
  // Reads page `id`; `reached` learns of it and its overflow pages.
  static Result<NodePage> load(PageInput& in, uint64_t id, PageSet& reached);
  // A leaf inside a bucket's value, kept as a copy. `id` is the page it stands in, for errors.
  static Result<NodePage> load_inline(const PageInput& in, uint64_t id, std::string image);

  uint64_t id() const { return id_; }
  bool leaf() const { return leaf_; }
  const std::vector<Element>& elements() const { return elements_; }
  // Views into the input's window: valid until the next call on it.
  Result<std::string_view> key(PageInput& in, const Element& element) const;
  Result<std::string_view> key_and_value(PageInput& in, const Element& element) const;

 private:
  struct Shape {
    PageHeader header;
    uint64_t bytes = 0;  // of the page with its overflow
  };
  Status decode(const PageInput& in, const Shape& shape, std::string_view array);
  Result<std::string_view> bytes(PageInput& in, uint64_t at, uint64_t n) const;

  uint64_t id_ = 0;
  bool inline_ = false;
  bool leaf_ = false;
  std::string image_;  // when inline
  std::vector<Element> elements_;
};

}  // namespace keelson::etcdfile
