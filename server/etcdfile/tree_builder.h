// One bucket's tree, built bottom-up from elements in key order: one open leaf and one open branch
// a level. One owner. Memory: those pages, and the largest element twice.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "etcdfile/page_output.h"

namespace keelson::etcdfile {

class TreeBuilder {
 public:
  explicit TreeBuilder(PageOutput& out) : out_(out) {}

  // Keys strictly ascending as bytes, 1 to kKeyBytesMax bytes; else InvalidArgument, and nothing
  // was added. Other errors are those of the file.
  Status add(std::string_view key, std::string_view value, bool is_bucket = false);
  // Ends the tree and returns the bucket's value: a root page, or with `may_inline` the page itself
  // when bbolt would keep it inline (at most a quarter page, no buckets inside).
  Result<std::string> finish_bucket(bool may_inline);
  // The same for the root bucket, which is always a page: its id.
  Result<uint64_t> finish_root();

  uint64_t elements() const { return elements_; }

 private:
  struct Item {
    uint32_t flags;
    uint32_t key_bytes;
    uint32_t value_bytes;
  };
  struct Child {
    std::string key;  // the first one below it
    uint64_t page;
  };
  struct Level {
    std::vector<Child> children;
    uint64_t bytes = kPageHeaderBytes;
  };

  Status check(std::string_view key, std::string_view value) const;
  std::string leaf_elements() const;
  Status flush_leaf();
  Status add_child(size_t level, std::string key, uint64_t page);
  Status flush_branch(size_t level, size_t children);
  bool fits_inline() const;

  PageOutput& out_;
  uint64_t elements_ = 0;
  std::string last_key_;
  bool has_buckets_ = false;
  // The open leaf.
  std::vector<Item> items_;
  std::string data_;  // key, value, key, value
  std::vector<Level> levels_;
};

}  // namespace keelson::etcdfile
