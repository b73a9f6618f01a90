// Reads a bbolt file as somebody else wrote it, a damaged or hostile one included: every number is
// checked before it is used, and an error (DataLoss) names the file and the page. Sees the tree of
// the newest valid meta; free pages, the freelist and what lies behind the last page are not looked
// at. Files of etcd, with any page size from 1024 to 65536. Source: reference etcd-data.md 2.
//
// One owner, any thread; a reader and its cursors belong to one thread at a time. Memory: a window
// of 32 KiB (or the largest element), one element array a tree level, one bit a page for a PageSet.
// The file must not change while it is read: snapshots and files of a stopped member only.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "etcdfile/node_page.h"

namespace keelson::etcdfile {

// Where a bucket's content is: a page of its own, or an image inside the parent's page.
struct BucketRef {
  uint64_t root = 0;         // 0: inline
  uint64_t sequence = 0;     // etcd: 0
  uint64_t parent_page = 0;  // for error texts
  std::string inline_image;
};

class Cursor;

class BboltReader {
 public:
  static Result<std::unique_ptr<BboltReader>> open(io::FileSystem& fs, const std::string& path);

  const Meta& meta() const { return in_->meta(); }
  PageInput& input() { return *in_; }
  // For one walk: cursors that share it notice pages that two places claim.
  PageSet page_set() const { return PageSet(in_->pages()); }

  // The root bucket. Both cursors keep a reference to `reached` and to this reader.
  Result<Cursor> root(PageSet& reached);
  Result<Cursor> bucket(const BucketRef& ref, PageSet& reached);

 private:
  explicit BboltReader(std::unique_ptr<PageInput> in) : in_(std::move(in)) {}

  std::unique_ptr<PageInput> in_;
};

// Walks one bucket in key order.
class Cursor {
 public:
  struct Item {
    std::string_view key;  // both valid until the next call on any cursor of the reader
    std::string_view value;
    bool is_bucket = false;
    uint64_t page = 0;  // where it stands
  };
  // True: the next one is in `out`; false: there are no more. After an error, no further calls.
  Result<bool> next(Item& out);
  // Of an item that is a bucket.
  Result<BucketRef> bucket_of(const Item& item) const;

 private:
  friend class BboltReader;
  // Keys below a frame lie in [lower, upper).
  struct Frame {
    NodePage node;
    size_t next = 0;
    std::string lower;
    std::optional<std::string> upper;
  };
  Cursor(PageInput& in, PageSet& reached) : in_(&in), reached_(&reached) {}
  Status descend();
  Result<bool> take(Frame& frame, Item& out);
  // Copies bounds of the child in front of which `frame` stands.
  Status child_bounds(Frame& frame, std::string& lower, std::optional<std::string>& upper);

  PageInput* in_;
  PageSet* reached_;
  std::vector<Frame> stack_;
  std::optional<std::string> last_key_;
};

}  // namespace keelson::etcdfile
